"""Keeps the environment's logs within their bounds: looks every few seconds, and does what `rotation` decides."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import assert_never

from msgspec.structs import replace

from evenly.local.balancer.admin import AdminClient, AdminError
from evenly.local.logs.cutting import cut_off
from evenly.local.logs.rotation import (
    Action,
    Bounds,
    CutOff,
    LogFile,
    Remove,
    TurnOver,
    decide,
    numbered,
    renames,
)
from evenly.local.paths import Paths

LOOK_S = 5.0


class LogKeeping:
    """Of one environment. `running`: the ids of instances and workers whose logs are still written to."""

    def __init__(
        self, paths: Paths, running: Callable[[], frozenset[str]], bounds: Bounds | None = None
    ) -> None:
        self._paths = paths
        self._access = paths.logs / "access.log"
        self._running = running
        self._bounds = bounds or Bounds()
        self._admin = AdminClient(paths.admin_socket)

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self.look, self._running())
            await asyncio.sleep(LOOK_S)

    def look(self, running: frozenset[str]) -> None:
        """Look once. What can't be done now (a full disk, a file that went) is tried again at the next look. Folders
        that were deleted are made again: nothing is started without a log."""
        for folder in (self._paths.logs, self._paths.instance_logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        parts = [it for it in _logs(self._paths.logs, "*.log") if it.path != self._access]
        found = [it for folder in _folders(self._paths) for it in _logs(folder, "*.log*")]
        processes = [replace(it, running=any(id in it.path.name for id in running)) for it in found]
        for action in decide(_log(self._access), parts, processes, self._bounds):
            with contextlib.suppress(OSError):
                self._do(action)
        self._reopen_if_turned()

    def _do(self, action: Action) -> None:
        match action:
            case TurnOver(path, older):
                there = [it for n in range(1, older + 1) if (it := numbered(path, n)).exists()]
                for old, new in renames(path, older, there):
                    old.rename(new)
            case CutOff(path, keep_bytes):
                cut_off(path, keep_bytes)
            case Remove(path):
                path.unlink()
            case _:
                assert_never(action)

    def _reopen_if_turned(self) -> None:
        """Asked until the file is there again: the balancer may have been away, or we killed in between."""
        if not self._access.exists() and numbered(self._access, 1).exists():
            with contextlib.suppress(AdminError):
                self._admin.reopen_logs()


def _folders(paths: Paths) -> tuple[Path, ...]:
    return (paths.instance_logs, paths.worker_logs, paths.job_logs)


def _logs(folder: Path, pattern: str) -> Iterator[LogFile]:
    return (it for path in sorted(folder.glob(pattern)) if (it := _log(path)) is not None)


def _log(path: Path) -> LogFile | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return LogFile(path, found.st_size, found.st_mtime)
