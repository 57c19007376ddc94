"""The catalogue of acceptance checks: what a check is, how one says pass, fail or skipped, and how all are found.

A check is a plain function that takes a `Probe` and returns its evidence:

    @check("greeting.there", "The page greets")
    def greets(probe: Probe) -> Evidence:
        answer = probe.service.get("/")
        if "hello" not in answer.text:
            raise FailError("There is no hello on the page.", answer.evidence)
        return answer.evidence

Ours are the modules of `evenly.verify.checks`, the user's the files of the folder `checks` beside the manifest.
"""

import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TypeVar

from msgspec import Struct

from evenly.verify.client import Service
from evenly.verify.results import Evidence
from evenly.verify.target import Facts

Proof = Evidence | tuple[Evidence, ...] | None  # `None`: it holds, and there is nothing to show
MARK = "__evenly_check__"
DEADLINE_S = 20.0
_ID = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class FailError(Exception):
    """The promise does not hold. `why`: a sentence that says what was seen in place of what."""

    def __init__(self, why: str, *evidence: Evidence) -> None:
        super().__init__(why)
        self.why = why
        self.evidence = evidence


class SkipError(Exception):
    """It can't be said here. `why`: a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Probe(Struct, frozen=True):
    """What a check may use: the service by its address, and the target where there is one."""

    service: Service
    target: Facts | None

    def needs_target(self) -> Facts:
        """The target. Raises SkipError where only an address was given."""
        if self.target is None:
            raise SkipError("It needs an environment; only an address was given.")
        return self.target


class Check(Struct, frozen=True):
    """One promise. `run` returns the evidence, or raises. `advice`: what to try when it fails, a sentence.

    `alone`: nothing else asks the service meanwhile. `deadline_s`: after which it has failed.
    """

    id: str
    sentence: str
    run: Callable[[Probe], Proof]
    advice: str = ""
    alone: bool = False
    deadline_s: float = DEADLINE_S

    @property
    def subject(self) -> str:
        """The id up to its first dot."""
        return self.id.partition(".")[0]


F = TypeVar("F", bound=Callable[[Probe], Proof])


def check(
    id: str, sentence: str, *, advice: str = "", alone: bool = False, deadline_s: float = DEADLINE_S
) -> Callable[[F], F]:
    """Make a function a check. Nothing is registered: checks are found in the modules that hold them.

    Raises ValueError for an id that is none: lower case, a dot between subject and promise.
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is no id of a check: write subject.promise, in a-z, 0-9 and -")

    def mark(function: F) -> F:
        setattr(function, MARK, Check(id, sentence, function, advice, alone, deadline_s))
        return function

    return mark


def checks_in(module: ModuleType) -> Iterator[Check]:
    """The checks that `module` defines, in the order in which it does."""
    for found in vars(module).values():
        marked = getattr(found, MARK, None)
        if isinstance(marked, Check) and getattr(found, "__module__", None) == module.__name__:
            yield marked
