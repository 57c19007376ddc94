"""What a database can be restored to, from which backup, and which of its backups and log are kept. Pure: no clock, no
I/O. Docs: docs/adr/0025-backups.md.

The database's log is a line of segments. A promotion and a restore begin a new timeline, which has its parent's log up
to where it left it. An era is a time in which the database was one line: it ends when a restore puts other data in its
place (then a point in the era can only be reached on the era's own timeline), or when the log has a gap.
Times are seconds since 1970 (UTC); positions in the log are bytes.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

SEGMENT_BYTES = 16 * 1024**2
KEPT_BACKUPS = 7
BACKUP_EVERY_S = 86_400.0
BACKUP_EVERY_SEGMENTS = 64  # 1 GiB of log
LATE_S = 60.0
MOST_WAITING = 64  # segments that PostgreSQL keeps beside its data for an archive that takes none: 1 GiB


class Backup(Struct, frozen=True):
    """A copy of all of the data, taken while the database served. `system`: the number of the database it is of.
    `start`, `end`: between them its log makes it whole. `taken_at`: when it was complete. `by`: who asked for it."""

    name: str
    system: str
    timeline: int
    start: int
    end: int
    taken_at: float
    size_bytes: int
    release: int
    by: str


class Era(Struct, frozen=True):
    """A time of one line that ended at `until`, on `timeline` of `system`. `gap`: where in its log that breaks off, if
    it ended with that: what was copied before is good for nothing after it. `whole`: its log is there to the last."""

    until: float
    system: str
    timeline: int
    gap: int | None = None
    whole: bool = False


class Present(Struct, frozen=True):
    """The line that the database is on now. Its log is there to the last."""

    system: str
    timeline: int


class Line(Struct, frozen=True):
    """The log of one system that is there. `histories`: of each timeline but the first, those that it came from, each
    with the position at which it was left. `segments`: the names of the files in the archive; `live`: of those that are
    still beside the data."""

    histories: Mapping[int, Sequence[tuple[int, int]]]
    segments: frozenset[str] = frozenset()
    live: frozenset[str] = frozenset()


class Shelf(Struct, frozen=True):
    """All there is to restore from. `present`: `None` where there is no database. `lines`: by system."""

    backups: tuple[Backup, ...]
    eras: tuple[Era, ...]
    present: Present | None
    lines: Mapping[str, Line]


class Target(Struct, frozen=True):
    """Where a restore leads: from `backup` along `timeline` to `moment`; to the end of the log when that is `None`, and
    no further than the backup itself when `at_once`. `whole`: where the log ends before `moment`, that is all."""

    backup: Backup
    timeline: int
    moment: float | None = None
    at_once: bool = False
    whole: bool = False


class Range(Struct, frozen=True):
    """Times that can be restored to, both ends included."""

    begins: float
    ends: float


def ranges(shelf: Shelf, now: float) -> tuple[Range, ...]:
    """What can be restored to, the oldest first; what adjoins is one."""
    found: list[Range] = []
    after = float("-inf")
    for era in (*shelf.eras, *_present_era(shelf, now)):
        usable = [it for it in shelf.backups if _usable(it, era, shelf) and it.taken_at <= era.until]
        if usable:
            begins = max(after, min(it.taken_at for it in usable))
            if found and found[-1].ends >= begins:
                begins = found.pop().begins
            found.append(Range(begins, era.until))
        after = era.until
    return tuple(found)


def target_at(shelf: Shelf, moment: float, now: float) -> Target | None:
    """How the database is made again as it was at `moment`; `None` where it can't be."""
    era = next((it for it in (*shelf.eras, *_present_era(shelf, now)) if moment <= it.until), None)
    if era is None:
        return None
    usable = [it for it in shelf.backups if _usable(it, era, shelf) and it.taken_at <= moment]
    newest = max(usable, key=lambda it: it.taken_at, default=None)
    return Target(newest, era.timeline, moment, whole=era.whole) if newest else None


def target_last(shelf: Shelf, now: float) -> Target | None:
    """How the database is made again as it was last, as far as its log goes."""
    eras = _present_era(shelf, now) or shelf.eras[-1:]
    usable = [it for era in eras for it in shelf.backups if _usable(it, era, shelf)]
    newest = max(usable, key=lambda it: it.taken_at, default=None)
    return Target(newest, eras[0].timeline) if newest else None


def target_of(backup: Backup) -> Target:
    """The backup itself, as it was when it was taken."""
    return Target(backup, backup.timeline, at_once=True)


def missing_segment(target: Target, line: Line) -> str | None:
    """The first file of the log that a restore would need and that is not there, before the last one that is."""
    path = (*line.histories.get(target.timeline, ()), (target.timeline, None))
    known = {(timeline_of(it), number_of(it)) for it in line.segments | line.live}
    left = target.backup.start // SEGMENT_BYTES
    last = max((number for timeline, number in known if timeline == target.timeline), default=left)
    for timeline, end in path:
        ends = last + 1 if end is None else end // SEGMENT_BYTES
        for number in range(left, ends):
            if (timeline, number) not in known:
                return segment_name(timeline, number)
        left = max(left, ends)
    return None


# --- what is kept


def is_due(shelf: Shelf, now: float, *, begun: bool = False) -> bool:
    """Whether a backup is to be made by itself: backups were begun with, and the last is a day old, or its log long.
    `begun`: there are some of another major version."""
    last = max(shelf.backups, key=lambda it: it.taken_at, default=None)
    if shelf.present is None:
        return False
    if last is None:
        return begun
    if last.system != shelf.present.system or not 0 <= now - last.taken_at < BACKUP_EVERY_S:
        return True
    since = [it for it in _segments(shelf, last.system) if number_of(it) >= last.end // SEGMENT_BYTES]
    return len(since) >= BACKUP_EVERY_SEGMENTS


def expired_backups(shelf: Shelf) -> tuple[Backup, ...]:
    """Those beyond the newest seven."""
    return tuple(sorted(shelf.backups, key=lambda it: it.taken_at, reverse=True)[KEPT_BACKUPS:])


def expired_segments(shelf: Shelf, system: str) -> tuple[str, ...]:
    """The log of `system` that no backup of it needs: all before the oldest. Nothing where it has no backup."""
    starts = [it.start // SEGMENT_BYTES for it in shelf.backups if it.system == system]
    if not starts:
        return ()
    return tuple(sorted(it for it in _segments(shelf, system) if number_of(it) < min(starts)))


def expired_eras(shelf: Shelf) -> tuple[Era, ...]:
    """Those from before the oldest backup."""
    oldest = min((it.taken_at for it in shelf.backups), default=float("inf"))
    return tuple(it for it in shelf.eras if it.until < oldest)


# --- an archive that takes nothing


class Archiving(StrEnum):
    """How it goes. `LATE`: files wait, and PostgreSQL keeps them; `HOPELESS`: so many that it must not go on."""

    WELL = "well"
    LATE = "late"
    HOPELESS = "hopeless"


def judge_archiving(waiting: int, waited_s: float) -> Archiving:
    """`waiting`: how many files do, the first for `waited_s`."""
    if waiting >= MOST_WAITING:
        return Archiving.HOPELESS
    return Archiving.LATE if waiting and waited_s >= LATE_S else Archiving.WELL


def broken_off(shelf: Shelf, first_waiting: str, archived_at: Sequence[float]) -> Era | None:
    """The era that ends when the log is archived no longer, from the segment `first_waiting` on; `None` where there is
    no database. `archived_at`: when each file was. It ends with the last but one: until then the log is whole."""
    if shelf.present is None:
        return None
    own = [it.taken_at for it in shelf.backups if it.system == shelf.present.system]
    until = max((*own, *sorted(archived_at)[:-1]), default=0.0)
    gap = number_of(first_waiting) * SEGMENT_BYTES
    return Era(until, shelf.present.system, shelf.present.timeline, gap=gap)


# --- names and files of the log


def segment_name(timeline: int, number: int) -> str:
    return f"{timeline:08X}{number >> 8:08X}{number & 0xFF:08X}"


def is_segment(name: str) -> bool:
    return len(name) == 24 and all(it in "0123456789ABCDEF" for it in name)


def timeline_of(segment: str) -> int:
    return int(segment[:8], 16)


def number_of(segment: str) -> int:
    """Its place in the log, whatever its timeline."""
    return (int(segment[8:16], 16) << 8) + int(segment[16:], 16)


def position(text: str) -> int:
    """`2/1F000028` in bytes. Raises ValueError."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def parents(history: str) -> tuple[tuple[int, int], ...]:
    """What a timeline's history file says. Raises ValueError for what is none."""
    lines = [
        line.split(None, 2) for line in history.splitlines() if line.strip() and not line.startswith("#")
    ]
    return tuple((int(line[0]), position(line[1])) for line in lines if len(line) > 1)


def _present_era(shelf: Shelf, now: float) -> tuple[Era, ...]:
    """The line that goes on. A database that was begun anew has no backup yet: then the last one that has."""
    if shelf.present is None or not any(it.system == shelf.present.system for it in shelf.backups):
        last = max(shelf.backups, key=lambda it: it.taken_at, default=None)
        if last is None or any(it.until >= last.taken_at and it.system == last.system for it in shelf.eras):
            return ()
        known = {last.timeline, *(timeline_of(it) for it in _segments(shelf, last.system))}
        return (Era(now, last.system, max(known)),)
    return (Era(now, shelf.present.system, shelf.present.timeline, whole=True),)


def _segments(shelf: Shelf, system: str) -> frozenset[str]:
    line = shelf.lines.get(system)
    return line.segments if line else frozenset()


def _usable(backup: Backup, era: Era, shelf: Shelf) -> bool:
    """Whether the log leads from `backup` to the end of `era`."""
    return (
        backup.system == era.system
        and _leads(backup, era.timeline, shelf.lines.get(era.system))
        and not any(_is_cut(backup, it) for it in shelf.eras if it.until < era.until)
    )


def _leads(backup: Backup, timeline: int, line: Line | None) -> bool:
    """Every timeline's history has all the timelines that it came from."""
    if backup.timeline == timeline:
        return True
    history = line.histories.get(timeline, ()) if line else ()
    return any(parent == backup.timeline and backup.end <= left for parent, left in history)


def _is_cut(backup: Backup, era: Era) -> bool:
    return era.gap is not None and backup.system == era.system and backup.end <= era.gap
