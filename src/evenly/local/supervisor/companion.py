"""The watchdog, seen from the supervisor: each starts the other again when it dies. And the sockets of both."""

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path

from evenly.core.fleet import ProcessRef
from evenly.local import processes, watchdog
from evenly.local.inheritance import inherited
from evenly.local.paths import Paths
from evenly.local.processes import HOME_MARK, ROLE_MARK, Command, Watches
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.sockets import hold_sockets

WATCHDOG_ROLE = "watchdog"
RETRY_S = 1.0


def companions(paths: Paths, watches: Watches, journal: Journal) -> Iterator[Coroutine[None, None, None]]:
    """What a supervisor can't do without, to be held for as long as it lives."""
    yield hold_watchdog(paths, watches, journal)
    yield hold_sockets(paths, journal)


async def hold_watchdog(paths: Paths, watches: Watches, journal: Journal) -> None:
    """See to it that a watchdog runs, as long as the environment is meant to be up."""
    own = processes.reference(os.getpid())
    while paths.wanted.exists():
        running = await asyncio.to_thread(running_watchdog, paths)
        if running is not None:
            await watches.end_of(running)
            continue
        try:
            started, child = processes.spawn(watchdog_command(paths, own))
        except OSError as error:  # no memory, no processes left: there may be later
            journal.write("no-watchdog", why=error.strerror)
            await asyncio.sleep(RETRY_S)
            continue
        journal.write("start-watchdog", pid=started.pid)
        await watches.end_of(started, child)


def watchdog_command(paths: Paths, supervisor: ProcessRef | None) -> Command:
    """A watchdog that adopts `supervisor`, or starts one. It passes its environment on to the supervisor."""
    pid, start = (supervisor.pid, supervisor.started.rpartition(":")[2]) if supervisor else (0, "none")
    return Command(
        argv=(
            sys.executable,
            "-I",
            "-S",
            str(Path(watchdog.__file__)),
            str(paths.home),
            sys.executable,
            str(pid),
            start,
        ),
        environment={**inherited(), **_python(), ROLE_MARK: WATCHDOG_ROLE, HOME_MARK: str(paths.home)},
        folder=paths.home,
        log=paths.logs / "supervisor.log",
    )


def running_watchdog(paths: Paths) -> ProcessRef | None:
    """The watchdog of this environment, if one runs; usually our own parent."""
    found = processes.mains(processes.find_marked(paths.home), WATCHDOG_ROLE)
    return found[0].process if found else None


def _python() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PYTHONPATH", "XDG_RUNTIME_DIR") if name in os.environ}
