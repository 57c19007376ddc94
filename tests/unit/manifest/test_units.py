"""Durations: what people write and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.manifest.types import Seconds
from evenly.manifest.units import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("1s", 1.0), ("2m", 120.0), ("1h", 3600.0), ("0s", 0.0), ("1.5s", 1.5), ("0.25m", 15.0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "1", "1 s", "s", "-1s", "1d", "1m30s", "1e3s", "0.5ms", "\u0661s", "1s\n"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|millisecond"):
        parse_duration(text)


@pytest.mark.parametrize(("seconds", "text"), [(90.0, "90s"), (120.0, "2m"), (0.25, "250ms"), (7200.0, "2h")])
def test_a_duration_is_told_in_its_largest_whole_unit(seconds: float, text: str) -> None:
    assert format_duration(Seconds(seconds)) == text


@given(st.integers(0, 10**9))
def test_what_is_told_means_the_same(milliseconds: int) -> None:
    seconds = Seconds(milliseconds / 1000)
    assert parse_duration(format_duration(seconds)) == seconds
