"""Drift: what was changed past the stacks. The search is begun for all of them, and collected when everything else is
done. What can't be found out is said, and stops nothing.
"""

from collections.abc import Sequence

from evenly.aws.changes.plan import Drifted
from evenly.aws.cloud.facts import StackFacts
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.errors import TargetError

LONGEST_S = 120.0  # of waiting; AWS says "up to several minutes" for large stacks


class DriftSearch:
    def __init__(self, cloud: Cloud, clock: Clock) -> None:
        self._cloud = cloud
        self._clock = clock
        self._open: dict[str, tuple[str, StackFacts, str]] = {}
        self._found: dict[str, tuple[Drifted, ...]] = {}
        self._notes: list[str] = []

    def begin(self, stacks: Sequence[tuple[str, str, StackFacts]]) -> None:
        """`stacks`: concern, region, and the stack as it is."""
        for concern, region, facts in stacks:
            try:
                self._open[concern] = (region, facts, self._cloud.formation(region).detect_drift(facts.name))
            except TargetError as error:
                self._note(concern, error.what)

    def collected(self) -> tuple[dict[str, tuple[Drifted, ...]], tuple[str, ...]]:
        """What has drifted, by concern, of the stacks in which it could be found out; and notes on the others."""
        until = self._clock.now() + LONGEST_S
        for _ in self._clock.rounds():
            for concern in tuple(self._open):
                self._ask(concern)
            if not self._open or self._clock.now() >= until:
                break
        for concern in self._open:
            self._note(concern, "AWS is still looking.")
        return self._found, tuple(self._notes)

    def _ask(self, concern: str) -> None:
        region, facts, id_ = self._open[concern]
        try:
            said = self._cloud.formation(region).detection(id_, facts.name)
        except TargetError as error:
            del self._open[concern]
            self._note(concern, error.what)
            return
        if said.status == "DETECTION_IN_PROGRESS":
            return
        del self._open[concern]
        if said.status == "DETECTION_COMPLETE":
            self._found[concern] = said.drifted
        else:
            self._note(concern, said.reason or said.status)

    def _note(self, concern: str, why: str) -> None:
        self._notes.append(f"Whether {concern} has drifted could not be found out: {why.rstrip('.')}.")
