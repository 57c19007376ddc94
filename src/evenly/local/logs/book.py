"""Reads an environment's logs: which there are, and their lines merged in time. What comes after: `following`.

Only reads. Lines are bytes of other programs: half ones, binary ones and ones without a time are all shown.
A line without a time of its own (a traceback's, say) belongs to the moment of the line before it.
"""

import contextlib
import heapq
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from evenly.errors import UsageError
from evenly.local.paths import Paths

BLOCK_BYTES = 64 * 1024
LONGEST_LINE_BYTES = 1024 * 1024  # a longer one is cut into pieces, for memory's sake
MOST_OLDER = 9  # more are never kept
APP = "app"
NAMED = ("supervisor", "balancer", "access", "database")

# JSON's "timestamp", "time" or "at"; PostgreSQL's and our own at the beginning of a line; Envoy's in brackets.
_TIME = re.compile(
    rb'(?:^\[?|"(?:timestamp|time|at)":\s?")(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:Z|\+00:00| UTC)?'
)
_PROCESS = re.compile(r"(?:(?P<name>.+)-[wj]|i)-[0-9a-f]{17}")


class Source(Struct, frozen=True):
    """One log file. `name` is what its lines are shown under: a part's name, an instance's id, or the name and the
    id of a worker's or a job's process. `about`: only lines that hold one of these; empty: all of them."""

    name: str
    path: Path
    about: tuple[bytes, ...] = ()

    def tells(self, raw: bytes) -> bool:
        """Whether the line is one to show."""
        return not self.about or any(word in raw for word in self.about)


class Line(Struct, frozen=True):
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
    folders = (paths.instance_logs, paths.worker_logs, paths.job_logs)
    found = [it for folder in folders for it in sorted(folder.glob("[!.]*.log"))]
    return (*parts, *(Source(it.stem, it) for it in found))


def wanted(names: Sequence[str], known: Iterable[str]) -> frozenset[str] | None:
    """The source names that `names` mean: parts, `app`, workers and jobs by name, ids of instances or unique
    beginnings of them. `None`: all sources. Raises UsageError for a name that means nothing, or more than one
    instance."""
    if not names:
        return None
    found = sorted({it for it in known if it not in NAMED})
    return frozenset(_meant(name, found) for name in names)


def is_wanted(source: str, chosen: frozenset[str] | None) -> bool:
    """Whether `source` is among the `chosen` ones of `wanted`."""
    return chosen is None or source in chosen or _group(source) in chosen


def lines_since(chosen: Iterable[Source], since: float) -> Iterator[Line]:
    """All lines that are not older than `since` (seconds since 1970), in time order, from the files that are there
    now. A line a source is held at a time, however much there is to read."""
    return heapq.merge(*(_forwards(source, since) for source in chosen), key=lambda it: it.at)


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


def _group(source: str) -> str:
    """The app, a worker or a job, whose process the source is."""
    found = _PROCESS.fullmatch(source)
    return (found["name"] or APP) if found else source


def _id(source: str) -> str:
    """The id of a worker's or a job's process, under whose name its log is."""
    found = _PROCESS.fullmatch(source)
    return source[len(found["name"]) + 1 :] if found and found["name"] else source


def _meant(name: str, instances: Sequence[str]) -> str:
    if name in NAMED or name == APP or name in instances or name in map(_group, instances):
        return name
    found = [it for it in instances if it.startswith((name, f"i-{name}")) or _id(it).startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{name} could be {', '.join(found[:5])}.", where="logs", try_="Write more of the instance's id."
        )
    raise UsageError(
        f"there are no logs of {name}.",
        where="logs",
        try_=f"Name {', '.join(NAMED)}, {APP}, a worker, a job or an instance's id, which evenly status shows.",
    )


def _last_of(source: Source, count: int | None, since: float | None) -> list[Line]:
    """The last lines of one log and, where that is not enough, of those before it (`NAME.1` and so on)."""
    found: list[bytes] = []
    own = 0  # how many of them belong to a line with a time, or will not be cut off
    for raw in filter(source.tells, lines_backwards(turned_over(source.path))):
        at = None if since is None else time_of(raw)
        if at is not None and since is not None and at < since:
            return _timed(source, reversed(found[:own]))
        if len(found) == count:
            break
        found.append(raw)
        own = own if at is None else len(found)
    return _timed(source, reversed(found))


def turned_over(path: Path) -> tuple[Path, ...]:
    """The log and the older ones of its name, the newest first."""
    older = (path.with_name(f"{path.name}.{number}") for number in range(1, MOST_OLDER + 1))
    return (path, *(it for it in older if it.exists()))


def _forwards(source: Source, since: float) -> Iterator[Line]:
    """The lines of one log from `since` on, the oldest file first."""
    at, begun = 0.0, False
    for file in _opened(turned_over(source.path)):
        with file:
            while raw := file.readline(LONGEST_LINE_BYTES):
                own = time_of(raw)
                at = max(own or at or os.fstat(file.fileno()).st_mtime, at)
                begun = begun or at >= since
                if begun and source.tells(raw):
                    yield line_of(source, raw.removesuffix(b"\n"), at, own is not None)


def _opened(newest_first: Sequence[Path]) -> list[BinaryIO]:
    """The files, the oldest first, each once: one that is renamed meanwhile is met under both names."""
    found: dict[tuple[int, int], BinaryIO] = {}
    for path in newest_first:
        with contextlib.suppress(OSError):
            file = path.open("rb")
            status = os.fstat(file.fileno())
            found.setdefault((status.st_dev, status.st_ino), file)
    return list(reversed(found.values()))


def _timed(source: Source, raws: Iterable[bytes]) -> list[Line]:
    held = [(raw, time_of(raw)) for raw in raws]
    at = next((time for _, time in held if time), _written_at(source.path))
    lines = []
    for raw, time in held:
        at = max(time or at, at)  # merging needs each file in order
        lines.append(line_of(source, raw, at, time is not None))
    return lines


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def line_of(source: Source, raw: bytes, at: float, timed: bool) -> Line:
    return Line(at, source.name, raw.rstrip(b"\r").decode(errors="replace"), timed)


def lines_backwards(files: Sequence[Path]) -> Iterator[bytes]:
    """The lines of these files, the newest of which is the first, from the last to the first."""
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
