"""`.env`, where this machine keeps the secrets: `NAME=value` lines, closed to everybody else. Reads that one file.

Nothing in it is evaluated. No error tells a value: it tells names and lines.
"""

import errno
import os
import stat
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from evenly.core.secret import Secret
from evenly.errors import StateError

if TYPE_CHECKING:
    from dotenv.parser import Original

NAME = ".env"
LARGEST_BYTES = 64 * 1024  # far below what every system takes as the environment of a process


class Line(Struct, frozen=True):
    """One `NAME=value`. `number`: of its line, from 1. `value` of `None`: there is no equals sign."""

    name: str
    number: int
    value: Secret | None


def read_secrets(file: Path, names: Iterable[str]) -> dict[str, Secret]:
    """The values of `names`; nothing is read where there are none. Raises StateError for whatever is not as it
    should be."""
    wanted = tuple(dict.fromkeys(names))
    return pick(file, read_lines(file, wanted), wanted) if wanted else {}


def pick(file: Path, lines: tuple[Line, ...], wanted: tuple[str, ...]) -> dict[str, Secret]:
    """The values of `wanted`, each from its one line. Raises StateError where there is none, or more than one."""
    _refuse_missing(file, [name for name in wanted if not any(it.name == name for it in lines)])
    return {name: _value(file, [it for it in lines if it.name == name]) for name in wanted}


def read_lines(file: Path, wanted: Iterable[str]) -> tuple[Line, ...]:
    """All lines of a file that is ours alone. `wanted`: the names to tell of when there is none."""
    from dotenv.parser import parse_stream

    found = [it for it in parse_stream(StringIO(_text(file, tuple(wanted)))) if it.key or it.error]
    for it in found:
        if it.error or it.key is None:
            raise StateError(
                f"line {_number(it.original)} is not NAME=value",
                where=str(file),
                try_="Correct it: a value with a quote, a # or a line break in it needs quotes around it.",
            )
    return tuple(
        Line(it.key, _number(it.original), None if it.value is None else Secret(it.value))
        for it in found
        if it.key
    )


def _number(original: "Original") -> int:
    """The parser counts the empty lines before a binding to it."""
    text = original.string
    before = text[: len(text) - len(text.lstrip())]
    return original.line + before.replace("\r\n", "\n").count("\n")


def _text(file: Path, wanted: tuple[str, ...]) -> str:
    content = _content(file, wanted)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StateError("is not UTF-8 text", where=str(file), try_="Save it as UTF-8.") from None
    if "\0" in text:
        raise StateError("holds a NUL character", where=str(file), try_="Save it as UTF-8 text.")
    return text


def _content(file: Path, wanted: tuple[str, ...]) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _not_opened(file, wanted, error) from None
    try:
        _refuse_open_to_others(file, os.fstat(descriptor))
        content = os.read(descriptor, LARGEST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > LARGEST_BYTES:
        raise StateError(
            f"is larger than {LARGEST_BYTES // 1024} KiB",
            where=str(file),
            try_="Keep secrets alone in it; a large one belongs into a file of its own, named by a variable.",
        )
    return content


def _not_opened(file: Path, wanted: tuple[str, ...], error: OSError) -> StateError:
    if error.errno == errno.ENOENT:
        return StateError(
            f"there is no such file, and the manifest takes {_told(wanted)} from it",
            where=str(file),
            try_=f"Write it, with a line such as {wanted[0]}=... for each. Then: chmod 600 {NAME}",
        )
    if error.errno == errno.ELOOP:
        return StateError(
            "is a symbolic link, and what it leads to can be changed by others",
            where=str(file),
            try_=f'Put the file itself there: cp --remove-destination "$(realpath {NAME})" {NAME}',
        )
    return StateError(f"can't be read: {error.strerror}", where=str(file), try_=f"chmod 600 {NAME}")


def _refuse_open_to_others(file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise StateError(
            "is not a file", where=str(file), try_="Put a file there, with a line NAME=value for each secret."
        )
    if found.st_uid != os.geteuid():
        raise StateError(
            "belongs to another user",
            where=str(file),
            try_=f"Make it yours: cp {NAME} {NAME}.mine, then rename.",
        )
    if mode := stat.S_IMODE(found.st_mode) & 0o077:
        what = "written" if mode & 0o022 else "read"
        raise StateError(f"can be {what} by other users", where=str(file), try_=f"chmod 600 {NAME}")


def _refuse_missing(file: Path, missing: list[str]) -> None:
    if missing:
        raise StateError(
            f"there is no line for {_told(missing)}",
            where=str(file),
            try_=f"Add a line such as {missing[0]}=... for each.",
        )


def _value(file: Path, lines: list[Line]) -> Secret:
    """The one line's value."""
    first, *others = lines
    if others:
        numbers = " and ".join(str(it.number) for it in lines)
        raise StateError(f"{first.name} stands on lines {numbers}", where=str(file), try_="Keep one of them.")
    if first.value is None or not first.value.reveal():
        raise StateError(
            f"line {first.number} has no value for {first.name}",
            where=str(file),
            try_="Write it after the equals sign, or take the name out of secrets in evenly.yaml.",
        )
    return first.value


def _told(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
