"""The server as processes: how it is started and stopped, who still holds its data, and what an old one left.

A postmaster that was killed leaves children for a moment (each in a session of its own), and lock files that
name its pid. After a reboot that pid may be anybody's, and PostgreSQL would refuse to start for good.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
from msgspec import Struct

from evenly.errors import StateError
from evenly.local.postgres.server import Server
from evenly.local.privileges import Account

STOP_FAST = signal.SIGINT  # rolls back what is open, writes a checkpoint
STOP_AT_ONCE = signal.SIGQUIT  # no checkpoint: the next start replays the log
FREE_DEADLINE = 10.0  # seconds; measured: children are gone within about 1 s
_POLL = 0.02


class Command(Struct, frozen=True):
    """A program to start: in a session of its own, in folder `/`, its stderr to the log."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    account: Account | None


def command(server: Server) -> Command:
    """The postmaster itself, so that its pid is the one to supervise. It stays in the foreground."""
    argv = (
        str(server.binaries.postgres),
        "-D",
        str(server.data),
        "-c",
        f"config_file={server.configuration}",
    )
    return Command(argv, child_environment(server), server.account)


def child_environment(server: Server) -> dict[str, str]:
    """Nothing of the caller's: a PGDATA or PGOPTIONS of the user's own would change what we start."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "EVENLY_HOME": str(server.home)}


def holders(data: Path) -> tuple[int, ...]:
    """The pids of the processes that work in `data`: PostgreSQL's postmaster and its children all stay there."""
    place = str(data.resolve())
    return tuple(process.pid for process in psutil.process_iter() if _folder_of(process) == place)


async def make_way(
    server: Server, deadline: float = FREE_DEADLINE, now: Callable[[], float] = time.monotonic
) -> None:
    """Call before each start: waits until a killed server's children are gone, then removes what it left.

    Raises StateError when a postmaster still runs on the data, or children stay for `deadline` seconds.
    """
    until = now() + deadline
    while held := holders(server.data):
        if (pid := _recorded_pid(server.data)) in held:
            raise _runs_already(server.data, held[held.index(pid)])
        if now() > until:
            raise _still_held(server.data, held)
        await asyncio.sleep(_POLL)
    _remove_leftovers(server)


def _remove_leftovers(server: Server) -> None:
    """Safe only because nobody holds the data: the pid file is also what guards it from two servers."""
    for left in (server.data / "postmaster.pid", server.socket, server.socket_lock):
        left.unlink(missing_ok=True)


def _recorded_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text("ascii", errors="replace").splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def _folder_of(process: psutil.Process) -> str | None:
    try:
        return process.cwd()
    except (psutil.Error, OSError):
        return None


def _runs_already(data: Path, pid: int) -> StateError:
    return StateError(
        f"PostgreSQL runs on this data already, with pid {pid}.",
        where=str(data),
        try_=f"Stop it first: kill -INT {pid}",
    )


def _still_held(data: Path, held: tuple[int, ...]) -> StateError:
    return StateError(
        f"Processes of an earlier PostgreSQL are still at work on this data: {', '.join(map(str, held))}.",
        where=str(data),
        try_="Wait until they are gone, or end them with kill.",
    )
