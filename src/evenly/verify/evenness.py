"""How many requests it takes to say something of a spread, and how even one is. Pure.

Each request is taken to reach any of `n` instances alike. A balancer that prefers the less busy spreads more evenly
than that, never less: only too uneven a spread says anything.
"""

from collections.abc import Sequence
from math import ceil, erfc, exp, log, pi, sqrt

# The chance that a check says of a healthy, even service that it is not: once in a million runs.
CHANCE = 1e-6
# Seen with 999 of 1,000 runs: an instance that gets half its share. Standard normal quantile of 0.999.
_SURE = 3.09
MOST_REQUESTS = 1500


def requests_to_meet_all(n: int, chance: float = CHANCE) -> int:
    """So many that the chance to miss any of `n` instances is below `chance`: n(1 - 1/n)^N, the union bound."""
    return 1 if n == 1 else ceil(log(chance / n) / log(1 - 1 / n))


def requests_to_judge(n: int) -> int:
    """So many that an instance with half its share is noticed; `MOST_REQUESTS` at most, and enough to meet all."""
    if n == 1:
        return 1
    # Cohen's effect, squared: one gets half of 1/n, the others the rest alike.
    effect = 1 / (4 * (n - 1))
    needed = ceil(_noncentrality(n - 1) / effect)
    return max(min(needed, MOST_REQUESTS), requests_to_meet_all(n))


def chi_squared(counts: Sequence[int]) -> float:
    """Pearson's statistic of `counts` against all alike."""
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def p_value(statistic: float, degrees: int) -> float:
    """The chance of a chi-squared value of at least `statistic`: the regularized upper gamma function Q(k/2, x/2).

    For a whole k it is a finite sum without cancellation (Abramowitz and Stegun, 26.4.4 and 26.4.5).
    """
    half = statistic / 2
    if degrees == 0 or half <= 0:
        return 1.0
    odd = degrees % 2 == 1
    term = exp(-half) * (sqrt(half) * 2 / sqrt(pi) if odd else 1.0)
    total = erfc(sqrt(half)) if odd else 0.0
    for step in range(degrees // 2):
        total += term
        term *= half / (step + (1.5 if odd else 1.0))
    return min(1.0, total)


def critical(degrees: int, chance: float = CHANCE) -> float:
    """The statistic that an even spread reaches with a chance of `chance`, to 1e-6."""
    low, high = 0.0, 10.0 * (degrees + 10)
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if p_value(middle, degrees) > chance else (low, middle)
    return high


def _noncentrality(degrees: int) -> float:
    """With which the statistic is critical for sure, by the normal approximation: mean k + l, variance 2(k + 2l)."""
    bound, low, high = critical(degrees), 0.0, 1e6
    while high - low > 1e-3:
        middle = (low + high) / 2
        reached = degrees + middle - _SURE * sqrt(2 * (degrees + 2 * middle)) >= bound
        low, high = (low, middle) if reached else (middle, high)
    return high
