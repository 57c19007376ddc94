"""Doing what a plan says, wave by wave: change sets are made or found, compared with what was approved, executed and
watched. CloudFormation holds all that is known of how far it is, so that whoever is interrupted begins again, and finds
what was done, done.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from evenly.aws.changes.plan import Plan
from evenly.aws.cloud.facts import Identity, StackFacts
from evenly.aws.operations.beside import Beside, Nothing
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.failures import StacksFailedError, failed
from evenly.aws.operations.pins import check_account, check_desired, check_updated
from evenly.aws.operations.requests import set_name
from evenly.aws.operations.standing import Standing, busy, standing, stuck
from evenly.aws.operations.watching import Running, Say, before, during, watch
from evenly.aws.operations.waveset import Ready, Supply, WaveSets, is_of


class Done(Struct, frozen=True):
    """How one stack ended: `made`, `changed`, `left as it is`, or `done before` by this very plan."""

    concern: str
    stack: str
    how: str


def deploy(
    cloud: Cloud,
    desired: Desired,
    plan: Plan,
    clock: Clock,
    say: Say,
    supply: Supply = lambda _: None,
    beside: Beside | None = None,
) -> tuple[Done, ...]:
    """`supply`: gives the parameters that the plan did not know, if they can be had now. Raises StateError
    (NotApprovedError among them) where it may not go on, TargetError where AWS refuses, StacksFailedError where a stack
    could not be changed."""
    identity = cloud.checked_identity(desired.account, desired.names.environment)
    check_account(plan, identity.account)
    check_desired(plan, desired)
    return _Deploying(cloud, desired, plan, clock, say, supply, beside or Nothing(), identity).run()


class _Deploying:
    def __init__(
        self,
        cloud: Cloud,
        desired: Desired,
        plan: Plan,
        clock: Clock,
        say: Say,
        supply: Supply,
        beside: Beside,
        identity: Identity,
    ) -> None:
        self._cloud = cloud
        self._desired = desired
        self._plan = plan
        self._clock = clock
        self._say = say
        self._supply = supply
        self._beside = beside
        self._identity = identity
        self._outputs: dict[str, Mapping[str, str]] = {}
        self._foundation: StackFacts | None = None

    def run(self) -> tuple[Done, ...]:
        return tuple(done for wave in self._plan.waves for done in self._wave(wave))

    def _wave(self, wave: Sequence[str]) -> list[Done]:
        self._finish_earlier(wave)
        self._beside.before(wave)
        found = {it: self._found(it) for it in wave}
        done = [it for it in wave if self._is_done(found[it])]
        ready = self._sets().ready({it: self._cleared(it, found[it]) for it in wave if it not in done})
        self._execute(ready)
        told = {it.wanted.concern: "changed" if it.facts else "made" for it in ready}
        for it in wave:
            self._learn(it)
        self._beside.after(wave)
        told |= dict.fromkeys(done, "done before")
        return [Done(it, self._desired.of(it).stack, told.get(it, "left as it is")) for it in wave]

    def _sets(self) -> WaveSets:
        return WaveSets(
            self._cloud,
            self._desired,
            self._plan,
            self._identity,
            self._clock,
            self._outputs,
            self._foundation,
            self._supply,
        )

    def _found(self, concern: str) -> StackFacts | None:
        wanted = self._desired.of(concern)
        return self._cloud.formation(wanted.region).stack(wanted.stack)

    def _learn(self, concern: str) -> None:
        """What the stacks of later waves take of this one; and it is guarded from now on where that is asked for."""
        facts = self._found(concern)
        if facts is None:
            return
        self._outputs[concern] = facts.outputs
        if concern == "foundation":
            self._foundation = facts
        if self._desired.production and not facts.is_protected:
            self._cloud.formation(self._desired.of(concern).region).protect(facts.name, on=True)

    # --- what was begun before

    def _finish_earlier(self, wave: Sequence[str]) -> None:
        """An operation of this plan that is under way is watched to its end, and a deletion of anybody's. Raises
        StateError for what else others do."""
        running = []
        for concern in wave:
            facts = self._found(concern)
            if facts is None or standing(facts) is not Standing.BUSY:
                continue
            if facts.status != "DELETE_IN_PROGRESS" and not self._is_ours(facts):
                raise busy(facts)
            self._say(concern, "goes on, as it was begun before")
            running.append(during(concern, self._cloud.formation(self._desired.of(concern).region), facts.id))
        self._watch(running)

    def _is_ours(self, facts: StackFacts) -> bool:
        """Whether a change set of this plan is what was executed last."""
        if facts.change_set is not None:
            return is_of(self._plan, facts.change_set)
        region = next(it.region for it in self._desired.stacks if it.stack == facts.name)
        known = self._cloud.formation(region).sets(facts.name)
        return any(is_of(self._plan, it.name) and it.execution.startswith("EXECUTE") for it in known)

    def _is_done(self, facts: StackFacts | None) -> bool:
        return (
            facts is not None
            and facts.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
            and self._is_ours(facts)
        )

    def _cleared(self, concern: str, facts: StackFacts | None) -> StackFacts | None:
        """The stack as the plan knows it: one that holds nothing is removed first. Raises StateError for one that is
        not in a state for it, or that was changed since the plan was made."""
        planned = self._plan.of(concern)
        match standing(facts), facts:
            case Standing.STUCK, StackFacts():
                raise stuck(facts, planned.region)
            case Standing.FALLEN, StackFacts():
                self._say(
                    concern, "could not be made the last time, and holds nothing: what is left of it goes"
                )
                self._remove(concern, facts)
                facts = None
            case Standing.REVIEW, StackFacts():
                self._remove(concern, facts)
                facts = None
            case Standing.READY, StackFacts(status="UPDATE_ROLLBACK_COMPLETE") if self._is_ours(facts):
                return facts  # this plan was tried before, and all is as it was
        check_updated(planned, facts.updated if facts else None, self._plan.environment)
        return facts

    def _remove(self, concern: str, facts: StackFacts) -> None:
        formation = self._cloud.formation(self._desired.of(concern).region)
        running = before(concern, formation, facts.id)
        role = self._desired.role(concern, self._identity.account, self._identity.partition)
        formation.delete(facts.id, f"{set_name(self._plan.id)}-clear", role)
        self._watch([running])

    # --- execution

    def _execute(self, ready: Sequence[Ready]) -> None:
        running = []
        for it in ready:
            running.append(before(it.wanted.concern, it.formation, it.change_set.stack_id))
            self._say(it.wanted.concern, "begins")
            it.formation.execute(it.change_set.arn, set_name(it.change_set.arn.rpartition("/")[2]))
        self._watch(running)

    def _watch(self, running: Sequence[Running]) -> None:
        """Raises StacksFailedError when all have ended, and one of them not well."""
        courses = watch(running, self._clock, self._say) if running else {}
        bad = [
            failed(it, self._desired.of(it).stack, course)
            for it, course in courses.items()
            if not course.is_good
        ]
        for it, course in courses.items():
            if course.is_good:
                self._say(it, "done")
        if bad:
            raise StacksFailedError(bad, self._plan.environment)
