"""Counters to rates and quantiles."""

import pytest

from evenly.core.traffic import Rates, Reading, Traffic, Window, quantile, rates

NOTHING = Traffic(0, 0, 0)


def traffic(requests: int, *buckets: tuple[float, int]) -> Traffic:
    return Traffic(requests, 0, 0, buckets)


def test_the_next_epoch_counts_anew_whatever_it_counted() -> None:
    before = Traffic(100, 1, 0, ((10.0, 100),))
    found = rates(Reading(1.0, before), Reading(2.0, Traffic(120, 2, 0, ((10.0, 120),), epoch=1)))
    assert found is not None
    assert (found.per_second, found.errors_per_second) == (120, 2)


def test_rates_lie_between_two_readings() -> None:
    first = Reading(10.0, Traffic(100, 1, 0, ((10.0, 100),)))
    last = Reading(12.0, Traffic(300, 3, 5, ((10.0, 300),)))
    assert rates(first, last) == Rates(100.0, 1.0, 5.0, 9.5, 9.9, 0.01, 3, 5)
    assert rates(first, first) is None


def test_without_requests_there_are_no_errors() -> None:
    quiet = Traffic(100, 1, 0, ((10.0, 100),))
    assert rates(Reading(1.0, quiet), Reading(2.0, quiet)) == Rates(0.0, 0.0, None, None, None, 0.0, 1, 0)


def test_a_restarted_balancer_counts_from_nothing() -> None:
    found = rates(Reading(1.0, Traffic(100, 9, 0)), Reading(2.0, Traffic(4, 0, 0)))
    assert found == Rates(4.0, 0.0, None, None, None, 0.0, 0, 0)
    assert quantile(traffic(9, (10, 9)), traffic(2, (10, 2)), 0.5) == 5.0


def test_a_window_forgets_what_is_older() -> None:
    window = Window(2.0)
    assert window.add(Reading(0.0, traffic(0))) is None
    seen = [
        window.add(Reading(float(at), traffic(count))) for at, count in ((1, 10), (2, 20), (3, 50), (4, 80))
    ]
    assert [it and it.per_second for it in seen] == [10.0, 10.0, 20.0, 30.0]
    window.clear()
    assert window.add(Reading(5.0, traffic(90))) is None


def test_a_window_without_a_reading_for_long_compares_with_the_last() -> None:
    window = Window(2.0)
    window.add(Reading(0.0, traffic(0)))
    assert window.add(Reading(10.0, traffic(100))) == Rates(10.0, 0.0, None, None, None, 0.0, 0, 0)


def test_the_quantile_lies_on_a_line_between_bounds() -> None:
    before = traffic(100, (10, 100), (20, 100), (40, 100))
    after = traffic(200, (10, 150), (20, 190), (40, 200))
    assert quantile(before, after, 0.5) == 10.0
    assert quantile(before, after, 0.7) == 15.0
    assert quantile(before, after, 0.95) == 30.0
    assert quantile(before, after, 1.0) == 40.0


def test_the_first_reading_may_know_no_buckets() -> None:
    assert quantile(NOTHING, traffic(4, (10, 4), (20, 4)), 0.95) == 9.5


@pytest.mark.parametrize("after", [NOTHING, traffic(0, (10, 0), (20, 0))])
def test_without_an_answer_there_is_no_quantile(after: Traffic) -> None:
    assert quantile(NOTHING, after, 0.95) is None
