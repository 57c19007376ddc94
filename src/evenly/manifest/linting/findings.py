"""What a finding is, and the ones about folders. Reads folders only."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from msgspec import Struct


class Severity(StrEnum):
    ERROR = "error"  # it cannot work
    WARNING = "warning"  # it works, but hardly as meant


class Finding(Struct, frozen=True):
    """One thing that will not work, or hardly as meant. `path` is the dotted key it is about."""

    severity: Severity
    path: str
    what: str
    try_: str


def error(path: str, what: str, try_: str) -> Finding:
    """It cannot work."""
    return Finding(Severity.ERROR, path, what, try_)


def warning(path: str, what: str, try_: str) -> Finding:
    """It works, but hardly as meant."""
    return Finding(Severity.WARNING, path, what, try_)


def folder_findings(path: str, said: str, folder: Path) -> Iterator[Finding]:
    """What keeps the folder `said`, of the manifest in `folder`, from being used."""
    there = folder / said
    if not there.exists():
        yield error(path, f"the folder {said} does not exist.", "Make it, or name another.")
    elif not there.is_dir():
        yield error(path, f"{said} is a file, not a folder.", "Name the folder that it is in.")
    elif not there.resolve().is_relative_to(folder.resolve()):
        yield error(path, f"the folder {said} leads out of the project.", "Name a folder inside it.")
