"""Taking an environment down: stacks are deleted in the reverse of the order in which they were made, and what stays is
named, for it costs money. Templates say what stays; buckets are emptied only when that was asked for.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from evenly.aws.changes import templates
from evenly.aws.changes.types import Json
from evenly.aws.cloud.facts import Identity, ResourceFacts, StackFacts
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired, DesiredStack
from evenly.aws.operations.failures import StacksFailedError, failed
from evenly.aws.operations.leftover import left_over
from evenly.aws.operations.standing import Standing, busy, standing
from evenly.aws.operations.watching import Say, before, during, watch
from evenly.errors import StateError

BUCKET = "AWS::S3::Bucket"
STAYS = ("Retain", "RetainExceptOnCreate")


class Left(Struct, frozen=True):
    """What stays of a stack. `how`: `kept` as it is, or as a `snapshot`."""

    concern: str
    resource: str
    type: str
    physical: str
    how: str


class Held(Struct, frozen=True):
    """A stack that is there. `template`: empty where it holds nothing."""

    concern: str
    region: str
    facts: StackFacts
    template: Json
    resources: tuple[ResourceFacts, ...]


class Leaving(Struct, frozen=True):
    """What taking it down would do. `waves`: the stacks in the order of deleting; `left`: what stays; `buckets`: by
    name, those that have to be empty first."""

    waves: tuple[tuple[Held, ...], ...]
    left: tuple[Left, ...]
    buckets: tuple[str, ...]

    @property
    def stacks(self) -> tuple[Held, ...]:
        return tuple(it for wave in self.waves for it in wave)

    @property
    def is_protected(self) -> bool:
        return any(it.facts.is_protected for it in self.stacks)


def foresee(cloud: Cloud, desired: Desired) -> tuple[Leaving, Identity]:
    """What is there, and what would stay of it. Raises StateError for a stack that something is being done to, and for
    what guards itself against being deleted."""
    identity = cloud.checked_identity(desired.account, desired.names.environment)
    waves: list[tuple[Held, ...]] = [
        (_held(cloud, it.concern, it.region, it.facts),) for it in left_over(cloud, desired)
    ]
    waves += [_wave(cloud, [desired.of(it) for it in wave]) for wave in reversed(desired.waves)]
    held = [it for wave in waves for it in wave]
    _check_guards(held, desired)
    leaving = Leaving(
        tuple(wave for wave in waves if wave),
        tuple(left for it in held for left in _left(it)),
        tuple(name for it in held for name in _buckets(it)),
    )
    return leaving, identity


def take_down(
    cloud: Cloud,
    desired: Desired,
    leaving: Leaving,
    identity: Identity,
    clock: Clock,
    say: Say,
    *,
    empty: bool,
) -> None:
    """`empty`: the buckets that go are emptied first. Takes termination protection off. Raises StacksFailedError for a
    stack that stays."""
    for wave in leaving.waves:
        running = []
        for it in wave:
            formation = cloud.formation(it.region)
            if it.facts.status == "DELETE_IN_PROGRESS":
                running.append(during(it.concern, formation, it.facts.id))
                continue
            if it.facts.is_protected:
                formation.protect(it.facts.name, on=False)
            for name in _buckets(it) if empty else ():
                say(it.concern, f"{name} emptied of {cloud.storage(it.region).empty(name)} objects")
            running.append(before(it.concern, formation, it.facts.id))
            say(it.concern, "begins to go")
            role = desired.role(it.concern, identity.account, identity.partition)
            formation.delete(it.facts.id, f"evenly-down-{round(clock.now())}", role)
        courses = watch(running, clock, say)
        bad = [
            failed(it.concern, it.facts.name, courses[it.concern])
            for it in wave
            if courses[it.concern].status != "DELETE_COMPLETE"
        ]
        if bad:
            raise StacksFailedError(bad, desired.names.environment, _TRY.format(desired.names.environment))
        for it in wave:
            say(it.concern, "gone")


_TRY = "Mend what it names (a bucket that is not empty: --empty-buckets), then: evenly down -e {}"


def _wave(cloud: Cloud, wave: Sequence[DesiredStack]) -> tuple[Held, ...]:
    found = [(it, cloud.formation(it.region).stack(it.stack)) for it in wave]
    return tuple(_held(cloud, it.concern, it.region, facts) for it, facts in found if facts is not None)


def _held(cloud: Cloud, concern: str, region: str, facts: StackFacts) -> Held:
    formation = cloud.formation(region)
    found = standing(facts)
    if found is Standing.BUSY and facts.status != "DELETE_IN_PROGRESS":
        raise busy(facts)
    if found in (Standing.REVIEW, Standing.FALLEN):
        return Held(concern, region, facts, {}, ())
    template = templates.read_template(formation.template(facts.id), facts.name)
    return Held(concern, region, facts, template, formation.resources(facts.id))


def _policies(it: Held) -> Iterator[tuple[ResourceFacts, Json]]:
    said = templates.resources(it.template)
    for resource in it.resources:
        if resource.status != "DELETE_COMPLETE" and resource.resource in said:
            yield resource, said[resource.resource]


def _left(it: Held) -> Iterator[Left]:
    for resource, said in _policies(it):
        policy = said.get("DeletionPolicy")
        if policy in STAYS or policy == "Snapshot":
            how = "snapshot" if policy == "Snapshot" else "kept"
            yield Left(it.concern, resource.resource, resource.type, resource.physical, how)


def _buckets(it: Held) -> Iterator[str]:
    for resource, said in _policies(it):
        if resource.type == BUCKET and said.get("DeletionPolicy") not in STAYS:
            yield resource.physical


def _check_guards(held: Sequence[Held], desired: Desired) -> None:
    for it in held:
        for resource, said in _policies(it):
            if _is_guarded(said.get("Properties") or {}):
                what = f"{resource.resource} ({resource.type}) is guarded against being deleted."
                environment = desired.names.environment
                try_ = f"Set production: false for {environment}, evenly deploy -e {environment}, then this again."
                raise StateError(what, where=it.facts.name, try_=try_)


def _is_guarded(said: Json) -> bool:
    if any(_is_on(said.get(name)) for name in ("DeletionProtection", "DeletionProtectionEnabled")):
        return True
    attributes = said.get("LoadBalancerAttributes") or ()
    return any(
        it.get("Key") == "deletion_protection.enabled" and _is_on(it.get("Value")) for it in attributes
    )


def _is_on(said: object) -> bool:
    return str(said).lower() == "true"
