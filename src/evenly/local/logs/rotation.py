"""Which log files have grown too large, and what is then done to each. Pure: files and sizes in, actions out.

The balancer's access log is turned over: renamed to `NAME.1` (that to `NAME.2`, and so on), and opened anew by the
balancer. Every other log is written through a descriptor that was inherited, so it can't be renamed under its
writer: its older half is cut off in place. All of it together stays under 450 MiB: docs/logs.md.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

MEBIBYTE = 1024 * 1024


class LogFile(Struct, frozen=True):
    """One file as it is now. `written_at`: seconds since 1970; `running`: of a process that still runs."""

    path: Path
    size_bytes: int
    written_at: float
    running: bool = True


class Bounds(Struct, frozen=True):
    """How large one log may be, how many older ones of the access log are kept, and how much the logs of all
    instances, workers and jobs may add up to."""

    file_bytes: int = 10 * MEBIBYTE
    older: int = 4
    processes_bytes: int = 300 * MEBIBYTE


class TurnOver(Struct, frozen=True):
    """Rename `path` to `.1`, what has that name to `.2`, up to `older`; then have it opened anew."""

    path: Path
    older: int


class CutOff(Struct, frozen=True):
    """Keep the last `keep_bytes` of `path`, and cut off what is before."""

    path: Path
    keep_bytes: int


class Remove(Struct, frozen=True):
    """Nobody writes to it any more, and it is the oldest."""

    path: Path


Action: TypeAlias = TurnOver | CutOff | Remove


def decide(
    access: LogFile | None, parts: Iterable[LogFile], processes: Iterable[LogFile], bounds: Bounds
) -> tuple[Action, ...]:
    """What to do now. `parts`: the logs of balancer, database and supervisor; `processes`: those of everything
    that comes and goes."""
    known = tuple(processes)
    removed = tuple(_removed(known, bounds.processes_bytes))
    kept = tuple(it for it in known if it not in removed)
    share = min(bounds.file_bytes, bounds.processes_bytes // max(1, len(kept)))
    return (
        *(TurnOver(it.path, bounds.older) for it in (access,) if it and it.size_bytes > bounds.file_bytes),
        *_cut_off(parts, bounds.file_bytes),
        *_cut_off(
            kept, share if sum(it.size_bytes for it in kept) > bounds.processes_bytes else bounds.file_bytes
        ),
        *(Remove(it.path) for it in removed),
    )


def renames(path: Path, older: int, there: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """What is renamed to what, in this order, so that a crash in between loses nothing: up to the first free name."""
    taken = frozenset(there)
    names = [path, *(numbered(path, number) for number in range(1, older + 1))]
    free = next((n for n, name in enumerate(names[1:], 1) if name not in taken), older)
    for n in range(free, 0, -1):
        yield names[n - 1], names[n]


def numbered(path: Path, number: int) -> Path:
    """The name of the log that is `number` turns older than `path`."""
    return path.with_name(f"{path.name}.{number}")


def _cut_off(files: Iterable[LogFile], most: int) -> Iterator[CutOff]:
    return (CutOff(it.path, most // 2) for it in files if it.size_bytes > most)


def _removed(files: Iterable[LogFile], most: int) -> Iterator[LogFile]:
    """The oldest of those that ended, until the rest fits."""
    ordered = sorted(files, key=lambda it: it.written_at)
    over = sum(it.size_bytes for it in ordered) - most
    for it in ordered:
        if over > 0 and not it.running:
            over -= it.size_bytes
            yield it
