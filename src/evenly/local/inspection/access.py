"""One request's line in the access log. Reads the end of the newest files."""

import os
from pathlib import Path

import msgspec

from evenly.local.logs.book import turned_over

LAST_BYTES = 2 * 1024 * 1024


class _Line(msgspec.Struct):
    request_id: str | None = None


def line_of(log: Path, request_id: str) -> str | None:
    """The line of that request, among the last 2 MiB of the log and of the one before it."""
    for path in turned_over(log)[:2]:
        for line in reversed(_last_lines(path)):
            if request_id.encode() in line and _is_of(line, request_id):
                return line.decode(errors="replace")
    return None


def _last_lines(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LAST_BYTES))
            return file.read().splitlines()
    except OSError:
        return []


def _is_of(line: bytes, request_id: str) -> bool:
    """The id itself, and not in a path or a name that a visitor chose."""
    try:
        return msgspec.json.decode(line, type=_Line).request_id == request_id
    except msgspec.MsgspecError:
        return False
