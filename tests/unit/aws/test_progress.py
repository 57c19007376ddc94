"""Events replayed: what is told of them, when it is over, and which failure was the first."""

from collections.abc import Callable
from itertools import permutations
from types import SimpleNamespace

import pytest
from tests.unit.aws.world import FakeTime

from evenly.aws.cloud.facts import Event
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.progress import (
    Course,
    first_cause,
    followed,
    is_cascade,
    latest_operation,
    under_way,
)
from evenly.aws.operations.watching import Running, watch

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/1"


def event(resource: str, status: str, at: float = 0, reason: str | None = None) -> Event:
    physical = STACK if resource == "stack" else f"{resource}-1"
    return Event(
        f"{resource}-{status}-{at}", STACK, resource, physical, "AWS::SNS::Topic", status, reason, at
    )


def test_a_resource_is_told_when_it_is_done_with_how_long_it_took() -> None:
    course, said = followed(
        Course(), [event("stack", "CREATE_IN_PROGRESS"), event("A", "CREATE_IN_PROGRESS", 1)]
    )
    assert said == ()
    assert not course.is_over
    course, said = followed(course, [event("A", "CREATE_COMPLETE", 13), event("B", "UPDATE_COMPLETE", 13)])
    assert said == ("A made, 12 s", "B changed")


@pytest.mark.parametrize(
    ("status", "over", "good"),
    [
        ("CREATE_IN_PROGRESS", False, False),
        ("CREATE_COMPLETE", True, True),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False, False),
        ("UPDATE_COMPLETE", True, True),
        ("UPDATE_ROLLBACK_IN_PROGRESS", False, False),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", False, False),
        ("UPDATE_ROLLBACK_COMPLETE", True, False),
        ("UPDATE_ROLLBACK_FAILED", True, False),
        ("ROLLBACK_COMPLETE", True, False),
        ("ROLLBACK_FAILED", True, False),
        ("DELETE_COMPLETE", True, True),
        ("DELETE_FAILED", True, False),
        ("REVIEW_IN_PROGRESS", False, False),
    ],
)
def test_when_it_is_over_and_whether_it_went_well(status: str, over: bool, good: bool) -> None:
    course, _ = followed(Course(), [event("stack", status)])
    assert (course.is_over, course.is_good) == (over, good)


def test_an_end_stays_one_in_whichever_order_the_same_moment_is_told() -> None:
    for order in permutations([event("stack", "UPDATE_IN_PROGRESS"), event("stack", "UPDATE_COMPLETE")]):
        assert followed(Course(), order)[0].is_good


def test_that_it_goes_back_is_told_once_and_not_its_cleaning_up() -> None:
    _, said = followed(
        Course(),
        [
            event("stack", "UPDATE_ROLLBACK_IN_PROGRESS"),
            event("stack", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
        ],
    )
    assert said == ("it goes back to what it was",)


def test_what_is_kept_by_its_policy_is_told() -> None:
    assert followed(Course(), [event("A", "DELETE_SKIPPED")])[1] == ("A is kept",)


CANCELLED = event("B", "CREATE_FAILED", 5, "Resource creation cancelled")
REAL = event("C", "CREATE_FAILED", 5, "The name is taken")
OF_STACK = event("stack", "CREATE_FAILED", 5, "The following resource(s) failed to create: [C, B].")


def test_the_cause_is_no_consequence_in_whichever_order_they_come() -> None:
    for order in permutations([CANCELLED, REAL, OF_STACK]):
        cause = first_cause(order)
        assert cause is not None
        assert (cause.resource, cause.reason, cause.others) == ("C", "The name is taken", 0)


def test_the_earliest_of_several_is_it_and_the_others_are_counted() -> None:
    later = event("D", "CREATE_FAILED", 6, "Too many of them")
    cause = first_cause([later, REAL])
    assert cause is not None
    assert (cause.resource, cause.others) == ("C", 1)


def test_a_failure_while_it_goes_back_is_no_cause_before_the_first() -> None:
    back = event("A", "UPDATE_FAILED", 9, "The way back is barred")
    cause = first_cause([back, REAL])
    assert cause is not None
    assert cause.resource == "C"


def test_without_one_of_a_resource_the_stacks_own_reason_is_told() -> None:
    cause = first_cause([event("stack", "UPDATE_ROLLBACK_FAILED", 1, "No export named x found")])
    assert cause is not None
    assert cause.reason == "No export named x found"
    assert first_cause([]) is None
    assert first_cause([CANCELLED]) is None


def test_a_failure_that_follows_from_another_is_not_told_as_news() -> None:
    assert followed(Course(), [CANCELLED])[1] == ()
    assert followed(Course(), [REAL])[1] == ("C failed: The name is taken",)
    assert is_cascade(CANCELLED)
    assert not is_cascade(REAL)


def test_what_takes_long_is_named_with_its_age() -> None:
    course, _ = followed(
        Course(), [event("A", "CREATE_IN_PROGRESS", 10), event("B", "CREATE_IN_PROGRESS", 95)]
    )
    assert under_way(course, 100, 30) == ("A (90 s)",)


def test_the_latest_operation_begins_where_the_stack_last_began_something() -> None:
    events = [
        event("stack", "CREATE_IN_PROGRESS", 1),
        event("stack", "CREATE_COMPLETE", 2),
        event("stack", "UPDATE_IN_PROGRESS", 3),
        event("A", "UPDATE_IN_PROGRESS", 4),
        event("stack", "UPDATE_ROLLBACK_IN_PROGRESS", 5),
    ]
    assert latest_operation(events) == tuple(events[2:])


class Told:
    """A stack that tells one event a look, and does `meanwhile` right before it tells its status."""

    def __init__(self, *events: Event, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.left = list(events)
        self.then: object = None
        self.meanwhile = meanwhile

    def events(self, stack: str, known: set[str]) -> tuple[Event, ...]:
        return (self.left.pop(0),) if self.left else ()

    def stack(self, name: str) -> object:
        self.meanwhile()
        return self.then


def looked_at(told: Told) -> Running:
    return Running("data", told, STACK)  # type: ignore[arg-type]  # the two methods of Formation that are asked


def test_while_nothing_happens_what_takes_so_long_is_told_every_half_minute() -> None:
    time = FakeTime()
    silence = [event("A", "CREATE_IN_PROGRESS", time.at)]
    told = Told(*silence)
    told.then = SimpleNamespace(status="CREATE_IN_PROGRESS")
    said: list[str] = []

    def pause(seconds: float) -> None:
        time.pause(seconds)
        if time.at > 1_700_000_100:
            told.left = [event("stack", "CREATE_COMPLETE", time.at)]

    watch([looked_at(told)], Clock(lambda: time.at, pause), lambda who, what: said.append(what))
    assert 2 <= len(said) <= 4
    assert all(it.startswith("still at A (") for it in said)


def test_a_stack_that_took_its_events_along_is_gone() -> None:
    told = Told(event("stack", "DELETE_IN_PROGRESS"))
    courses = watch([looked_at(told)], FakeTime().clock, lambda *_: None)
    assert courses["data"].status == "DELETE_COMPLETE"


def test_what_ends_between_two_requests_still_tells_its_cause() -> None:
    """Quiet for so long that its status is asked for, it fails and is undone right before that answer."""
    asked: list[str] = []

    def is_undone() -> None:
        if not asked:
            told.left = [REAL, event("stack", "UPDATE_ROLLBACK_COMPLETE")]
        asked.append(STACK)

    begun = (event("stack", "UPDATE_IN_PROGRESS"), event("C", "UPDATE_IN_PROGRESS"))
    told = Told(*begun, meanwhile=is_undone)
    told.then = SimpleNamespace(status="UPDATE_ROLLBACK_COMPLETE")
    course = watch([looked_at(told)], FakeTime().clock, lambda *_: None)["data"]
    assert (course.status, course.failures) == ("UPDATE_ROLLBACK_COMPLETE", (REAL,))
    assert asked == [STACK]
