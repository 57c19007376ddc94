"""What environments whose folder is gone have left on this machine: found, and removed on request.

Data is only ever reported. Processes are ours if they carry EVENLY_HOME and EVENLY_ROLE; those of an environment
whose folder is there are not touched. A runtime folder is left over if its name and owner are ours, no process
that we see uses it, and nobody answers at any of its sockets.
"""

import contextlib
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from msgspec import Struct

from evenly.core.fleet import ProcessRef
from evenly.local import processes
from evenly.local.paths import Paths, environment_key
from evenly.local.postgres.binaries import ROOT_DATA
from evenly.local.postgres.server import HOME_NAME
from evenly.local.processes import HOME_MARK, ROLE_MARK
from evenly.local.settings import runtime_root

YOUNGEST_S = 60.0  # a runtime folder without processes may be one that an `up` has just made
STOP_S = 5.0
POLL_S = 0.02


class LeftOver(Struct, frozen=True):
    """One thing that is left over: processes and folders to remove, or (neither) something to do `by_hand`."""

    what: str
    processes: tuple[ProcessRef, ...] = ()
    folder: Path | None = None
    by_hand: str = ""

    @property
    def cleanable(self) -> bool:
        return bool(self.processes) or self.folder is not None


class Owned(Struct, frozen=True):
    """A process that carries the mark of the environment in `home`."""

    home: Path
    role: str
    process: ProcessRef


def left_overs(
    root: Path | None = None, data: Path = ROOT_DATA, wall_clock: float | None = None
) -> tuple[LeftOver, ...]:
    """All that is left over. `root`: where runtime folders are; `data`: where root's databases are."""
    owned = owned_processes()
    root = runtime_root() if root is None else root
    now = time.time() if wall_clock is None else wall_clock
    return (*vanished(owned), *idle_folders(root, os.geteuid(), owned, now), *orphaned_data(data))


def owned_processes() -> tuple[Owned, ...]:
    """Every process of this user's (for root: of anybody's) that any environment started."""
    found: list[Owned] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environment = process.environ()
            home = environment.get(HOME_MARK)
            known = processes.reference(process.pid) if home and ROLE_MARK in environment else None
            if home and known and known.pid != os.getpid():
                found.append(Owned(Path(home), environment[ROLE_MARK], known))
    return tuple(found)


def vanished(owned: Iterable[Owned]) -> list[LeftOver]:
    """The processes of environments whose folder is gone."""
    by_home: dict[Path, list[Owned]] = {}
    for it in owned:
        if it.home.is_absolute() and not it.home.exists():
            by_home.setdefault(it.home, []).append(it)
    return [_vanished(home, them) for home, them in by_home.items()]


def _vanished(home: Path, them: list[Owned]) -> LeftOver:
    roles = ", ".join(sorted({it.role for it in them}))
    pids = ", ".join(str(it.process.pid) for it in them)
    what = f"processes of {home.parent.parent}, which is gone: {roles} (pids {pids})"
    return LeftOver(what, processes=tuple(it.process for it in them))


def idle_folders(root: Path, uid: int, owned: Iterable[Owned], now: float) -> list[LeftOver]:
    """Runtime folders of this user's that no process uses, for a minute at least. `now`: wall clock."""
    used = {f"evenly-{uid}-{environment_key(it.home)}" for it in owned if it.home.exists()}
    return [
        LeftOver(f"the sockets of an environment that does not run: {folder}", folder=folder)
        for folder in sorted(root.glob(f"evenly-{uid}-*"))
        if folder.name not in used and _is_idle(folder, uid, now)
    ]


def _is_idle(folder: Path, uid: int, now: float) -> bool:
    with contextlib.suppress(OSError):
        found = folder.lstat()
        ours = folder.is_dir() and not folder.is_symlink() and found.st_uid == uid
        return ours and now - found.st_mtime > YOUNGEST_S and not _answers(folder)
    return False


def _answers(folder: Path) -> bool:
    """Whether somebody listens at a socket in `folder`: perhaps in a container, whose processes we do not see."""
    return any(_connects(it) for it in folder.rglob("*") if it.is_socket())


def _connects(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(str(path))
    except OSError:
        return False
    return True


def orphaned_data(data: Path) -> list[LeftOver]:
    """Databases that root keeps outside of their environment, where that is gone."""
    found: list[LeftOver] = []
    with contextlib.suppress(OSError):
        for folder in sorted(data.iterdir()):
            home = _home_of(folder)
            if home is not None and not home.exists() and (folder / "database").is_dir():
                what = f"the database of {home.parent.parent}, which is gone: {folder}"
                found.append(LeftOver(what, by_hand=f"If nobody needs it any more: rm -r {folder}"))
    return found


def _home_of(folder: Path) -> Path | None:
    try:
        return Path(os.fsdecode((folder / HOME_NAME).read_bytes()))
    except OSError:
        return None


def damaged_files(paths: Paths) -> tuple[Path, ...]:
    """State files that could not be read, and were kept aside."""
    return tuple(sorted(paths.home.glob("**/*.damaged-*"))) if paths.home.is_dir() else ()


def clean(found: Iterable[LeftOver]) -> None:
    """Remove what can be: end the processes, SIGTERM first, then remove the folders."""
    held = list(found)
    _end([process for it in held for process in it.processes])
    for it in held:
        if it.folder is not None:
            shutil.rmtree(it.folder, ignore_errors=True)


def _end(found: list[ProcessRef]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in found:
            processes.send(process, number, group=False)
        until = time.monotonic() + STOP_S
        while any(processes.is_alive(it) for it in found) and time.monotonic() < until:
            time.sleep(POLL_S)
