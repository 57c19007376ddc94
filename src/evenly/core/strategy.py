"""The steps in which a release takes over from the one before: how many instances of each, and what traffic. Pure."""

from math import ceil

from msgspec import Struct

from evenly.manifest.types import Deployment

LOOK_S = 2.0  # between the steps of a rolling deploy: as long as it takes to see what the balancer counted
SOON_S = 3.0  # the bake of a release that was good before


class Step(Struct, frozen=True):
    """`new`, `old`: how many instances of each release are wanted. `share`: percent of the traffic for the new ones,
    once they serve; `None`: each instance gets as much as any other. `hold_s`: how long it is watched then."""

    new: int
    old: int
    share: float | None
    hold_s: float


def steps(how: Deployment, count: int, zones: int) -> tuple[Step, ...]:
    """From `count` instances of the old release to as many of the new one. At every step as many as `count` serve."""
    match how.strategy:
        case "rolling":
            return _rolling(how, count, zones)
        case "blue-green":
            return (Step(count, count, 100.0, how.bake), Step(count, 0, None, 0.0))
        case "canary":
            return _canary(how, count, zones)


def return_steps(count: int) -> tuple[Step, ...]:
    """To a release that was good before: all at once, beside what runs."""
    return (Step(count, count, 100.0, SOON_S), Step(count, 0, None, 0.0))


def reload_steps(count: int) -> tuple[Step, ...]:
    """To what was just saved, while it is developed: all at once, and nothing is watched afterwards."""
    return (Step(count, count, 100.0, 0.0), Step(count, 0, None, 0.0))


def _rolling(how: Deployment, count: int, zones: int) -> tuple[Step, ...]:
    """One more a zone at each step; as many of the old go once the ones before them serve."""
    each = min(zones, count)
    grown = [min(count, number) for number in range(each, count + each, each)]
    left = [count, *(count - it for it in grown)]
    watched = [Step(new, old, None, LOOK_S) for new, old in zip(grown, left, strict=False)]
    return (*watched, Step(count, 0, None, how.bake))


def _canary(how: Deployment, count: int, zones: int) -> tuple[Step, ...]:
    """As many new ones as their share of the traffic needs, and one a zone at least; all the old stay to the end."""
    least = min(zones, count)
    begun = [
        Step(max(least, min(count, ceil(count * it.weight / 100))), count, float(it.weight), it.time)
        for it in how.steps
    ]
    return (*begun, Step(count, count, 100.0, how.bake), Step(count, 0, None, 0.0))
