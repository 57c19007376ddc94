"""What the balancer counted, judged: which figure is past its limit, and how it is told."""

import pytest

from evenly.core.figures import Answer, Counts, Reading, alarm, within
from evenly.manifest.types import RollbackAlarms, Seconds

LIMITS = RollbackAlarms(errors=1.0, response_time=Seconds(0.5))


def reading(at: float, **counts: tuple[int, ...]) -> Reading:
    return Reading(at, {id: Counts(*each) for id, each in counts.items()})


def judged(*readings: Reading, answers: list[Answer] | None = None, now: float = 5.0) -> str | None:
    return alarm(readings, answers or [], LIMITS, 2, now)


def test_failures_past_the_limit_are_told_with_both_figures() -> None:
    assert judged(reading(1, a=(100, 0), b=(100, 0)), reading(5, a=(200, 3), b=(200, 2))) == (
        "The instances of release 2 failed 2.5 % of their requests (5 of 200); the limit is 1 %."
    )


@pytest.mark.parametrize(("failed", "is_told"), [(2, False), (3, True)])
def test_one_or_two_failures_may_be_anybodys(failed: int, is_told: bool) -> None:
    assert (judged(reading(1, a=(0, 0)), reading(5, a=(10, failed))) is not None) is is_told


@pytest.mark.parametrize(("failed", "is_told"), [(10, False), (11, True)])
def test_the_limit_itself_is_allowed(failed: int, is_told: bool) -> None:
    assert (judged(reading(1, a=(0, 0)), reading(5, a=(1000, failed))) is not None) is is_told


def test_what_came_before_the_first_reading_does_not_count() -> None:
    assert judged(reading(1, a=(100, 50)), reading(5, a=(1000, 50))) is None
    assert judged(reading(5, a=(100, 50))) is None
    assert judged() is None


def test_an_instance_that_came_in_between_does_not_count_yet() -> None:
    assert judged(reading(1, a=(0, 0)), reading(5, a=(100, 0), b=(100, 50))) is None


def test_old_readings_do_not_count_but_for_the_one_before() -> None:
    old, before, recent = reading(1, a=(0, 0)), reading(4, a=(10, 9)), reading(9.5, a=(110, 9))
    assert within((old, before, recent), 10) == (before, recent)
    assert judged(old, before, recent, now=10) is None


def times(*ms: float, at: float = 4.0) -> list[Answer]:
    return [Answer(at, each) for each in ms]


def test_the_percentile_past_the_limit_is_told_with_both_figures() -> None:
    slow = times(*[10.0] * 18, *[900.0] * 2)
    assert judged(answers=slow) == (
        "The instances of release 2 took 900 ms for 95 % of their requests; the limit is 500 ms."
    )
    assert judged(answers=times(*[10.0] * 39, 900.0)) is None


def test_what_was_asked_of_somebody_else_as_well_was_slow() -> None:
    quick = times(*[10.0] * 94)
    before = reading(1, a=(0, 0, 0))
    assert judged(before, reading(5, a=(100, 0, 4)), answers=quick) is None
    assert judged(before, reading(5, a=(100, 0, 7)), answers=quick) == (
        "The instances of release 2 took 2000 ms for 95 % of their requests; the limit is 500 ms."
    )


def test_a_percentile_needs_enough_answers_of_late() -> None:
    assert judged(answers=times(*[900.0] * 19)) is None
    assert judged(answers=times(*[900.0] * 50), now=60.0) is None
