"""Stages of a load as people write them: `--rate 100,500,1000 --for 30s`. Pure."""

from collections.abc import Callable
from itertools import repeat
from typing import TypeVar

from evenly.errors import UsageError
from evenly.manifest.units import parse_duration
from evenly.verify._schedule import Stage

T = TypeVar("T")

MOST_STAGES = 100
MOST_RATE = 100_000.0


def parse_stages(rates: str, durations: str) -> tuple[Stage, ...]:
    """One stage a rate, one stage a duration; where there is one of either, it is that of every stage.

    Raises UsageError for what is no rate or duration, and for two lists of different lengths.
    """
    found, lasting = _each("--rate", rates, _rate), _each("--for", durations, _duration)
    count = max(len(found), len(lasting))
    if count > MOST_STAGES:
        raise UsageError(f"{count} stages are too many: {MOST_STAGES} at most.", where="--rate")
    if {len(found), len(lasting)} - {1, count}:
        raise UsageError(
            f"{len(found)} rates and {len(lasting)} durations do not make stages.",
            where="--for",
            try_="Give as many durations as rates, or one for all.",
        )
    return tuple(map(Stage, _spread(found, count), _spread(lasting, count)))


def _each(option: str, text: str, read: Callable[[str], T]) -> list[T]:
    found = []
    for word in text.split(","):
        try:
            found.append(read(word.strip()))
        except ValueError as error:
            example = "500, or 100,500,1000" if option == "--rate" else "30s, or 10s,2m,10s"
            raise UsageError(str(error), where=option, try_=f"Give one like {example}.") from None
    return found


def _rate(word: str) -> float:
    try:
        rate = float(word.removesuffix("/s"))
    except ValueError:
        raise ValueError(f"{word!r} is no rate, in requests a second.") from None
    if not 0 < rate <= MOST_RATE:
        raise ValueError(f"{word} is no rate: it has to be above 0, and at most {MOST_RATE:g}.")
    return rate


def _duration(word: str) -> float:
    try:
        seconds = parse_duration(word)
    except ValueError:
        raise ValueError(f"{word!r} is no duration.") from None
    if seconds <= 0:
        raise ValueError("A stage of no time sends nothing.")
    return float(seconds)


def _spread(found: list[T], count: int) -> list[T]:
    return found if len(found) == count else list(repeat(found[0], count))
