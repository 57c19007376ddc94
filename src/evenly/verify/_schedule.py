"""When each request of a load is due: pure, and the same for the same arguments."""

import random
from collections.abc import Iterator

from evenly.errors import UsageError


def due_times(rate: float, duration_s: float, seed: int | None) -> Iterator[float]:
    """Seconds from the start, ascending, all below `duration_s`, `rate` a second on average.

    Evenly spaced without a seed; with one, as independent users come (a Poisson process).
    Raises UsageError unless rate and duration are above zero.
    """
    if rate <= 0 or duration_s <= 0:
        raise UsageError(
            f"A load of {rate:g} requests a second for {duration_s:g} s sends nothing.",
            try_="Give a rate and a duration above zero.",
        )
    return _even(rate, duration_s) if seed is None else _poisson(rate, duration_s, seed)


def _even(rate: float, duration_s: float) -> Iterator[float]:
    number = 0
    while (due := number / rate) < duration_s:
        yield due
        number += 1


def _poisson(rate: float, duration_s: float, seed: int) -> Iterator[float]:
    chance = random.Random(seed)  # noqa: S311 - arrivals, no secrets
    due = chance.expovariate(rate)
    while due < duration_s:
        yield due
        due += chance.expovariate(rate)
