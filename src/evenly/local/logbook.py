"""Reads an environment's logs: which there are, their last lines merged in time, and what comes after.

Only reads. Lines are bytes of other programs: half ones, binary ones and ones without a time are all shown.
A line without a time of its own (a traceback's, say) belongs to the moment of the line before it.
"""

import heapq
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from evenly.errors import UsageError
from evenly.local.paths import Paths

BLOCK_BYTES = 64 * 1024
LONGEST_LINE_BYTES = 1024 * 1024  # a longer one is cut into pieces, for memory's sake
APP = "app"
NAMED = ("supervisor", "balancer", "access", "database")

# JSON's "timestamp", "time" or "at"; PostgreSQL's and our own at the beginning of a line; Envoy's in brackets.
_TIME = re.compile(
    rb'(?:^\[?|"(?:timestamp|time|at)":\s?")(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:Z|\+00:00| UTC)?'
)


@dataclass(frozen=True, slots=True)
class Source:
    """One log file. `name` is what its lines are shown under: an instance's id, or a part's name."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `at`: seconds since 1970, for the order. Not `timed`: it says no time of its own, and has that of
    the line before it, or, where no line has any, of the last writing to its file."""

    at: float
    source: str
    text: str
    timed: bool = True


def sources(paths: Paths) -> tuple[Source, ...]:
    """The logs that there can be, and those of all instances that there are."""
    parts = (
        Source("supervisor", paths.journal),
        Source("supervisor", paths.logs / "supervisor.log"),
        Source("balancer", paths.logs / "balancer.log"),
        Source("access", paths.logs / "access.log"),
        Source("database", paths.logs / "database.log"),
    )
    instances = sorted(paths.instance_logs.glob("i-*.log"))
    return (*parts, *(Source(it.stem, it) for it in instances))


def wanted(names: Sequence[str], known: Iterable[str]) -> frozenset[str] | None:
    """The source names that `names` mean: parts, `app`, ids of instances or unique beginnings of them. `None`:
    all sources. Raises UsageError for a name that means nothing, or more than one instance."""
    if not names:
        return None
    instances = sorted({it for it in known if it not in NAMED})
    return frozenset(_meant(name, instances) for name in names)


def is_wanted(source: str, chosen: frozenset[str] | None) -> bool:
    """Whether `source` is among the `chosen` ones of `wanted`."""
    return chosen is None or source in chosen or (APP in chosen and source not in NAMED)


def last_lines(chosen: Iterable[Source], count: int | None, since: float | None) -> list[Line]:
    """The last `count` lines over all sources together (`None`: all), not older than `since`, in time order."""
    each = [_last_of(source, count, since) for source in chosen]
    merged = list(heapq.merge(*each, key=lambda it: it.at))
    return merged if count is None else merged[max(0, len(merged) - count) :]


def time_of(line: bytes) -> float | None:
    """When a line was written, as it says itself (UTC); `None` if it doesn't."""
    found = _TIME.search(line[:4096])
    if not found:
        return None
    try:
        return datetime.fromisoformat(found[1].decode()).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


class Follower:
    """Gives what is written to logs after the moment of its making, whichever file comes, turns over or goes.

    A last line without an end is held back until it has one. `close` gives such lines up.
    """

    def __init__(self, chosen: Iterable[Source]) -> None:
        self._tails = {it: tail for it in chosen if (tail := _Tail.at_end(it)) is not None}

    def look(self, chosen: Iterable[Source]) -> list[Line]:
        """The new lines of these sources, in time order. A source not seen before is read from its beginning."""
        lines: list[Line] = []
        for source in chosen:
            if source not in self._tails and (tail := _Tail.at_beginning(source)) is not None:
                self._tails[source] = tail
            if source in self._tails:
                lines += self._tails[source].new_lines()
        return sorted(lines, key=lambda it: it.at)

    def close(self) -> list[Line]:
        """The held-back half lines. Closes the files."""
        return [line for tail in self._tails.values() for line in tail.close()]


class _Tail:
    """One file that is read as it grows."""

    def __init__(self, source: Source, file: BinaryIO) -> None:
        self._source = source
        self._file = file
        self._half = b""
        self._at = 0.0

    @classmethod
    def at_beginning(cls, source: Source) -> "_Tail | None":
        try:
            return cls(source, source.path.open("rb"))
        except OSError:
            return None

    @classmethod
    def at_end(cls, source: Source) -> "_Tail | None":
        tail = cls.at_beginning(source)
        if tail is not None:
            tail._file.seek(0, os.SEEK_END)
        return tail

    def new_lines(self) -> list[Line]:
        if self._file.tell() > os.fstat(self._file.fileno()).st_size:  # it was cut off
            self._file.seek(0)
            self._half = b""
        lines = self._read()
        if self._is_turned_over():
            lines += self._half_line()
            self._file.close()
            self._file = self._source.path.open("rb")
            lines += self._read()
        return lines

    def close(self) -> list[Line]:
        lines = self._half_line()
        self._file.close()
        return lines

    def _read(self) -> list[Line]:
        *whole, self._half = (self._half + self._file.read()).split(b"\n")
        if len(self._half) > LONGEST_LINE_BYTES:
            whole, self._half = [*whole, self._half], b""
        return [self._line(raw) for raw in whole]

    def _half_line(self) -> list[Line]:
        half, self._half = self._half, b""
        return [self._line(half)] if half else []

    def _line(self, raw: bytes) -> Line:
        own = time_of(raw)
        self._at = own or self._at or os.fstat(self._file.fileno()).st_mtime
        return _line(self._source, raw, self._at, own is not None)

    def _is_turned_over(self) -> bool:
        """Another file has the name now. One without the name any more is read on."""
        try:
            named = self._source.path.stat()
        except OSError:
            return False
        held = os.fstat(self._file.fileno())
        return (named.st_dev, named.st_ino) != (held.st_dev, held.st_ino)


def _meant(name: str, instances: Sequence[str]) -> str:
    if name in NAMED or name == APP or name in instances:
        return name
    found = [it for it in instances if it.startswith((name, f"i-{name}"))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{name} could be {', '.join(found[:5])}.", where="logs", try_="Write more of the instance's id."
        )
    raise UsageError(
        f"there are no logs of {name}.",
        where="logs",
        try_=f"Name {', '.join(NAMED)}, {APP} or an instance's id, which evenly status shows.",
    )


def _last_of(source: Source, count: int | None, since: float | None) -> list[Line]:
    """The last lines of one log and, where that is not enough, of the one before it (`NAME.1`)."""
    found: list[bytes] = []
    own = 0  # how many of them belong to a line with a time, or will not be cut off
    for raw in _backwards((source.path, source.path.with_name(f"{source.path.name}.1"))):
        at = None if since is None else time_of(raw)
        if at is not None and since is not None and at < since:
            return _timed(source, reversed(found[:own]))
        if len(found) == count:
            break
        found.append(raw)
        own = own if at is None else len(found)
    return _timed(source, reversed(found))


def _timed(source: Source, raws: Iterable[bytes]) -> list[Line]:
    held = [(raw, time_of(raw)) for raw in raws]
    at = next((time for _, time in held if time), _written_at(source.path))
    lines = []
    for raw, time in held:
        at = max(time or at, at)  # merging needs each file in order
        lines.append(_line(source, raw, at, time is not None))
    return lines


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _line(source: Source, raw: bytes, at: float, timed: bool) -> Line:
    return Line(at, source.name, raw.rstrip(b"\r").decode(errors="replace"), timed)


def _backwards(files: Sequence[Path]) -> Iterator[bytes]:
    for path in files:
        try:
            with path.open("rb") as file:
                yield from _lines_backwards(file)
        except OSError:
            continue


def _lines_backwards(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file from its last to its first, a block at a time."""
    position = _end_of_last_line(file)
    if position is None:
        return
    rest = b""
    while position > 0:
        step = min(BLOCK_BYTES, position)
        position -= step
        file.seek(position)
        rest, *whole = (file.read(step) + rest).split(b"\n")
        yield from reversed(whole)
        if len(rest) > LONGEST_LINE_BYTES and position > 0:
            yield rest
            rest = b""
    yield rest


def _end_of_last_line(file: BinaryIO) -> int | None:
    """Where the last line ends, its line feed left out; `None` in an empty file."""
    length = file.seek(0, os.SEEK_END)
    if length == 0:
        return None
    file.seek(length - 1)
    return length - 1 if file.read(1) == b"\n" else length
