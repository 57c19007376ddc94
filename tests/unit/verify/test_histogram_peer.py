"""The histogram counts as HdrHistogram does. Not collected where hdrhistogram has no wheel (see conftest.py)."""

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from evenly.verify.histogram import HOUR_US, Histogram

any_size = st.integers(0, 31).flatmap(lambda bits: st.integers(1 << bits, min((2 << bits) - 1, HOUR_US)))
counted = st.lists(st.tuples(any_size, st.integers(1, 50)), min_size=1, max_size=60)


def both(found: list[tuple[int, int]]) -> tuple[Histogram, HdrHistogram]:
    ours, theirs = Histogram(), HdrHistogram(1, HOUR_US, 3)
    for value, count in found:
        ours.record(value, count)
        assert theirs.record_value(value, count)
    return ours, theirs


@settings(max_examples=30)  # a histogram of theirs has 23,000 counts to walk through
@given(counted, st.lists(st.floats(0.001, 100), min_size=1, max_size=9, unique=True).map(sorted))
def test_every_percentile_is_the_same(found: list[tuple[int, int]], percents: list[float]) -> None:
    ours, theirs = both(found)
    assert list(ours.percentiles_us(percents)) == list(theirs.get_percentile_to_value_dict(percents).values())


@settings(max_examples=30)
@given(counted)
def test_total_maximum_and_the_usual_percentiles_are_the_same(found: list[tuple[int, int]]) -> None:
    ours, theirs = both(found)
    assert (ours.total, ours.max_us) == (theirs.get_total_count(), theirs.get_max_value())
    for percent in (50, 90, 95, 99, 99.9, 100):
        assert ours.percentile_us(percent) == theirs.get_value_at_percentile(percent)


@settings(max_examples=30)
@given(counted, counted)
def test_merged_they_are_the_same(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    (ours, theirs), (more, their_more) = both(one), both(other)
    ours.merge(more)
    theirs.add(their_more)
    assert ours.percentile_us(99) == theirs.get_value_at_percentile(99)
    assert ours.total == theirs.get_total_count()


@pytest.mark.parametrize("power", range(32))
def test_every_edge_of_a_bucket_is_the_same(power: int) -> None:
    for value in (2**power - 1, 2**power, 2**power + 1):
        if 1 <= value <= HOUR_US:
            ours, theirs = both([(value, 1)])
            assert ours.max_us == theirs.get_max_value()
