"""When requests are due."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.errors import UsageError
from evenly.verify._schedule import Stage, due_times, starts


def test_without_a_seed_requests_are_evenly_spaced() -> None:
    assert list(due_times([Stage(4, 1)], None)) == [0.0, 0.25, 0.5, 0.75]


@given(rate=st.integers(1, 500), duration=st.integers(1, 4))
def test_an_even_load_has_exactly_rate_times_duration_requests(rate: int, duration: int) -> None:
    assert len(list(due_times([Stage(rate, duration)], None))) == rate * duration


@given(seed=st.integers())
def test_a_seed_draws_the_same_arrivals_each_time(seed: int) -> None:
    dues = list(due_times([Stage(200, 1)], seed))
    assert dues == list(due_times([Stage(200, 1)], seed))
    assert all(earlier < later for earlier, later in pairwise(dues))
    assert all(0 < due < 1 for due in dues)


def test_a_seeded_load_has_the_rate_on_average_and_is_not_even() -> None:
    dues = list(due_times([Stage(500, 20)], 7))
    assert 9_500 < len(dues) < 10_500
    gaps = [later - earlier for earlier, later in pairwise(dues)]
    assert max(gaps) > 4 / 500 > 0.2 / 500 > min(gaps)


@pytest.mark.parametrize(("rate", "duration"), [(0, 1), (-1, 1), (1, 0), (1, -2)])
def test_a_load_of_nothing_is_refused(rate: float, duration: float) -> None:
    with pytest.raises(UsageError, match="sends nothing"):
        due_times([Stage(rate, duration)], None)


def test_stages_follow_one_another() -> None:
    stages = (Stage(2, 1), Stage(4, 0.5), Stage(1, 2))
    assert list(due_times(stages, None)) == [0.0, 0.5, 1.0, 1.25, 1.5, 2.5]
    assert starts(stages) == (0.0, 1.0, 1.5, 3.5)


@given(rates=st.lists(st.integers(1, 300), min_size=1, max_size=5), seed=st.none() | st.integers())
def test_every_stage_has_its_own_rate_and_time(rates: list[int], seed: int | None) -> None:
    dues = list(due_times([Stage(rate, 2) for rate in rates], seed))
    assert all(earlier < later for earlier, later in pairwise(dues))
    for number, rate in enumerate(rates):
        found = sum(2 * number <= due < 2 * number + 2 for due in dues)
        assert found == 2 * rate if seed is None else abs(found - 2 * rate) < 6 * (2 * rate) ** 0.5 + 3


def test_a_stage_of_nothing_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(UsageError, match="sends nothing"):
        due_times([Stage(5, 1), Stage(0, 1)], None)
