"""The fleet: what is known of every instance, and how each event changes it. Pure: no clock, no I/O.

`apply` is the only way from one fleet to the next, so a recorded sequence of events can be replayed.
Times are seconds of the machine's monotonic clock, which runs on across processes until a reboot.
"""

from collections.abc import Callable, Mapping
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.rollout import Failure as Failure
from evenly.core.rollout import Rollout, RolloutSet, new_one_ended, with_rollout
from evenly.core.status import InstanceState

STABLE_AFTER_S = 2.0  # an instance that served this long was no failed launch


class ProcessRef(Struct, frozen=True):
    """A process, told apart from a later one with the same `pid` by `started`, an opaque token."""

    pid: int
    started: str


class Instance(Struct, frozen=True):
    """One instance. `since`: when it came into its state; `healthy_since`: when it last became healthy.

    `listening`: it accepts connections, so the balancer may ask for its health. `killed`: SIGKILL was sent.
    `given_up`: it was killed because it never became healthy. `outdated`: why it has to be replaced, as a clause
    (`its certificate ends on 2027-01-24`).
    `launched_at` is monotonic, `started_at` the same moment as an RFC 3339 time for people.
    """

    id: str
    zone: str
    address: str
    release: int
    state: InstanceState
    launched_at: float
    started_at: str
    since: float
    process: ProcessRef | None = None
    listening: bool = False
    healthy_since: float | None = None
    active_requests: int = 0
    killed: bool = False
    given_up: bool = False
    outdated: str | None = None


class ZoneFact(Struct, frozen=True):
    name: str
    available: bool = True


class Fleet(Struct, frozen=True):
    """All instances of an environment and what is wanted of them.

    `failures` counts launches in a row that came to nothing; `failed` describes the last of them. `rollout`: another
    release is on its way beside `release`.
    """

    desired: int
    release: int
    zones: tuple[ZoneFact, ...]
    instances: tuple[Instance, ...] = ()
    failures: int = 0
    failed: Failure | None = None
    rollout: Rollout | None = None


class Health(Struct, frozen=True):
    """What the balancer says of one instance: healthy or not, and its requests in flight."""

    healthy: bool
    active_requests: int = 0


class Launched(Struct, frozen=True):
    """An instance was decided on and recorded; its process comes next."""

    id: str
    zone: str
    address: str
    release: int
    started_at: str


class Started(Struct, frozen=True):
    id: str
    process: ProcessRef


class Listening(Struct, frozen=True):
    id: str


class Exited(Struct, frozen=True):
    """An instance's process is gone. `why`: a sentence for a person."""

    id: str
    why: str


class HealthSeen(Struct, frozen=True):
    """The balancer's view, by instance id. An instance it does not know is not in it."""

    health: Mapping[str, Health]


class Drained(Struct, frozen=True):
    """Draining has begun."""

    id: str


class StopSent(Struct, frozen=True):
    id: str


class KillSent(Struct, frozen=True):
    id: str


class Outdated(Struct, frozen=True):
    """These instances serve, but have to be replaced. `why`: a clause. The first reason stays."""

    ids: tuple[str, ...]
    why: str


class DesiredSet(Struct, frozen=True):
    count: int


class ZoneSet(Struct, frozen=True):
    name: str
    available: bool


Event = (
    Launched
    | Started
    | Listening
    | Exited
    | HealthSeen
    | Drained
    | StopSent
    | KillSent
    | Outdated
    | DesiredSet
    | ZoneSet
    | RolloutSet
)


def apply(fleet: Fleet, event: Event, now: float) -> Fleet:
    """The fleet after `event`. An event about an instance that is gone changes nothing."""
    match event:
        case Launched():
            return _launched(fleet, event, now)
        case Started(id, process):
            return _change(fleet, id, lambda it: replace(it, process=process))
        case Listening(id):
            return _change(fleet, id, lambda it: replace(it, listening=True))
        case Exited(id, why):
            return _exited(fleet, id, why, now)
        case HealthSeen(health):
            return _health_seen(fleet, health, now)
        case Drained(id):
            return _change(fleet, id, lambda it: _to(it, InstanceState.DRAINING, now))
        case StopSent(id):
            return _change(fleet, id, lambda it: _to(it, InstanceState.STOPPING, now))
        case KillSent(id):
            return _change(fleet, id, lambda it: _killed(it, now))
        case Outdated(ids, why):
            return _outdated(fleet, ids, why)
        case DesiredSet(count):
            return replace(fleet, desired=count)
        case ZoneSet(name, available):
            return replace(fleet, zones=tuple(_zone_set(zone, name, available) for zone in fleet.zones))
        case RolloutSet(rollout):
            return with_rollout(fleet, rollout)
        case _:
            assert_never(event)


def is_failing(instance: Instance, now: float, patience: float) -> bool:
    """Was healthy, and has failed its health checks for longer than `patience` seconds."""
    return instance.state is InstanceState.UNHEALTHY and now - instance.since >= patience


def find(fleet: Fleet, id: str) -> Instance | None:
    return next((it for it in fleet.instances if it.id == id), None)


def _launched(fleet: Fleet, event: Launched, now: float) -> Fleet:
    new = Instance(
        id=event.id,
        zone=event.zone,
        address=event.address,
        release=event.release,
        state=InstanceState.LAUNCHING,
        launched_at=now,
        started_at=event.started_at,
        since=now,
    )
    return replace(fleet, instances=(*fleet.instances, new))


def _exited(fleet: Fleet, id: str, why: str, now: float) -> Fleet:
    gone = find(fleet, id)
    if gone is None:
        return fleet
    rest = replace(fleet, instances=tuple(it for it in fleet.instances if it.id != id))
    failed = Failure(id, gone.zone, now, why)
    if fleet.rollout and gone.release == fleet.rollout.release:
        return new_one_ended(fleet, rest, gone, failed)
    if not _failed_launch(gone, now):
        return rest
    return replace(rest, failures=fleet.failures + 1, failed=failed)


def _failed_launch(gone: Instance, now: float) -> bool:
    """It ended without having served for a while, and not because it was asked to."""
    if gone.given_up or gone.state is InstanceState.LAUNCHING:
        return True
    served_s = now - gone.healthy_since if gone.healthy_since is not None else 0.0
    return gone.state in (InstanceState.HEALTHY, InstanceState.UNHEALTHY) and served_s < STABLE_AFTER_S


def _health_seen(fleet: Fleet, health: Mapping[str, Health], now: float) -> Fleet:
    seen = replace(fleet, instances=tuple(_with_health(it, health.get(it.id), now) for it in fleet.instances))
    return replace(seen, failures=0, failed=None) if _launches_succeed(seen, now) else seen


def _launches_succeed(fleet: Fleet, now: float) -> bool:
    """Since the last failed launch another instance became healthy, and has stayed so."""
    failed = fleet.failed
    return failed is not None and any(
        it.state is InstanceState.HEALTHY
        and it.healthy_since is not None
        and it.healthy_since > failed.at
        and now - it.healthy_since >= STABLE_AFTER_S
        for it in fleet.instances
    )


def _with_health(instance: Instance, seen: Health | None, now: float) -> Instance:
    if seen is None:
        return instance
    instance = replace(instance, active_requests=seen.active_requests)
    match instance.state:
        case InstanceState.LAUNCHING | InstanceState.UNHEALTHY if seen.healthy:
            return replace(_to(instance, InstanceState.HEALTHY, now), healthy_since=now)
        case InstanceState.HEALTHY if not seen.healthy:
            return _to(instance, InstanceState.UNHEALTHY, now)
        case _:
            return instance


def _to(instance: Instance, state: InstanceState, now: float) -> Instance:
    return instance if instance.state is state else replace(instance, state=state, since=now)


def _killed(instance: Instance, now: float) -> Instance:
    given_up = instance.given_up or instance.state is InstanceState.LAUNCHING
    return replace(_to(instance, InstanceState.STOPPING, now), killed=True, given_up=given_up)


def _outdated(fleet: Fleet, ids: tuple[str, ...], why: str) -> Fleet:
    for id in ids:
        fleet = _change(fleet, id, lambda it: replace(it, outdated=it.outdated or why))
    return fleet


def _change(fleet: Fleet, id: str, change: Callable[[Instance], Instance]) -> Fleet:
    return replace(fleet, instances=tuple(change(it) if it.id == id else it for it in fleet.instances))


def _zone_set(zone: ZoneFact, name: str, available: bool) -> ZoneFact:
    return replace(zone, available=available) if zone.name == name else zone
