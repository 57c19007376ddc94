"""The manifest of a base backup: each of its files with size and checksum, read and compared. Changes nothing.

PostgreSQL's own program for it, pg_verifybackup, does not run in every wheel: that of 18 in 0.6.0 ends with SIGSEGV.
"""

import hashlib
from pathlib import Path

import msgspec

from evenly.errors import TargetError

NAME = "backup_manifest"
UNLISTED = (NAME, "pg_wal/")  # the log is read by what it says itself
_LAST = b'"Manifest-Checksum"'


class File(msgspec.Struct, frozen=True):
    path: str = msgspec.field(name="Path", default="")
    encoded: str = msgspec.field(name="Encoded-Path", default="")
    size: int = msgspec.field(name="Size", default=0)
    algorithm: str = msgspec.field(name="Checksum-Algorithm", default="")
    checksum: str = msgspec.field(name="Checksum", default="")

    @property
    def place(self) -> str:
        return self.path or bytes.fromhex(self.encoded).decode("utf-8", errors="surrogateescape")


class Range(msgspec.Struct, frozen=True):
    timeline: int = msgspec.field(name="Timeline")
    start: str = msgspec.field(name="Start-LSN")
    end: str = msgspec.field(name="End-LSN")


class Manifest(msgspec.Struct, frozen=True):
    files: tuple[File, ...] = msgspec.field(name="Files")
    ranges: tuple[Range, ...] = msgspec.field(name="WAL-Ranges")
    checksum: str = msgspec.field(name="Manifest-Checksum")


def checked(data: Path) -> Manifest:
    """The manifest of the backup in `data`. Raises TargetError where a file is missing, added, or another one."""
    content = (data / NAME).read_bytes()
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise _wrong(data, f"its manifest can't be read ({error})") from None
    if hashlib.sha256(content[: content.rindex(_LAST)]).hexdigest() != manifest.checksum:
        raise _wrong(data, "its manifest was changed")
    for it in manifest.files:
        if (why := _difference(data / it.place, it)) is not None:
            raise _wrong(data, f"{it.place} {why}")
    if more := _there(data) - {it.place for it in manifest.files}:
        raise _wrong(data, f"{min(more)} is not in its manifest")
    return manifest


def _difference(file: Path, listed: File) -> str | None:
    if not file.is_file():
        return "is missing"
    if file.stat().st_size != listed.size:
        return "has another size"
    if listed.algorithm != "SHA256":
        return "has no checksum of SHA-256"
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    return None if found == listed.checksum else "has another content"


def _there(data: Path) -> set[str]:
    found = (str(it.relative_to(data)) for it in data.rglob("*") if it.is_file())
    return {it for it in found if not it.startswith(UNLISTED)}


def _wrong(data: Path, why: str) -> TargetError:
    return TargetError(
        f"the backup is damaged: {why}", where=str(data), try_="Use another one, or make a new one."
    )
