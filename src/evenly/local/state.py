"""State files: versioned JSON, written beside and renamed, never guessed at. Touches the files it is given.

A file that can't be read as what it should be is kept aside as `NAME.damaged-N` and reported. One rule for all of
them, whichever Evenly reads what another one wrote: what is new has a default, so that an older file is read as it is;
what an older Evenly would misread raises the version, which it refuses.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from evenly import __version__
from evenly.errors import StateError

T = TypeVar("T")


class _Versioned(msgspec.Struct, Generic[T], frozen=True):
    version: int
    data: T


class _Envelope(msgspec.Struct, frozen=True):
    """`by`: the version of the Evenly that wrote it; those up to 0.1.0 did not say."""

    version: int
    by: str | None = None


class DamagedError(StateError):
    """A state file could not be read; it was kept aside at `aside`."""

    def __init__(self, path: Path, aside: Path, why: str) -> None:
        super().__init__(
            f"this state file is damaged ({why})",
            where=str(path),
            try_=f"It was kept as {aside.name}. Run the command again to go on without it.",
        )
        self.aside = aside


def write(path: Path, data: object, version: int, mode: int = 0o600) -> None:
    """Replace `path` with `data` in one step, durably."""
    told = {"version": version, "by": __version__, "data": data}
    write_bytes(path, msgspec.json.format(msgspec.json.encode(told)), mode)


def write_bytes(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace `path` in one step: write beside, fsync, rename."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read(path: Path, kind: type[T], version: int) -> T | None:
    """What `path` holds, or `None` if there is no such file.

    Raises DamagedError when it holds something else, and StateError when a newer Evenly wrote it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = msgspec.json.decode(content, type=_Envelope)
        if found.version == version:
            return msgspec.json.decode(content, type=_Versioned[kind]).data  # type: ignore[valid-type]
    except msgspec.MsgspecError as error:
        raise DamagedError(path, keep_aside(path), str(error)) from error
    writer = f"Evenly {found.by}" if found.by else "the Evenly that wrote it"
    raise StateError(
        f"this state file has version {found.version}, and this Evenly ({__version__}) knows version {version}",
        where=str(path),
        try_=f"Use {writer}, or a newer one. Nothing was changed.",
    )


def is_of_another(path: Path) -> bool:
    """Whether another version of Evenly wrote this file; not where it is missing or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Envelope).by != __version__
    except (OSError, msgspec.MsgspecError):
        return False


def keep_aside(path: Path) -> Path:
    """Rename a damaged file to the next free `NAME.damaged-N`."""
    aside = next(
        candidate
        for number in range(1, 1_000_000)
        if not (candidate := path.with_name(f"{path.name}.damaged-{number}")).exists()
    )
    path.rename(aside)
    return aside


@contextlib.contextmanager
def lock(path: Path, refusal: StateError) -> Iterator[None]:
    """Hold `path` as a lock that ends with this process. Raises `refusal` if another process holds it."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal from None
        yield
    finally:
        os.close(descriptor)
