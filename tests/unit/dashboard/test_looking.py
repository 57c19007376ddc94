"""What of a look is news: views, their pace, the order of events, and a clock that jumps."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from tests.dashboard_world import RUNS, healthy_status

from evenly.core.facts import Happening, ReleaseFact
from evenly.core.status import EnvironmentState, PartState, PartStatus
from evenly.core.traffic import Rates
from evenly.dashboard.looking import (
    DOWN,
    EVENTS,
    UNANSWERED,
    Pace,
    Question,
    Seen,
    Timeline,
    point_of,
    view_of,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GONE = PartStatus(PartState.DOWN, None)


def event(moment: datetime, place: int = 0) -> Happening:
    number = round(moment.timestamp() * 1000) * 1000 + place
    return Happening(number, moment.isoformat(), "launch", f"event {number}")


# --- views


def test_what_the_supervisor_tells_is_told_as_it_is() -> None:
    release = ReleaseFact(3, "2026-03-01T11:00:00.000Z")
    view = view_of(Seen(replace(healthy_status(), problem="a port is taken"), release=release), AT)
    assert (view.at, view.stale, view.problem, view.release) == (
        "2026-03-01T12:00:00.000Z",
        False,
        "a port is taken",
        release,
    )


@pytest.mark.parametrize("supervisor", [GONE, PartStatus(PartState.STARTING, 7)])
def test_without_an_answer_of_the_supervisor_it_is_stale(supervisor: PartStatus) -> None:
    status = replace(healthy_status(), supervisor=supervisor)
    view = view_of(Seen(status), AT)
    assert (view.status, view.stale, view.problem) == (status, True, UNANSWERED)


def test_an_environment_without_any_process_is_down() -> None:
    zones = tuple(replace(zone, instances=()) for zone in healthy_status().zones)
    nothing = {"state": EnvironmentState.DOWN, "balancer": GONE, "database": GONE, "supervisor": GONE}
    view = view_of(Seen(replace(healthy_status(), zones=zones, **nothing)), AT)  # type: ignore[arg-type]
    assert (view.status, view.stale, view.problem) == (None, False, DOWN)


def test_one_of_which_nothing_serves_but_something_runs_is_still_shown() -> None:
    status = replace(
        healthy_status(), state=EnvironmentState.DOWN, supervisor=GONE, database=None, balancer=RUNS
    )
    view = view_of(Seen(status), AT)
    assert view.status is not None and view.stale


def test_an_environment_that_is_gone_says_why() -> None:
    view = view_of(Seen(None, "There is no environment here."), AT)
    assert (view.status, view.problem) == (None, "There is no environment here.")


# --- pace


def test_the_same_view_is_told_again_after_two_seconds_only() -> None:
    pace, view = Pace(), view_of(Seen(healthy_status()), AT)
    later = [replace(view, at=f"{number}") for number in range(5)]
    assert [pace.is_due(it, at) for it, at in zip(later, (0.0, 0.25, 1.99, 2.0, 2.25), strict=True)] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_a_change_is_told_at_once_and_so_is_its_end() -> None:
    pace, whole = Pace(), view_of(Seen(healthy_status()), AT)
    broken = replace(whole, stale=True)
    assert [pace.is_due(it, 0.25 * number) for number, it in enumerate((whole, broken, broken, whole))] == [
        True,
        True,
        False,
        True,
    ]


# --- points


def test_a_point_without_rates_is_a_gap() -> None:
    gap = point_of(None, AT)
    assert (gap.requests_per_s, gap.errors_per_s, gap.p99_ms, gap.active) == (None, None, None, None)
    quiet = point_of(Rates(0.0, 0.0, None, None, None, 0.0, 4, 2), AT)
    assert (quiet.requests_per_s, quiet.p50_ms, quiet.active) == (0.0, None, 2)


# --- events


def test_each_event_is_news_once() -> None:
    timeline = Timeline()
    first, second = event(AT), event(AT, 1)
    assert timeline.question(AT, 10.0) == Question()
    assert timeline.news([first]) == (first,)
    assert timeline.question(AT, 10.25) == Question(after=first.number)
    assert timeline.news([first, second]) == (second,)
    assert timeline.news([]) == ()
    assert tuple(timeline.last) == (first, second)


def test_only_the_last_hundred_are_kept() -> None:
    timeline = Timeline()
    timeline.news([event(AT + timedelta(seconds=number)) for number in range(EVENTS + 30)])
    assert len(timeline.last) == EVENTS
    assert timeline.last[-1].at == (AT + timedelta(seconds=EVENTS + 29)).isoformat()


def test_a_clock_that_is_set_back_loses_and_repeats_no_event() -> None:
    timeline = Timeline()
    before = event(AT + timedelta(minutes=1))
    timeline.question(AT + timedelta(minutes=1), 100.0)
    timeline.news([before])
    back = AT - timedelta(hours=1)
    asked = timeline.question(back, 100.25)
    assert asked == Question(0, back - timedelta(seconds=0.25))
    after = event(back)
    assert timeline.news([after, before]) == (after,)
    assert timeline.question(back + timedelta(seconds=0.25), 100.5).after == after.number


def test_a_clock_that_is_trimmed_or_set_forward_changes_nothing() -> None:
    timeline = Timeline()
    timeline.question(AT, 100.0)
    timeline.news([event(AT)])
    number = event(AT).number
    assert timeline.question(AT - timedelta(seconds=0.5), 100.25) == Question(number)
    assert timeline.question(AT + timedelta(days=1), 100.5) == Question(number)
