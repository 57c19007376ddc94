"""The watchdog, seen from the supervisor: each starts the other again when it dies."""

import os
import sys
from pathlib import Path

from evenly.core.fleet import ProcessRef
from evenly.local import processes, watchdog
from evenly.local.paths import Paths
from evenly.local.processes import HOME_MARK, ROLE_MARK, Command
from evenly.local.supervisor.inheritance import inherited

WATCHDOG_ROLE = "watchdog"


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
