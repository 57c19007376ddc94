"""Has what runs taken up by a newer Evenly: its supervisor is replaced, and the new one renews the balancer."""

import signal

from evenly.core.topology import local_topology
from evenly.local import processes
from evenly.local.balancer import hot
from evenly.local.deploybook import read_book
from evenly.local.paths import Paths
from evenly.local.processes import DIGEST_MARK
from evenly.local.recorded import running_supervisor
from evenly.local.settings import Release, Settings
from evenly.local.stopping import wait_until
from evenly.local.supervisor.balancer import settings_of
from evenly.local.supervisor.record import read_record

WITHIN_S = 60.0


def renew(paths: Paths, settings: Settings, release: Release) -> bool:
    """See to it that the balancer runs with what it would be started with now, without a break; whether it did not. To
    be called while something holds the environment."""
    if read_book(paths).current:  # a deploy replaces the supervisor at its end
        return False
    needed = hot.digest(settings_of(paths, local_topology(release.manifest), settings))
    if not _runs_with_another(paths, needed):
        return False
    supervisor = running_supervisor(paths)
    if supervisor is not None:
        processes.send(supervisor, signal.SIGTERM)
    return wait_until(lambda: not _runs_with_another(paths, needed), WITHIN_S)


def _runs_with_another(paths: Paths, needed: str) -> bool:
    """The one that holds. One that was started without hot restart stays as it is until it is started anew."""
    record = read_record(paths)
    holds = record.balancer if record else None
    marks = (it.environment for it in processes.find_marked(paths.home) if it.process == holds)
    return any(it.get(DIGEST_MARK, needed) != needed for it in marks)
