"""The journal: one JSON line for each thing the supervisor did or saw, in the order in which it happened."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

LARGEST_BYTES = 8 * 1024 * 1024


class Journal:
    """Appends to `path`, a line at once, so that a crash loses none that was written.

    A journal that has grown past 8 MiB is kept as `NAME.1`, in place of the last one.
    """

    def __init__(self, path: Path, now: Callable[[], str], largest_bytes: int = LARGEST_BYTES) -> None:
        self._path = path
        self._now = now
        self._largest_bytes = largest_bytes
        self._file = self._open()

    def write(self, action: str, **facts: str | int | float | None) -> None:
        """Write one line: `at` (RFC 3339), `action`, and the facts that are not `None`.

        A full disk loses lines, never the supervisor.
        """
        line = {"at": self._now(), "action": action} | {k: v for k, v in facts.items() if v is not None}
        with contextlib.suppress(OSError):
            self._turn_over_if_large()
            os.write(self._file, msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        os.close(self._file)

    def _turn_over_if_large(self) -> None:
        if os.fstat(self._file).st_size > self._largest_bytes:
            self._path.rename(self._path.with_name(f"{self._path.name}.1"))
            full, self._file = self._file, self._open()
            os.close(full)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
