"""Bounds the number of log files of processes that come and go."""

from pathlib import Path


def keep_newest(folder: Path, pattern: str, count: int) -> None:
    """Remove all but the `count` last written of the files in `folder` that `pattern` (a glob) matches."""
    logs = sorted(folder.glob(pattern), key=lambda it: it.stat().st_mtime)
    for old in logs[: max(0, len(logs) - count)]:
        old.unlink(missing_ok=True)
