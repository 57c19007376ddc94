"""Lines and exponents, found again in what was made of them."""

import pytest
from bench.fitting import exponent, line

COUNTS = (2, 4, 8, 16, 32, 64)


def test_a_line_is_found_again() -> None:
    fitted = line([0, 1, 2, 3], [5.0, 7.0, 9.0, 11.0])
    assert (fitted.start, fitted.slope, fitted.at(10)) == (5.0, 2.0, 25.0)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (lambda n: 3.0 + 0.5 * n, 1.0),
        (lambda n: 0.5 * n, 1.0),
        (lambda n: 40.0 + 0.01 * n * n, 2.0),
        (lambda n: 1.0 + n**1.5, 1.5),
        (lambda n: 7.0, 0.0),
        (lambda n: 7.0 + 0.001 * n, 0.0),
        (lambda n: 7.0 - 0.01 * n, 0.0),
    ],
)
def test_the_exponent_is_that_beyond_the_constant(cost, expected) -> None:
    assert exponent(COUNTS, [cost(n) for n in COUNTS]) == pytest.approx(expected, abs=0.051)


def test_noise_does_not_hide_a_square() -> None:
    noisy = [(10 + 0.02 * n * n) * (1.05 if at % 2 else 0.95) for at, n in enumerate(COUNTS)]
    assert exponent(COUNTS, noisy) > 1.5
