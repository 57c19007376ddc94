"""A drill that was asked for on the page, from its order to its end."""

import pytest
from msgspec.structs import replace
from tests import report_data as data
from tests.dashboard_world import healthy_status

from evenly.core.status import EnvironmentState
from evenly.dashboard.course import (
    BROKEN_OFF,
    LINES,
    LOST,
    Course,
    Order,
    State,
    begun,
    ended,
    order_of,
    refuse_unless_possible,
    stopping,
    told,
)
from evenly.errors import StateError
from evenly.verify.drillresult import Drills, DrillVerdict, Kind

ZONE = Order(Kind.ZONE, 200.0)
RUNNING = begun(ZONE)


def drills(verdict: DrillVerdict) -> Drills:
    return data.drills(replace(data.failed_drill(), verdict=verdict))


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ({"kind": "zone", "rate": 200}, ZONE),
        ({"kind": "zone"}, ZONE),
        ({"kind": "zone-return", "rate": 1.5}, Order(Kind.ZONE_RETURN, 1.5)),
        ({"kind": "all"}, None),
        ({"kind": "zone; rm -rf"}, None),
        ({"kind": ["zone"]}, None),
        ({"kind": None}, None),
        ({"kind": "zone", "rate": 0}, None),
        ({"kind": "zone", "rate": -1}, None),
        ({"kind": "zone", "rate": 100_001}, None),
        ({"kind": "zone", "rate": True}, None),
        ({"kind": "zone", "rate": "200"}, None),
        ({"kind": "zone", "rate": float("nan")}, None),
        ({"kind": "zone", "restore": True}, None),
        ({}, None),
        ([], None),
        ("zone", None),
        (None, None),
    ],
)
def test_only_an_order_is_one(asked: object, order: Order | None) -> None:
    assert order_of(asked) == order


def test_a_healthy_environment_may_be_drilled() -> None:
    refuse_unless_possible(Course(), ZONE, healthy_status(), production=False)
    refuse_unless_possible(Course(State.DONE), ZONE, healthy_status(), production=False)


@pytest.mark.parametrize("course", [RUNNING, stopping(RUNNING)])
def test_one_at_a_time(course: Course) -> None:
    with pytest.raises(StateError, match="a drill is under way"):
        refuse_unless_possible(course, ZONE, healthy_status(), production=False)


def test_production_is_drilled_by_its_name_only() -> None:
    with pytest.raises(StateError, match="in production"):
        refuse_unless_possible(Course(), ZONE, healthy_status(), production=True)


def test_what_is_not_healthy_or_not_there_is_not_drilled() -> None:
    with pytest.raises(StateError, match="begins with a healthy one"):
        ill = replace(healthy_status(), state=EnvironmentState.DEGRADED)
        refuse_unless_possible(Course(), ZONE, ill, production=False)
    with pytest.raises(StateError, match="has no database"):
        order = Order(Kind.DATABASE, 200.0)
        refuse_unless_possible(Course(), order, replace(healthy_status(), database=None), production=False)


def test_its_lines_are_told_and_bounded() -> None:
    course = RUNNING
    for number in range(LINES + 5):
        course = told(course, f"line {number}")
    assert (len(course.lines), course.lines[0], course.state) == (LINES, "line 5", State.RUNNING)


@pytest.mark.parametrize(
    ("verdict", "passed", "void"),
    [(DrillVerdict.PASS, True, False), (DrillVerdict.FAIL, False, False), (DrillVerdict.VOID, None, True)],
)
def test_its_verdict_is_told_in_a_line(verdict: DrillVerdict, passed: bool | None, void: bool) -> None:
    course = ended(RUNNING, 0, drills(verdict), "./reports/it.html")
    assert (course.state, course.passed, course.void) == (State.DONE, passed, void)
    assert course.sentence and "\n" not in course.sentence and course.report == "./reports/it.html"


def test_one_that_was_ended_proves_nothing() -> None:
    course = ended(stopping(RUNNING), 130, None, None)
    assert (course.state, course.passed, course.sentence) == (State.DONE, None, BROKEN_OFF)


def test_one_that_came_to_its_end_all_the_same_has_its_verdict() -> None:
    assert ended(stopping(RUNNING), 0, drills(DrillVerdict.PASS), None).passed is True


def test_what_the_environment_refused_is_a_sentence() -> None:
    lines = ("evenly: another drill is under way in this environment", "Try: Wait for it to end.")
    course = ended(replace(RUNNING, lines=lines), 3, None, None)
    assert (course.state, course.sentence) == (
        State.REFUSED,
        "Another drill is under way in this environment.",
    )


@pytest.mark.parametrize("code", [-9, 1, 0, 130])
def test_one_that_died_says_how_to_put_right_what_it_left(code: int) -> None:
    course = ended(RUNNING, code, None, None)
    assert (course.state, course.passed, course.sentence) == (State.DONE, None, LOST)
