"""Calls to AWS side by side, where none waits for another. One that is refused, or that is answered without what was
asked for, takes no other with it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from evenly.aws.cloud.refusals import DeniedError
from evenly.errors import EvenlyError, TargetError

AT_ONCE = 8  # a client holds ten connections unless told otherwise

Name = TypeVar("Name")
Known = TypeVar("Known")


def side_by_side(
    asks: Mapping[Name, Callable[[], Known]],
) -> tuple[dict[Name, Known], dict[Name, EvenlyError]]:
    """What was answered, and what was refused, each by its name."""
    known: dict[Name, Known] = {}
    refused: dict[Name, EvenlyError] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = {name: pool.submit(ask) for name, ask in asks.items()}
        for name, future in begun.items():
            try:
                known[name] = future.result()
            except EvenlyError as error:
                refused[name] = error
            except LookupError as error:
                refused[name] = TargetError(f"AWS answered without {error}.")
    return known, refused


def by_reason(refused: Mapping[str, EvenlyError]) -> dict[str, tuple[str, ...]]:
    """Each reason once, on one line, with the names that it hides."""
    found: dict[str, list[str]] = {}
    for name, error in refused.items():
        found.setdefault(reason(error), []).append(name)
    return {why: tuple(names) for why, names in found.items()}


def reason(error: EvenlyError) -> str:
    """What it is, on one line, and the statement that would allow it, if it is that."""
    try_ = error.try_ if isinstance(error, DeniedError) else None
    return " ".join(f"{error.what} {try_ or ''}".split())
