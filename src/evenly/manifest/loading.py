"""From a file to a `Manifest`. Reads the file, and nothing else."""

import stat
from pathlib import Path
from typing import NoReturn

from evenly.manifest.names import name_from_folder
from evenly.manifest.parsing import parse
from evenly.manifest.problems import ManifestError, Problem
from evenly.manifest.types import Manifest

FILE_NAME = "evenly.yaml"
MAX_BYTES = 1024 * 1024

_OTHER_NAMES = ("evenly.yml", "evenly.json", "Evenly.yaml")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def default_manifest(folder: Path) -> Manifest:
    """The manifest of a folder without one: every default, and a name made from the folder's."""
    return Manifest(name=name_from_folder(folder.resolve().name))


def load(path: Path | None) -> Manifest:
    """The manifest in the file `path` (`None`: `evenly.yaml` in the current folder).

    A missing `evenly.yaml` is the default manifest. Raises `ManifestError`.
    """
    file = path or Path(FILE_NAME)
    if not file.is_symlink() and not file.exists():
        return _without(file)
    return parse_bytes(_read(file), str(file), file.absolute().parent)


def parse_bytes(data: bytes, source: str, folder: Path) -> Manifest:
    """The manifest in the bytes of a file. Raises `ManifestError`."""
    if len(data) > MAX_BYTES:
        _fail(source, "the file is larger than 1 MiB.", "Keep only what the manifest needs.")
    return parse(_text(data, source), source, folder)


def _without(file: Path) -> Manifest:
    other = next((file.with_name(name) for name in _OTHER_NAMES if file.with_name(name).exists()), None)
    if file.name != FILE_NAME or not file.parent.is_dir():
        _fail(str(file), "there is no such file.", "Check the path, or make a manifest with: evenly init")
    if other is not None:
        _fail(
            str(other),
            f"the manifest has to be named {FILE_NAME}.",
            f"Rename it: mv {other.name} {FILE_NAME}",
        )
    return default_manifest(file.parent)


def _read(file: Path) -> bytes:
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            _fail(str(file), "is a folder, where a file belongs.", "Move it away, or name another file.")
        if not stat.S_ISREG(mode):
            _fail(str(file), "is not a plain file.", "Name a file with the manifest's text.")
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        _fail(str(file), f"cannot be read: {reason}.", "Check the file and its permissions.")


def _text(data: bytes, source: str) -> str:
    if data.startswith(_UTF16):
        _fail(source, "the file is UTF-16 text.", "Save it as UTF-8.", line=1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _fail(source, "this line holds bytes that are not UTF-8.", "Save the file as UTF-8.", line=line)


def _fail(source: str, what: str, try_: str, line: int | None = None) -> NoReturn:
    raise ManifestError(source, [Problem("", line, 1, None, what, try_)])
