"""Scales, ticks and paths: what is drawn is where the numbers say."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.verify.report.svg import (
    MOST_LEVELS,
    Linear,
    Logarithmic,
    Step,
    area_of,
    levels,
    line_of,
    ticks,
    time_ticks,
    whole_ticks,
)

POSITIVE = st.floats(0.001, 1e6)


def test_a_linear_scale_is_straight_and_holds_what_is_outside_at_its_ends() -> None:
    scale = Linear(0.0, 10.0, 40.0, 240.0)
    assert [scale.at(it) for it in (0, 2.5, 10)] == [40.0, 90.0, 240.0]
    assert [scale.at(it) for it in (-1, 11)] == [40.0, 240.0]


def test_a_logarithmic_scale_gives_equal_ratios_equal_room() -> None:
    scale = Logarithmic(1.0, 100.0, 200.0, 0.0)
    assert [round(scale.at(it), 6) for it in (1, 10, 100)] == [200.0, 100.0, 0.0]
    assert scale.at(0.0) == 200.0


@given(high=st.floats(0, 1e7), most=st.integers(2, 12))
def test_ticks_are_round_reach_the_highest_and_are_not_many(high: float, most: int) -> None:
    found = ticks(high, most)
    assert found[0] == 0 and found[-1] >= high * (1 - 1e-9)
    assert 2 <= len(found) <= most + 1
    step = found[1]
    assert re.fullmatch(
        r"(1|2|2\.5|5)(e[+-]?\d+)?", f"{float(f'{step:.6e}') / 10 ** math.floor(math.log10(step)):.6g}"
    )


@given(st.integers(0, 10_000), st.integers(3, 8))
def test_what_is_counted_has_whole_ticks(high: int, most: int) -> None:
    found = whole_ticks(high, most)
    assert all(it == int(it) for it in found) and found[-1] >= high and len(found) <= most + 2


@given(st.floats(0.5, 200_000), st.integers(3, 14))
def test_ticks_of_time_stay_within_and_are_not_many(high_s: float, most: int) -> None:
    found = time_ticks(high_s, most)
    assert found[0] == 0 and found[-1] <= high_s and len(found) <= most


@given(POSITIVE, st.floats(1, 1e5))
def test_a_logarithmic_axis_holds_its_values_over_a_factor_of_ten_at_least(low: float, ratio: float) -> None:
    first, last, shown = levels(low, low * ratio)
    assert first <= low * (1 + 1e-6) and last >= low * ratio * (1 - 1e-6)
    assert last >= 10 * first * (1 - 1e-6)
    assert 2 <= len(shown) <= max(MOST_LEVELS, 13) and first <= shown[0] and shown[-1] <= last


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(2.1, 12.0, (2, 5, 10, 20)), (1.0, 900.0, (1, 10, 100, 1000)), (3.0, 3.0, (2, 5, 10, 20))],
)
def test_levels_that_a_person_would_choose(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert levels(low, high)[2] == expected


def test_a_line_joins_neighbours_and_breaks_where_there_is_nothing() -> None:
    steps = [Step(0, 10, 5.0), Step(10, 20, 8.0), Step(20, 30, None), Step(30, 40, 2.0), Step(50, 60, 2.0)]
    assert line_of(steps) == "M0,5H10V8H20M30,2H40M50,2H60"


def test_an_area_is_drawn_around_what_is_there() -> None:
    steps = [Step(0, 10, 5.0), Step(10, 20, 9.0), Step(20, 30, None)]
    assert area_of(steps, [9.0, 9.0, 9.0]) == "M0,9V5H10V9Z"
