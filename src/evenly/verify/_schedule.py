"""When each request of a load is due: pure, and the same for the same arguments."""

import random
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from evenly.errors import UsageError


class Stage(Struct, frozen=True):
    """`rate` a second, for `duration_s` seconds."""

    rate: float
    duration_s: float


def due_times(stages: Sequence[Stage], seed: int | None) -> Iterator[float]:
    """Seconds from the start, ascending: in each stage, one after the other, `rate` a second on average.

    Evenly spaced without a seed; with one, as independent users come (a Poisson process).
    Raises UsageError unless every rate and duration is above zero.
    """
    for stage in stages:
        if stage.rate <= 0 or stage.duration_s <= 0:
            raise UsageError(
                f"A load of {stage.rate:g} requests a second for {stage.duration_s:g} s sends nothing.",
                try_="Give a rate and a duration above zero.",
            )
    return _all(tuple(stages), seed)


def starts(stages: Sequence[Stage]) -> tuple[float, ...]:
    """When each stage begins, and when the last one ends: seconds from the start."""
    return tuple(accumulate((stage.duration_s for stage in stages), initial=0.0))


def _all(stages: Sequence[Stage], seed: int | None) -> Iterator[float]:
    chance = random.Random(seed)  # noqa: S311 - arrivals, no secrets
    for stage, start_s in zip(stages, starts(stages), strict=False):
        dues = _even(stage) if seed is None else _poisson(stage, chance)
        yield from (start_s + due for due in dues)


def _even(stage: Stage) -> Iterator[float]:
    number = 0
    while (due := number / stage.rate) < stage.duration_s:
        yield due
        number += 1


def _poisson(stage: Stage, chance: random.Random) -> Iterator[float]:
    due = chance.expovariate(stage.rate)
    while due < stage.duration_s:
        yield due
        due += chance.expovariate(stage.rate)
