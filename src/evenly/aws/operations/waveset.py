"""The change sets of one wave: found again or made, worked out, compared with what was approved, and taken away where
they are not to be executed.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from evenly.aws.changes import templates
from evenly.aws.changes.approval import Excess, excesses
from evenly.aws.changes.losses import marks
from evenly.aws.changes.plan import Certainty, Plan, StackPlan
from evenly.aws.changes.provisional import Held, added, difference
from evenly.aws.cloud.facts import ChangeSetFacts, Identity, StackFacts
from evenly.aws.cloud.formation import Formation
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired, DesiredStack
from evenly.aws.operations.pins import check_parameters
from evenly.aws.operations.planning import detailed
from evenly.aws.operations.requests import Requests, set_name
from evenly.aws.operations.standing import Standing, standing
from evenly.aws.operations.watching import await_sets, check_made, is_empty
from evenly.errors import StateError

Supply = Callable[[str], str | None]  # of a parameter


class NotApprovedError(StateError):
    """A change set would do more than the plan said. `excesses`: by concern."""

    def __init__(self, found: Mapping[str, tuple[Excess, ...]], environment: str) -> None:
        told = [
            f"  {concern}: {it.resource} ({it.type}) {it.what}"
            for concern, those in found.items()
            for it in those
        ]
        super().__init__(
            "\n".join(
                ["more would be changed than the plan said, so nothing of this wave was begun:", *told]
            ),
            try_=f"Plan again, look at it, and deploy that: evenly plan -e {environment}",
        )
        self.excesses = dict(found)


class Ready(Struct, frozen=True):
    """A stack with its change set, worked out. `facts`: the stack as it was before; `None`: it was not there."""

    wanted: DesiredStack
    planned: StackPlan
    formation: Formation
    facts: StackFacts | None
    change_set: ChangeSetFacts


def is_of(plan: Plan, name: str) -> bool:
    """Whether a change set is one of the plan's, by its name or ARN."""
    return re.search(rf"(^|/){re.escape(set_name(plan.id))}(-\d+)?(/|$)", name) is not None


class WaveSets:
    """`outputs`: of the stacks of earlier waves, as they are now; `foundation`: that stack; `supply`: gives what the
    plan did not know, if it can be had now."""

    def __init__(
        self,
        cloud: Cloud,
        desired: Desired,
        plan: Plan,
        identity: Identity,
        clock: Clock,
        outputs: Mapping[str, Mapping[str, str]],
        foundation: StackFacts | None,
        supply: Supply,
    ) -> None:
        self._cloud = cloud
        self._desired = desired
        self._plan = plan
        self._clock = clock
        self._outputs = outputs
        self._supply = supply
        self._requests = Requests(cloud, desired, identity, foundation)

    def ready(self, found: Mapping[str, StackFacts | None]) -> list[Ready]:
        """Those of which something changes, approved all of them. `found`: the stacks as they are, by concern; `None`:
        not there. Raises NotApprovedError, and TargetError for a change set that can't be made; both leave nothing
        behind that was made for it."""
        begun = [(concern, *one) for concern, facts in found.items() if (one := self._begun(concern, facts))]
        worked_out = await_sets([(formation, arn, stack) for _, formation, arn, stack in begun], self._clock)
        ready = []
        for (concern, formation, _, stack), facts in zip(begun, worked_out, strict=True):
            if self._is_to_be_executed(formation, facts, stack):
                wanted, planned = self._desired.of(concern), self._plan.of(concern)
                ready.append(Ready(wanted, planned, formation, found[concern], facts))
        self._check_approved(ready)
        return ready

    def _begun(self, concern: str, facts: StackFacts | None) -> tuple[Formation, str, str] | None:
        """A change set that is there or is being made now; `None` where the plan knows that nothing changes."""
        planned, wanted = self._plan.of(concern), self._desired.of(concern)
        given = self._parameters(planned, wanted)
        check_parameters(planned, given, self._plan.environment)
        if facts and planned.certainty is Certainty.EXACT and not planned.changes and not planned.change_set:
            return None
        formation = self._cloud.formation(wanted.region)
        known = formation.sets(wanted.stack) if facts else ()
        arn = self._usable(formation, planned, known)
        if arn is None:
            name = _free_name(self._plan.id, [it.name for it in known])
            request = self._requests.change_set(wanted, given, self._plan.id, name, is_new=facts is None)
            arn = formation.create_set(request)
        return formation, arn, wanted.stack

    def _usable(
        self, formation: Formation, planned: StackPlan, known: Sequence[ChangeSetFacts]
    ) -> str | None:
        """The change set that was shown, or that was made before an interruption. Other ones of ours are left over."""
        found = None
        for it in known:
            if it.execution == "AVAILABLE" and (it.arn == planned.change_set or is_of(self._plan, it.name)):
                found = it.arn
            elif it.name.startswith(set_name("")) and not it.execution.startswith("EXECUTE"):
                formation.delete_set(it.arn)
        return found

    def _parameters(self, planned: StackPlan, wanted: DesiredStack) -> dict[str, str]:
        """The values that are known now. Raises StateError for one that nothing gives."""
        found = {}
        for name, value in planned.parameters.items():
            if name in wanted.upstream:
                now = self._outputs.get(wanted.upstream[name], {}).get(name)
            else:
                now = wanted.given.get(name, value)
                now = self._supply(name) if now is None else now
            if now is None:
                what = f"nothing says what its parameter {name} is."
                raise StateError(what, where=wanted.stack, try_=_SOURCES.get(name, _NO_SOURCE))
            found[name] = now
        return found

    def _is_to_be_executed(self, formation: Formation, facts: ChangeSetFacts, stack: str) -> bool:
        """Raises TargetError for one that could not be made."""
        if facts.status == "CREATE_COMPLETE":
            return True
        try:
            if not is_empty(facts):
                check_made(formation, facts, stack)
        finally:
            self._forget(formation, facts, stack)
        return False

    def _forget(self, formation: Formation, facts: ChangeSetFacts, stack: str) -> None:
        """Removes a change set, and with it the stack that was made for it and holds nothing."""
        formation.delete_set(facts.arn)
        found = formation.stack(stack)
        if found is not None and standing(found) is Standing.REVIEW:
            formation.delete(found.id, f"{set_name(self._plan.id)}-review")

    def _check_approved(self, ready: Sequence[Ready]) -> None:
        found = {it.wanted.concern: those for it in ready if (those := _excesses(it))}
        if found:
            for it in ready:
                if it.planned.change_set is None:
                    self._forget(it.formation, it.change_set, it.wanted.stack)
            raise NotApprovedError(found, self._plan.environment)


_SOURCES = {
    "Image": "Plan again: evenly plan -e ENV, which says what it is built from.",
    "HostedZoneId": "Make a public hosted zone for http.alias in Route 53, then plan again.",
}
_NO_SOURCE = "Give it a default, or take it from another stack's output: evenly lint -e ENV"


def _free_name(plan: str, taken: Sequence[str]) -> str:
    """For one more attempt another name: what was executed keeps its own."""
    first = set_name(plan)
    return next(it for it in (first, *(f"{first}-{n}" for n in range(2, len(taken) + 3))) if it not in taken)


def _excesses(it: Ready) -> tuple[Excess, ...]:
    old, compared = Held({}, {}), added(it.wanted.body)
    if it.facts is not None:
        text = it.formation.template(it.wanted.stack)
        old = Held(templates.read_template(text, it.wanted.stack), dict(it.facts.parameters))
        compared = difference(old, Held(it.wanted.body, it.planned.parameters))
    actual = detailed(it.change_set.changes, compared)
    return excesses(it.planned.changes, actual, it.planned.marks, marks(actual, old.template, it.wanted.body))
