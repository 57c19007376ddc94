"""The histogram, against the exact answer: the sorted values themselves."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.verify.histogram import HOUR_US, Histogram

# As many of each size: a latency of a microsecond is as likely here as one of half an hour.
values = st.integers(0, 32).flatmap(lambda bits: st.integers(1 << bits >> 1, min(1 << bits, HOUR_US)))
latencies = st.lists(values.map(lambda it: max(1, it)), max_size=60)
percents = st.floats(0, 100)


def made_of(found: list[int]) -> Histogram:
    histogram = Histogram()
    for each in found:
        histogram.record(each)
    return histogram


@given(latencies.filter(bool), percents)
def test_a_percentile_is_the_exact_one_to_three_digits(found: list[int], percent: float) -> None:
    exact = sorted(found)[max(1, int(percent * len(found) / 100 + 0.5)) - 1]
    told = made_of(found).percentile_us(percent)
    assert exact <= told <= exact * 1.001


@given(latencies)
def test_total_and_maximum(found: list[int]) -> None:
    histogram = made_of(found)
    assert histogram.total == len(found)
    assert max(found, default=0) <= histogram.max_us <= max(found, default=0) * 1.001


@given(latencies, st.lists(percents, max_size=9).map(sorted))
def test_several_percentiles_are_those_asked_for_one_by_one_and_ascend(
    found: list[int], asked: list[float]
) -> None:
    histogram = made_of(found)
    told = histogram.percentiles_us(asked)
    assert told == tuple(histogram.percentile_us(each) for each in asked)
    assert all(lower <= higher for lower, higher in pairwise(told))


@given(latencies, latencies)
def test_merging_is_recording_both(one: list[int], other: list[int]) -> None:
    merged, second = made_of(one), made_of(other)
    merged.merge(second)
    assert merged == made_of(one + other)
    assert merged.total == len(one) + len(other)
    assert second == made_of(other)


@given(values, st.integers(1, 1000))
def test_a_count_is_that_many_records(value: int, count: int) -> None:
    counted = Histogram()
    counted.record(value, count)
    assert counted == made_of([value] * count)
    assert counted.total == count


@given(latencies)
def test_it_survives_json(found: list[int]) -> None:
    histogram = made_of(found)
    again = Histogram.of_compact(json.loads(json.dumps(histogram.compact())))
    assert again == histogram
    assert (again.total, again.max_us) == (histogram.total, histogram.max_us)


def test_a_second_of_a_load_is_small() -> None:
    usual = made_of([1500 + 7 * number for number in range(500)])
    assert len(json.dumps(usual.compact(), separators=(",", ":"))) < 2500


@pytest.mark.parametrize("pairs", [(5,), (5, 0), (5, -1), (-5, 1), (5, 1, 0, 1), (99_999, 1), (5, 1, -1, 1)])
def test_what_is_no_histogram_is_refused(pairs: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        Histogram.of_compact(pairs)


def test_what_is_out_of_range_counts_at_its_edge() -> None:
    assert made_of([-3, 0]) == made_of([1, 1])
    assert made_of([HOUR_US * 5]) == made_of([HOUR_US])


def test_without_a_value_all_is_nothing() -> None:
    assert (Histogram().percentile_us(99), Histogram().max_us, Histogram().compact()) == (0, 0, ())


@pytest.mark.parametrize("value", [1, 999, 2047, 2048, 2049, 4095, 4096, 123_456, HOUR_US])
def test_a_bucket_holds_values_that_are_the_same_to_three_digits(value: int) -> None:
    assert value <= made_of([value]).max_us <= value * 1.001
