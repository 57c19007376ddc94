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

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar

from evenly.verify.client import Service
from evenly.verify.results import Evidence
from evenly.verify.target import Facts

Proof = Evidence | tuple[Evidence, ...]
MARK = "__evenly_check__"


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


@dataclass(frozen=True, slots=True)
class Probe:
    """What a check may use: the service by its address, and the target where there is one."""

    service: Service
    target: Facts | None

    def needs_target(self) -> Facts:
        """The target. Raises SkipError where only an address was given."""
        if self.target is None:
            raise SkipError("It needs an environment; only an address was given.")
        return self.target


@dataclass(frozen=True, slots=True)
class Check:
    """One promise. `id`: lower case, a dot between subject and promise. `run` returns the evidence, or raises."""

    id: str
    sentence: str
    run: Callable[[Probe], Proof]


F = TypeVar("F", bound=Callable[[Probe], Proof])


def check(id: str, sentence: str) -> Callable[[F], F]:
    """Make a function a check. Nothing is registered: checks are found in the modules that hold them."""

    def mark(function: F) -> F:
        setattr(function, MARK, Check(id, sentence, function))
        return function

    return mark


def checks_in(module: ModuleType) -> Iterator[Check]:
    """The checks that `module` defines, in the order in which it does."""
    for found in vars(module).values():
        marked = getattr(found, MARK, None)
        if isinstance(marked, Check) and getattr(found, "__module__", None) == module.__name__:
            yield marked
