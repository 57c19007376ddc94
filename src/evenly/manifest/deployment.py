"""What a manifest may say of deploys: the strategy, a canary's steps, the limits that roll back. Pure."""

import re

import msgspec

from evenly.manifest.checks import InvalidError, duration, one_value, whole
from evenly.manifest.tree import Mapping, Node, Sequence
from evenly.manifest.types import CanaryStep

STRATEGIES = ("rolling", "blue-green", "canary")
MOST_STEPS = 20
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%", re.ASCII)
_STEPS = "Write steps such as [{weight: 10, time: 30s}, {weight: 50, time: 1m}]."
_STEP = {"weight": whole(1, 99), "time": duration("1s", "24h", "30s")}


def strategy(node: Node) -> str:
    advice = "Write rolling, blue-green or canary."
    text = one_value(node, advice)
    if text not in STRATEGIES:
        raise InvalidError("is not a strategy.", advice)
    return text


def percentage(node: Node) -> float:
    """A share in percent, from 0 to 100."""
    advice = "Write a percentage, such as 1%."
    found = _PERCENT.fullmatch(one_value(node, advice))
    if not found or float(found[1]) > 100:
        raise InvalidError("is not a percentage.", advice)
    return float(found[1])


def canary_steps(node: Node) -> tuple[CanaryStep, ...]:
    """The shares of the traffic, growing, each with how long it is held."""
    if not isinstance(node, Sequence) or not 1 <= len(node.items) <= MOST_STEPS:
        raise InvalidError(f"is not a list of 1 to {MOST_STEPS} steps.", _STEPS)
    steps = tuple(_step(number, item) for number, item in enumerate(node.items, 1))
    weights = [it.weight for it in steps]
    if weights != sorted(set(weights)):
        raise InvalidError("has a step that does not grow.", "Write each weight larger than the one before.")
    return steps


def _step(number: int, node: Node) -> CanaryStep:
    said = {entry.key.text: entry.value for entry in node.entries} if isinstance(node, Mapping) else {}
    if said.keys() != _STEP.keys():
        raise InvalidError(f"has a step {number} that is not a weight and a time.", _STEPS)
    try:
        return msgspec.convert({key: check(said[key]) for key, check in _STEP.items()}, CanaryStep)
    except InvalidError as wrong:
        raise InvalidError(f"has a step {number} of which a value {wrong.what}", wrong.try_) from None
