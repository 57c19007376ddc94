"""What one supervisor stands on: the files it was started for, as typed values, and the means to act. Read once."""

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from evenly.core.secret import Secret
from evenly.core.topology import Topology, local_topology
from evenly.errors import StateError
from evenly.local.paths import Paths
from evenly.local.processes import Watches
from evenly.local.releases import release_secrets
from evenly.local.settings import Release, Settings, read_release, read_settings, timestamp_now
from evenly.local.supervisor.journal import Journal


class Ground(Struct, frozen=True):
    """What every concern of a supervisor may use."""

    paths: Paths
    settings: Settings
    release: Release
    topology: Topology
    secrets: Mapping[str, Secret]
    journal: Journal
    watches: Watches


def stand_on(paths: Paths) -> Ground:
    """The ground of the environment at `paths`. To be called inside a running event loop.

    Raises StateError when the environment was never started.
    """
    journal = Journal(paths.journal, timestamp_now)
    settings = read_settings(paths)
    if settings is None:
        raise StateError("this environment was never started", where=str(paths.home), try_="Run `evenly up`.")
    release = read_release(paths, settings.release)
    return Ground(
        paths=paths,
        settings=settings,
        release=release,
        topology=local_topology(release.manifest),
        secrets=release_secrets(paths, release),
        journal=journal,
        watches=Watches(asyncio.get_running_loop()),
    )
