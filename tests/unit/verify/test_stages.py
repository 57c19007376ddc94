"""Stages as they are written on a command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.errors import UsageError
from evenly.verify._schedule import Stage
from evenly.verify.stages import MOST_STAGES, parse_stages


@pytest.mark.parametrize(
    ("rates", "durations", "stages"),
    [
        ("500", "30s", (Stage(500, 30),)),
        ("100,500,1000", "30s", (Stage(100, 30), Stage(500, 30), Stage(1000, 30))),
        ("100", "10s,30s,1m", (Stage(100, 10), Stage(100, 30), Stage(100, 60))),
        ("10,20", "1s, 500ms", (Stage(10, 1), Stage(20, 0.5))),
        ("0.5/s", "1.5s", (Stage(0.5, 1.5),)),
    ],
)
def test_what_is_written_is_what_is_sent(rates: str, durations: str, stages: tuple[Stage, ...]) -> None:
    assert parse_stages(rates, durations) == stages


@pytest.mark.parametrize(
    ("rates", "durations", "where", "what"),
    [
        ("", "1s", "--rate", "'' is no rate"),
        ("fast", "1s", "--rate", "'fast' is no rate"),
        ("0", "1s", "--rate", "above 0"),
        ("-5", "1s", "--rate", "above 0"),
        ("nan", "1s", "--rate", "above 0"),
        ("inf", "1s", "--rate", "above 0"),
        ("100,,5", "1s", "--rate", "'' is no rate"),
        ("5", "1", "--for", "'1' is no duration"),
        ("5", "0s", "--for", "sends nothing"),
        ("5", "1s,soon", "--for", "'soon' is no duration"),
        ("1,2,3", "1s,2s", "--for", "3 rates and 2 durations"),
        (",".join(["1"] * (MOST_STAGES + 1)), "1s", "--rate", "too many"),
    ],
)
def test_what_makes_no_stages_is_refused_in_words(rates: str, durations: str, where: str, what: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_stages(rates, durations)
    assert (error.value.where, what in error.value.what) == (where, True)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_makes_stages_or_is_refused(rates: str, durations: str) -> None:
    try:
        stages = parse_stages(rates, durations)
    except UsageError:
        return
    assert all(stage.rate > 0 and stage.duration_s > 0 for stage in stages)


@given(st.lists(st.tuples(st.integers(1, 9999), st.integers(1, 9999)), min_size=1, max_size=9))
def test_what_was_written_comes_back(pairs: list[tuple[int, int]]) -> None:
    rates = ",".join(f"{rate}" for rate, _ in pairs)
    durations = ",".join(f"{seconds}s" for _, seconds in pairs)
    assert parse_stages(rates, durations) == tuple(Stage(rate, seconds) for rate, seconds in pairs)
