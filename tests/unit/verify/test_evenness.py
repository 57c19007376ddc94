"""The statistics of the spread, against tables, exact fractions, and services that are uneven by a known amount."""

import random
from fractions import Fraction
from math import comb, exp, gamma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.verify.evenness import (
    CHANCE,
    MOST_REQUESTS,
    chi_squared,
    critical,
    p_value,
    requests_to_judge,
    requests_to_meet_all,
)


# NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4.
@pytest.mark.parametrize(
    ("degrees", "statistic", "chance"),
    [
        (1, 3.841, 0.05),
        (2, 5.991, 0.05),
        (3, 7.815, 0.05),
        (10, 18.307, 0.05),
        (29, 42.557, 0.05),
        (100, 124.342, 0.05),
        (1, 10.828, 0.001),
        (7, 24.322, 0.001),
        (50, 86.661, 0.001),
    ],
)
def test_the_p_value_is_that_of_the_tables(degrees: int, statistic: float, chance: float) -> None:
    assert p_value(statistic, degrees) == pytest.approx(chance, rel=2e-3)
    assert critical(degrees, chance) == pytest.approx(statistic, abs=1e-3)


@given(st.integers(1, 40), st.floats(0.01, 80))
def test_the_p_value_is_the_integral_of_the_density(degrees: int, statistic: float) -> None:
    """By u = sqrt(x), so that the density has no pole at 0; Simpson's rule up to where nothing is left."""
    k = degrees

    def density(u: float) -> float:
        return 2 * u ** (k - 1) * exp(-u * u / 2) / (2 ** (k / 2) * gamma(k / 2))

    start, end, steps = statistic**0.5, 40.0, 2000
    width = (end - start) / steps
    weights = (density(start + i * width) * (4 if i % 2 else 2) for i in range(1, steps))
    area = (density(start) + density(end) + sum(weights)) * width / 3
    assert p_value(statistic, k) == pytest.approx(area, rel=1e-6, abs=1e-12)


def test_without_a_difference_there_is_nothing_to_say() -> None:
    assert chi_squared([5, 5, 5]) == 0
    assert p_value(0, 2) == 1
    assert p_value(7, 0) == 1
    assert chi_squared([10, 20]) == pytest.approx(10 / 3)


@pytest.mark.parametrize("n", [2, 3, 4, 8, 16])
def test_enough_requests_meet_all(n: int) -> None:
    """Exactly, by inclusion and exclusion; and not many more than are needed."""

    def missed(requests: int) -> Fraction:
        return sum(
            (comb(n, k) * (-1) ** (k + 1) * Fraction(n - k, n) ** requests for k in range(1, n)), Fraction(0)
        )

    enough = requests_to_meet_all(n)
    assert missed(enough) < CHANCE
    assert missed(enough - 2) > CHANCE * 0.9


def test_one_instance_takes_one_request() -> None:
    assert requests_to_meet_all(1) == requests_to_judge(1) == 1


@pytest.mark.parametrize("n", [2, 3, 4])
def test_half_a_share_is_noticed_and_an_even_spread_is_not(n: int) -> None:
    requests = requests_to_judge(n)
    assert requests < MOST_REQUESTS
    chance = random.Random(n)  # noqa: S311 - the same for every run

    def is_uneven(weights: list[float]) -> bool:
        served = chance.choices(range(n), weights, k=requests)
        return p_value(chi_squared([served.count(it) for it in range(n)]), n - 1) < CHANCE

    half = [1 / (2 * n)] + [(1 - 1 / (2 * n)) / (n - 1)] * (n - 1)
    assert sum(is_uneven(half) for _ in range(100)) >= 97
    assert not any(is_uneven([1] * n) for _ in range(100))


@given(st.integers(2, 200))
def test_a_large_fleet_is_asked_no_more_than_it_takes_to_meet_all(n: int) -> None:
    assert requests_to_meet_all(n) <= requests_to_judge(n) <= max(MOST_REQUESTS, requests_to_meet_all(n))
