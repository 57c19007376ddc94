"""Keeps results: JSON beside its HTML, in `.evenly/reports`, the newest 50 of all kinds. Touches that folder only.

The name is the time and the kind, so that names sort as times do: `20260301T120000.000Z-verify.json`.
"""

import contextlib
import os
import re
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

Kind = Literal["verify", "drill", "load"]
MOST = 50
INDEX = "index.html"
VERSION = 1
_NAME = re.compile(r"(\d{8}T\d{6}\.\d{3}Z)-(verify|drill|load)\.json")
_IGNORE = "# What Evenly keeps: not for version control.\n*\n"


class Kept(Struct, frozen=True):
    """One kept result. `at`: RFC 3339, UTC; `data`: its JSON; `page`: its HTML, which may be missing."""

    kind: str
    at: str
    data: Path
    page: Path


def reports_folder(project: Path) -> Path:
    return project / ".evenly" / "reports"


def keep(folder: Path, kind: Kind, result: object, page: str | None, at: datetime) -> Kept:
    """Write `result` (a dataclass) and its page, and remove what is too old. `at`: aware. Raises OSError."""
    _make(folder)
    found = _free(folder, kind, at)
    text = msgspec.json.format(msgspec.json.encode({"kind": kind, "version": VERSION, "result": result}))
    if page is not None:
        _write(found.page, page.encode())
    _write(found.data, text)
    for old in kept(folder)[MOST:]:
        for path in (old.data, old.page, old.data.with_suffix(".log")):
            path.unlink(missing_ok=True)
    return found


def keep_page(found: Kept, page: str) -> None:
    """The page of what was kept before. Raises OSError."""
    _write(found.page, page.encode())


def keep_index(folder: Path, page: str) -> Path:
    """The list of all that is kept, as a page beside them. Raises OSError."""
    _write(folder / INDEX, page.encode())
    return folder / INDEX


def keep_traceback(folder: Path, error: BaseException, at: datetime) -> str:
    """Add what only its author can use to the log of the run that began `at`; where it is, as a sentence."""
    told = "".join(traceback.format_exception(error))
    try:
        _make(folder)
        log = folder / f"{_stamp(at)}-verify.log"
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(told)
    except OSError as reason:
        return f"Its details could not be kept: {reason.strerror}."
    return f"The details are in {log}."


def kept(folder: Path) -> tuple[Kept, ...]:
    """What is kept, the newest first."""
    names = sorted((it.name for it in folder.glob("*.json")), reverse=True)
    return tuple(_named(folder, found[1], found[2]) for it in names if (found := _NAME.fullmatch(it)))


def page_of(folder: Path, kind: Kind, started_at: str) -> str | None:
    """The name of the page of the last run of that kind, if it is one that began at `started_at` (RFC 3339, UTC) or
    later."""
    last = next((it for it in kept(folder) if it.kind == kind), None)
    return last.page.name if last and last.at >= started_at else None


def _make(folder: Path) -> None:
    for each in (folder.parent, folder):
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError), (folder.parent / ".gitignore").open("x") as ignore:
        ignore.write(_IGNORE)


def _free(folder: Path, kind: Kind, at: datetime) -> Kept:
    while True:
        found = _named(folder, _stamp(at), kind)
        if not found.data.exists():
            return found
        at += timedelta(milliseconds=1)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%f}"[:-3] + "Z"


def _named(folder: Path, stamp: str, kind: str) -> Kept:
    at = datetime.strptime(stamp, "%Y%m%dT%H%M%S.%fZ").isoformat(timespec="milliseconds") + "Z"
    return Kept(kind, at, folder / f"{stamp}-{kind}.json", folder / f"{stamp}-{kind}.html")


def _write(path: Path, content: bytes) -> None:
    """Written beside and renamed: a report is there whole, or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.chmod(0o600)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
