"""Making a plan: every stack is asked after, change sets are made where they can be, and the templates compared where
not. Nothing that runs is changed; left-over change sets of ours are removed.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenly.aws.changes import templates
from evenly.aws.changes.access import access_changes
from evenly.aws.changes.estimate import estimate
from evenly.aws.changes.losses import marks
from evenly.aws.changes.plan import Certainty, Drifted, LeftStack, Plan, StackPlan
from evenly.aws.changes.provisional import Held, added, difference, unsettled_outputs
from evenly.aws.changes.types import Action, Change
from evenly.aws.cloud.facts import ChangeSetFacts, Identity, SetRequest, StackFacts
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired, DesiredStack
from evenly.aws.operations.driftsearch import DriftSearch
from evenly.aws.operations.leftover import left_over
from evenly.aws.operations.lookups import Looked
from evenly.aws.operations.requests import Requests, set_name
from evenly.aws.operations.standing import Standing, busy, standing, stuck
from evenly.aws.operations.watching import await_sets, check_made, is_empty

RELEASE = "Release"


class Seen(Struct, frozen=True):
    """A stack as it was found. `old`: its template and parameters; of one that is not there, empty ones."""

    wanted: DesiredStack
    facts: StackFacts | None
    old: Held
    parameters: Mapping[str, str | None]
    unknown: str | None

    @property
    def new(self) -> Held:
        return Held(self.wanted.body, self.parameters)


class _Result(Struct, frozen=True):
    plan: StackPlan
    unsettled: frozenset[str]


def make_plan(
    cloud: Cloud, desired: Desired, looked: Looked, clock: Clock, id_: str, *, search_drift: bool = True
) -> Plan:
    """`id_`: of the plan. Raises
    StateError for a stack that is not in a state for it."""
    identity = cloud.checked_identity(desired.account, desired.names.environment)
    return _Planning(cloud, desired, looked, clock, id_, identity).plan(search_drift)


class _Planning:
    """One planning, wave by wave: what is certain of a stack depends on those before it."""

    def __init__(
        self, cloud: Cloud, desired: Desired, looked: Looked, clock: Clock, id_: str, identity: Identity
    ) -> None:
        self._cloud = cloud
        self._desired = desired
        self._looked = looked
        self._clock = clock
        self._id = id_
        self._identity = identity
        self._facts = {it.concern: self._found(it) for it in desired.stacks}
        self._done: dict[str, _Result] = {}

    def plan(self, search_drift: bool) -> Plan:
        drift = DriftSearch(self._cloud, self._clock)
        if search_drift:
            drift.begin(
                [(it, self._desired.of(it).region, facts) for it, facts in self._facts.items() if facts]
            )
        for wave in self._desired.waves:
            self._plan_wave([self._seen(self._desired.of(it)) for it in wave])
        found, notes = drift.collected()
        return Plan(
            id=self._id,
            service=self._desired.names.service,
            environment=self._desired.names.environment,
            account=self._identity.account,
            region=self._desired.region,
            made=self._clock.today(),
            waves=self._desired.waves,
            stacks=tuple(self._with_drift(it.concern, found) for it in self._desired.stacks),
            estimate=estimate(
                [(it.body, self._done[it.concern].plan.parameters) for it in self._desired.stacks],
                self._desired.region,
            ),
            assets={it.key: it.sha256 for it in self._desired.assets},
            left=tuple(
                LeftStack(it.concern, it.facts.name, it.region)
                for it in left_over(self._cloud, self._desired)
            ),
            notes=(*self._desired.notes, *notes),
            source=self._desired.source,
        )

    def _with_drift(self, concern: str, found: Mapping[str, tuple[Drifted, ...]]) -> StackPlan:
        return replace(self._done[concern].plan, drift=found.get(concern))

    # --- what is there

    def _found(self, wanted: DesiredStack) -> StackFacts | None:
        """`None` for one that holds nothing, too."""
        facts = self._cloud.formation(wanted.region).stack(wanted.stack)
        match standing(facts), facts:
            case Standing.BUSY, StackFacts():
                raise busy(facts)
            case Standing.STUCK, StackFacts():
                raise stuck(facts, wanted.region)
            case Standing.READY, found:
                return found
            case _:
                return None

    def _seen(self, wanted: DesiredStack) -> Seen:
        facts = self._facts[wanted.concern]
        old = Held({}, {})
        if facts is not None:
            text = self._cloud.formation(wanted.region).template(wanted.stack)
            old = Held(templates.read_template(text, wanted.stack), dict(facts.parameters))
        values = {it: self._value(wanted, it, facts) for it in _asked(wanted)}
        fallback = templates.defaults(wanted.body)
        parameters = {it: value for it, value in values.items() if value is not None or it not in fallback}
        if RELEASE in parameters:
            parameters[RELEASE] = _release(wanted, parameters, facts, old)
        unknown = next((it for it, value in parameters.items() if value is None), None)
        return Seen(wanted, facts, old, parameters, unknown)

    def _value(self, wanted: DesiredStack, parameter: str, facts: StackFacts | None) -> str | None:
        if parameter in wanted.given:
            return wanted.given[parameter]
        if parameter in wanted.upstream:
            return self._output(wanted.upstream[parameter], parameter)
        if parameter in self._looked.coming:
            return None
        before = facts.parameters.get(parameter) if facts else None
        if before is not None and parameter in self._looked.kept:
            return before
        looked = self._looked.values.get(parameter)
        return before if looked is None else looked

    def _output(self, concern: str, name: str) -> str | None:
        """Of another stack; `None` while it may become another one."""
        facts = self._facts[concern]
        if facts is None or name in self._done[concern].unsettled:
            return None
        return facts.outputs.get(name)

    # --- what becomes of it

    def _plan_wave(self, wave: Sequence[Seen]) -> None:
        whys = {it.wanted.concern: self._why_provisional(it) for it in wave}
        exact = [it for it in wave if whys[it.wanted.concern] is None]
        for it, facts in zip(exact, self._sets_of(exact), strict=True):
            self._done[it.wanted.concern] = self._exact(it, facts)
        for it in wave:
            why = whys[it.wanted.concern]
            if why is not None:
                self._done[it.wanted.concern] = self._provisional(it, why)

    def _why_provisional(self, it: Seen) -> str | None:
        """As a sentence; `None`: a change set can be made of it."""
        if it.facts is None:
            return "It is not there yet."
        if it.unknown is not None:
            whose = it.wanted.upstream.get(it.unknown)
            return f"It takes {it.unknown}{f' of {whose}' if whose else ''}, which is not known yet."
        return None

    def _sets_of(self, exact: Sequence[Seen]) -> list[ChangeSetFacts]:
        """Of each a change set, worked out side by side."""
        requests = Requests(self._cloud, self._desired, self._identity, self._facts.get("foundation"))
        made = []
        for it in exact:
            formation = self._cloud.formation(it.wanted.region)
            remove_left_sets(self._cloud, it.wanted)
            given = {name: value for name, value in it.parameters.items() if value is not None}
            request: SetRequest = requests.change_set(
                it.wanted, given, self._id, set_name(self._id), is_new=False
            )
            made.append((formation, formation.create_set(request), it.wanted.stack))
        return await_sets(made, self._clock)

    def _exact(self, it: Seen, facts: ChangeSetFacts) -> _Result:
        formation = self._cloud.formation(it.wanted.region)
        if is_empty(facts):
            formation.delete_set(facts.arn)
            return self._result(it, (), None, None)
        if facts.status != "CREATE_COMPLETE":
            formation.delete_set(facts.arn)
        check_made(formation, facts, it.wanted.stack)
        return self._result(it, detailed(facts.changes, difference(it.old, it.new)), None, facts.arn)

    def _provisional(self, it: Seen, why: str) -> _Result:
        changes = added(it.wanted.body) if it.facts is None else difference(it.old, it.new)
        return self._result(it, changes, why, None)

    def _result(self, it: Seen, changes: tuple[Change, ...], why: str | None, arn: str | None) -> _Result:
        old, new = it.old.template, it.wanted.body
        plan = StackPlan(
            concern=it.wanted.concern,
            stack=it.wanted.stack,
            region=it.wanted.region,
            certainty=Certainty.EXACT if why is None else Certainty.PROVISIONAL,
            why=why,
            changes=changes,
            access=access_changes(changes, old, new),
            marks=marks(changes, old, new),
            template=it.wanted.sha256,
            parameters=it.parameters,
            updated=it.facts.updated if it.facts else None,
            change_set=arn,
        )
        return _Result(plan, unsettled_outputs(it.old, it.new, changes))


def _asked(wanted: DesiredStack) -> tuple[str, ...]:
    """The parameters that are given a value: those whose default holds are not."""
    named = (*wanted.given, *wanted.upstream, *wanted.looked_up)
    return tuple(it for it in templates.parameters(wanted.body) if it in named)


def _release(
    wanted: DesiredStack, parameters: Mapping[str, str | None], facts: StackFacts | None, old: Held
) -> str:
    """The number of the release: the next one where anything else of the stack is another."""
    before = facts.parameters.get(RELEASE) if facts else None
    if facts is None or before is None or not before.isdigit():
        return "1"
    others = {name: value for name, value in parameters.items() if name != RELEASE}
    same = all(facts.parameters.get(name) == value for name, value in others.items())
    return before if same and old.template == wanted.body else str(int(before) + 1)


def detailed(changes: tuple[Change, ...], compared: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes of a change set, with the properties that the templates tell where CloudFormation tells none."""
    known = {it.resource: it for it in compared}
    return tuple(
        replace(it, properties=known[it.resource].properties)
        if it.action is Action.MODIFY and not it.properties and it.resource in known
        else it
        for it in changes
    )


def remove_left_sets(cloud: Cloud, wanted: DesiredStack) -> None:
    """The change sets of ours that were never executed."""
    formation = cloud.formation(wanted.region)
    for it in formation.sets(wanted.stack):
        if it.name.startswith(set_name("")) and not it.execution.startswith("EXECUTE"):
            formation.delete_set(it.arn)
