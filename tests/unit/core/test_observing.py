"""Readings of counters become what scaling decides on."""

import pytest
from msgspec.structs import replace

from evenly.core.observing import ENOUGH_ANSWERS, Reading, goes_on, observation
from evenly.core.traffic import Answers

BOUNDS = (100.0, 200.0, 400.0)


def reading(
    at: float, count: int = 0, active: int = 0, buckets: tuple[int, ...] = (0, 0, 0), **cpu_s: float
) -> Reading:
    answers = Answers(count, active, tuple(zip(BOUNDS, buckets, strict=True)))
    return Reading(at, answers, serving=2, cpu_s=cpu_s)


def test_one_reading_says_nothing() -> None:
    assert observation((reading(1),)) is None


def test_rates_are_those_of_the_last_two_periods() -> None:
    seen = observation((reading(1, 0), reading(2, 1000), reading(3, 1040, 10), reading(4, 1100, 60)))
    assert seen is not None
    assert (seen.at, seen.serving) == (4, 2)
    assert (seen.answered, seen.requests, seen.each) == (50.0, 80.0, 40.0)


def test_p95_is_of_the_last_period_where_it_holds_enough() -> None:
    before, last = reading(1, buckets=(500, 500, 500)), reading(2, buckets=(500, 520, 520))
    seen = observation((reading(0), before, last))
    assert seen and seen.p95_ms == pytest.approx(195)


def test_p95_is_of_more_periods_where_answers_are_few() -> None:
    few = [reading(n, buckets=(n, 2 * n, 2 * n)) for n in range(31)]
    seen = observation(few)
    assert seen and seen.p95_ms == pytest.approx(190)
    enough = observation(few[: ENOUGH_ANSWERS // 2 + 1])
    assert enough and enough.p95_ms is not None
    too_few = observation(few[: ENOUGH_ANSWERS // 2])
    assert too_few and too_few.p95_ms is None


def test_exactly_those_over_a_bound_are_over_it() -> None:
    """What the target is a bound for: 95 of 100 answers within it are no break of it, 94 are."""
    for within, over in ((95, False), (94, True)):
        seen = observation((reading(0), reading(1, buckets=(0, within, 100))))
        assert seen and seen.p95_ms is not None
        assert (seen.p95_ms > 200) is over


def test_cpu_is_that_of_all_who_serve() -> None:
    seen = observation((reading(1, a=10.0), reading(2, a=10.4, b=3.0), reading(3, a=10.8, b=9.0)))
    assert seen and seen.cpu == pytest.approx(80.0)  # a took 0.8 s of 2 s; b has not served all the while
    ended = observation((reading(1, a=10.0, b=5.0), reading(3, a=11.0, b=4.0)))
    assert ended and ended.cpu == pytest.approx(50.0)
    assert observation((reading(1), reading(2))).cpu is None  # type: ignore[union-attr]


def test_a_balancer_that_was_started_anew_counts_from_nothing() -> None:
    before = reading(1, 100, buckets=(5, 50, 90))
    assert goes_on(before, reading(2, 100, buckets=(5, 50, 90)))
    assert not goes_on(before, reading(2, 99, buckets=(9, 99, 99)))
    assert not goes_on(before, replace(before, answers=Answers(200, 0, ())))
    assert not goes_on(before, replace(before, answers=replace(before.answers, epoch=1)))
