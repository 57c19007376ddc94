"""Files of an image's source: how they are read, and those of Evenly's own package. Reads the folders that it is given,
and Evenly's own.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from msgspec import Struct

from evenly.aws.releasing.ignoring import FILE, Rule, is_left_out, rules
from evenly.errors import UsageError

PLAIN, PROGRAM = 0o644, 0o755
# What the reference web service, its launcher and its migrations import. Envoy, PostgreSQL and the commands stay out.
NEEDED = (
    "asyncpg",
    "cryptography",
    "granian",
    "msgspec",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-sdk",
    "structlog",
    "uvloop",
)


class File(Struct, frozen=True):
    content: bytes
    mode: int = PLAIN


def read_folder(folder: Path, said: Sequence[Rule]) -> dict[str, File]:
    """All but what is left out, by their paths. Raises UsageError for what can't be in an image."""
    return {path: read_file(place) for path, place in _walked(folder, said)}


def own_package() -> dict[str, File]:
    """This very Evenly."""
    package = Path(__file__).parents[2]
    return {f"{package.name}/{path}": it for path, it in read_folder(package, rules("")).items()}


def requirements() -> list[str]:
    """Of NEEDED, as Evenly's own metadata asks for them."""
    asked = {it.split(";")[0].strip() for it in metadata.requires("evenly") or () if "extra ==" not in it}
    return sorted(it for it in asked if _name(it) in NEEDED)


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return found[0].lower() if found else ""


def _walked(folder: Path, said: Sequence[Rule]) -> Iterator[tuple[str, Path]]:
    takes_back = any(not leaves_out for leaves_out, _ in said)
    for at, folders, names in os.walk(folder):
        here = Path(at)
        for name in (*folders, *names):
            _check_link(here / name, folder, said)
        pruned = rules("") if takes_back else said
        folders[:] = [it for it in folders if not is_left_out(_path(here / it, folder), pruned)]
        for name in names:
            path = _path(here / name, folder)
            if not is_left_out(path, said):
                yield path, here / name


def _path(place: Path, folder: Path) -> str:
    return place.relative_to(folder).as_posix()


def _check_link(place: Path, folder: Path, said: Sequence[Rule]) -> None:
    """A link to a file of the folder becomes a file. Raises UsageError for any other."""
    if not place.is_symlink() or is_left_out(_path(place, folder), said):
        return
    if not (place.is_file() and place.resolve().is_relative_to(folder.resolve())):
        raise UsageError(
            "it is a link to a folder, to nothing, or out of the app's folder: an image can't have it.",
            where=_path(place, folder),
            try_=f"Put what is meant there, or name the link in {FILE}.",
        )


def read_file(place: Path) -> File:
    try:
        is_program = place.stat().st_mode & stat.S_IXUSR
        return File(place.read_bytes(), PROGRAM if is_program else PLAIN)
    except OSError as error:
        what = f"it can't be read: {error.strerror}."
        raise UsageError(what, where=str(place.name), try_=f"Name it in {FILE}, or let it be read.") from None
