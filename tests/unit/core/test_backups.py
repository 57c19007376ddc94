"""What can be restored to and what is kept, held against a world that remembers what the database was at any moment."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from evenly.core.backups import (
    BACKUP_EVERY_S,
    BACKUP_EVERY_SEGMENTS,
    KEPT_BACKUPS,
    SEGMENT_BYTES,
    Backup,
    Era,
    Line,
    Present,
    Range,
    Shelf,
    Target,
    expired_backups,
    expired_eras,
    expired_segments,
    is_due,
    is_segment,
    missing_segment,
    number_of,
    parents,
    position,
    ranges,
    segment_name,
    target_at,
    target_last,
    target_of,
    timeline_of,
)

SYSTEM = "7712340934080214954"


@dataclass
class World:
    """A database whose content is the moments at which it was written to. `logs`: of each timeline all its records from
    the first position on, as (position, moment)."""

    now: float = 0.0
    at: int = SEGMENT_BYTES
    timeline: int = 1
    logs: dict[int, list[tuple[int, float]]] = field(default_factory=lambda: {1: []})
    histories: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    backups: list[Backup] = field(default_factory=list)
    eras: list[Era] = field(default_factory=list)
    truth: list[tuple[float, tuple[float, ...]]] = field(default_factory=lambda: [(0.0, ())])

    def tick(self) -> None:
        self.now += 1.0

    def content(self) -> tuple[float, ...]:
        return tuple(moment for _, moment in self.logs[self.timeline])

    def remember(self) -> None:
        self.truth.append((self.now, self.content()))

    def write(self) -> None:
        self.at += SEGMENT_BYTES // 2
        self.logs[self.timeline].append((self.at, self.now))

    def back_up(self) -> None:
        start, self.at = self.at, self.at + SEGMENT_BYTES
        name = f"b{len(self.backups)}"
        self.backups.append(
            Backup(name, SYSTEM, self.timeline, start, self.at, self.now, len(self.content()), 1, "hand")
        )

    def promote(self, position: int | None = None, source: int | None = None) -> None:
        """A new timeline, from where `source` is at `position`."""
        source = self.timeline if source is None else source
        position = self.at if position is None else position
        new = max(self.logs) + 1
        self.logs[new] = [it for it in self.logs[source] if it[0] <= position]
        self.histories[new] = (*self.histories.get(source, ()), (source, position))
        self.timeline, self.at = new, max(self.at, position)

    def restore(self, moment: float) -> None:
        target = target_at(self.shelf(), moment, self.now)
        if target is None:
            return
        self.eras.append(Era(self.now, SYSTEM, self.timeline, whole=True))
        records = self.logs[target.timeline]
        until = max((at for at, when in records if when <= moment), default=target.backup.end)
        self.promote(max(until, target.backup.end), target.timeline)
        self.tick()

    def shelf(self) -> Shelf:
        line = Line(self.histories, frozenset())
        return Shelf(tuple(self.backups), tuple(self.eras), Present(SYSTEM, self.timeline), {SYSTEM: line})

    def replayed(self, target: Target) -> tuple[float, ...]:
        """What PostgreSQL makes of it. The backup has to be of the timeline's own past."""
        path = (*self.histories.get(target.timeline, ()), (target.timeline, None))
        left = dict(path)
        end = left[target.backup.timeline]  # KeyError: the log does not lead there
        assert end is None or target.backup.end <= end, "the backup is of what came after the fork"
        records = self.logs[target.timeline]
        assert target.moment is not None
        assert target.backup.taken_at <= target.moment
        return tuple(when for _, when in records if when <= target.moment)


STEP = st.one_of(
    st.sampled_from(["write", "write", "back_up", "promote"]),
    st.floats(0, 1, allow_nan=False).map(
        lambda it: round(it, 2)
    ),  # a restore to that part of the time that has passed
)


def lived(steps) -> World:
    world = World()
    for step in steps:
        world.tick()
        if isinstance(step, str):
            getattr(world, step)()
        else:
            world.restore(world.now * step)
        world.remember()
    world.tick()
    return world


@given(st.lists(STEP, max_size=25))
def test_a_moment_is_restored_to_what_the_database_was_then(steps):
    world = lived(steps)
    shelf = world.shelf()
    for moment, content in world.truth:
        target = target_at(shelf, moment, world.now)
        if target is not None:
            assert world.replayed(target) == content


@given(st.lists(STEP, max_size=25))
def test_exactly_what_is_in_a_range_can_be_restored_to(steps):
    world = lived(steps)
    shelf = world.shelf()
    found = ranges(shelf, world.now)
    for moment in (*(moment for moment, _ in world.truth), world.now, world.now + 1):
        inside = any(it.begins <= moment <= it.ends for it in found)
        assert inside == (target_at(shelf, moment, world.now) is not None), moment


@given(st.lists(STEP, max_size=25), st.integers(0, 3))
def test_what_can_be_restored_from_what_is_kept_needs_nothing_that_is_removed(steps, kept):
    world = lived(steps)
    last = world.at // SEGMENT_BYTES
    segments = frozenset(
        segment_name(timeline, number) for timeline in world.logs for number in range(1, last + 1)
    )
    shelf = replace(world.shelf(), lines={SYSTEM: Line(world.histories, segments)})
    shelf = replace(shelf, backups=shelf.backups[-kept:] if kept else ())
    removed = frozenset(expired_segments(shelf, SYSTEM))
    line = Line(world.histories, segments - removed)
    after = replace(shelf, lines={SYSTEM: line})
    for moment, _ in world.truth:
        target = target_at(after, moment, world.now)
        assert target == target_at(shelf, moment, world.now)
        if target is not None:
            assert missing_segment(target, line) is None
    if shelf.backups and removed:
        assert max(map(number_of, removed)) < min(it.start for it in shelf.backups) // SEGMENT_BYTES


@given(st.integers(1, 2**32 - 1), st.integers(0, 2**40 - 1))
def test_a_segment_s_name_says_where_it_is(timeline, number):
    name = segment_name(timeline, number)
    assert is_segment(name)
    assert (timeline_of(name), number_of(name)) == (timeline, number)


# --- single decisions


def backup(name="b", *, system=SYSTEM, timeline=1, start=3, end=3, at=10.0) -> Backup:
    """`start` and `end` in segments."""
    return Backup(name, system, timeline, start * SEGMENT_BYTES, end * SEGMENT_BYTES, at, 1, 1, "hand")


def shelf(*backups, eras=(), present=Present(SYSTEM, 1), lines=None) -> Shelf:  # noqa: B008  frozen
    return Shelf(backups, eras, present, lines if lines is not None else {SYSTEM: Line({})})


def test_without_a_backup_nothing_can_be_restored_to():
    assert ranges(shelf(), 100) == ()
    assert target_at(shelf(), 50, 100) is None
    assert target_last(shelf(), 100) is None


def test_what_comes_and_what_was_before_the_first_backup_can_t_be_restored_to():
    assert target_at(shelf(backup()), 9, 100) is None
    assert target_at(shelf(backup()), 101, 100) is None
    assert target_at(shelf(backup()), 10, 100) == Target(backup(), 1, 10, whole=True)


def test_a_backup_by_its_name_is_what_it_was_then():
    assert target_of(backup()) == Target(backup(), 1, at_once=True)


def test_a_gap_in_the_log_is_not_crossed():
    """Only by a backup that was made after it."""
    gap = Era(50, SYSTEM, 1, gap=9 * SEGMENT_BYTES)
    before, after = backup("before"), backup("after", start=12, end=12, at=70)
    found = shelf(before, after, eras=(gap,))
    assert ranges(found, 100) == (Range(10, 50), Range(70, 100))
    assert target_at(found, 60, 100) is None
    assert target_at(found, 40, 100) == Target(before, 1, 40)
    assert target_last(shelf(before, eras=(gap,)), 100) is None


def test_a_database_that_was_begun_anew_has_the_backups_of_the_one_before():
    """Somebody moved its data away: what was backed up can be restored all the same."""
    found = shelf(
        backup(), present=Present("99", 1), lines={SYSTEM: Line({}, frozenset({segment_name(2, 4)}))}
    )
    assert target_last(found, 100) == Target(backup(), 2) or target_last(found, 100) is None
    found = replace(
        found, lines={SYSTEM: Line({2: ((1, 4 * SEGMENT_BYTES),)}, frozenset({segment_name(2, 4)}))}
    )
    assert target_last(found, 100) == Target(backup(), 2)
    assert target_at(found, 50, 100) == Target(backup(), 2, 50)
    assert target_last(replace(found, present=None), 100) == Target(backup(), 2)


def test_what_another_database_was_here_meanwhile_is_not_restored_from_this_one():
    found = shelf(backup(), eras=(Era(50, "99", 1),))
    assert ranges(found, 100) == (Range(50, 100),)
    assert target_at(found, 30, 100) is None
    assert target_at(found, 60, 100) == Target(backup(), 1, 60, whole=True)


@pytest.mark.parametrize("gone", [4, 5])
def test_log_that_is_missing_before_the_end_is_named(gone):
    there = frozenset(segment_name(1, it) for it in range(3, 7) if it != gone)
    assert missing_segment(Target(backup(), 1), Line({}, there)) == segment_name(1, gone)


def test_log_that_waits_beside_the_data_is_not_missing():
    line = Line({}, frozenset({segment_name(1, 3), segment_name(1, 5)}), frozenset({segment_name(1, 4)}))
    assert missing_segment(Target(backup(), 1), line) is None


def test_the_log_of_a_line_of_timelines_is_of_each_up_to_its_fork():
    """The segment in which it was left is the new timeline's: that has a copy of what came before."""
    histories = {2: ((1, 5 * SEGMENT_BYTES + 100),)}
    there = frozenset({segment_name(1, 3), segment_name(1, 4), segment_name(2, 5), segment_name(2, 6)})
    assert missing_segment(Target(backup(), 2), Line(histories, there)) is None
    without = there - {segment_name(2, 5)}
    assert missing_segment(Target(backup(), 2), Line(histories, without)) == segment_name(2, 5)


def test_a_backup_is_due_by_its_age_and_by_its_log_once_there_is_one():
    assert not is_due(shelf(), 1e9)
    assert is_due(shelf(), 1e9, begun=True)  # with another major version
    assert not is_due(shelf(present=None), 1e9, begun=True)
    assert not is_due(shelf(backup()), 11, begun=True)
    assert not is_due(shelf(backup()), 10 + BACKUP_EVERY_S - 1)
    assert is_due(shelf(backup()), 10 + BACKUP_EVERY_S)
    assert is_due(shelf(backup(at=500)), 10)  # the clock was set back
    log = frozenset(segment_name(1, 3 + it) for it in range(BACKUP_EVERY_SEGMENTS))
    assert is_due(shelf(backup(), lines={SYSTEM: Line({}, log)}), 11)
    assert not is_due(shelf(backup(start=4, end=4), lines={SYSTEM: Line({}, log)}), 11)
    assert is_due(shelf(backup(), present=Present("99", 1)), 11)
    assert not is_due(shelf(backup(), present=None), 1e9)


def test_the_newest_backups_stay():
    all_of_them = [backup(f"b{it}", at=it) for it in range(KEPT_BACKUPS + 2)]
    assert [it.name for it in expired_backups(shelf(*all_of_them))] == ["b1", "b0"]


def test_of_a_system_without_a_backup_no_log_is_removed_and_eras_end_with_the_backups_before_them():
    line = Line({}, frozenset({segment_name(1, 1)}))
    assert expired_segments(shelf(lines={SYSTEM: line}), SYSTEM) == ()
    assert expired_segments(shelf(backup(), lines={SYSTEM: line}), SYSTEM) == (segment_name(1, 1),)
    old, new = Era(5, SYSTEM, 1), Era(15, SYSTEM, 1)
    assert expired_eras(shelf(backup(), eras=(old, new))) == (old,)


def test_positions_and_histories_are_read_as_postgresql_writes_them():
    assert position("2/1F000028") == 0x21F000028
    text = (
        "1\t0/9005A90\tbefore 2026-11-26 05:02:54.984296+00\n\n2\t0/B000000\tno recovery target specified\n"
    )
    assert parents(text) == ((1, 0x9005A90), (2, 0xB000000))
