"""Fleet planning: from the fleet as it is to the actions that bring it where it should be. Pure.

The rules, in the order in which they are applied:

1. What was asked to stop is stopped, and killed when it doesn't.
2. What never became healthy within its grace period is killed; a launch that came to nothing.
3. Every zone that is available is to hold its share. Launching comes first; after failed launches it backs off.
4. What is more than a zone's share, or has stayed unhealthy, is retired, but only as far as the fleet still
   serves with all its desired instances without it: launch before terminate, never under the capacity.
5. What is outdated is replaced in the same way, one a zone at once: see `replacing`.
"""

from collections import Counter

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.fleet import Fleet, Instance, is_failing
from evenly.core.replacing import replaceable, surge, with_surge
from evenly.core.rollout import cohorts
from evenly.core.spread import shares
from evenly.core.status import InstanceState

DRAIN_AT_LEAST_S = 0.25  # the balancer takes up to 15 ms to take a change of endpoints; keep well beyond it
LONGEST_BACKOFF_S = 30.0


class FleetPolicy(Struct, frozen=True):
    """All in seconds. grace_period: for a new instance to become healthy. patience: for an unhealthy one to recover.
    deregistration_delay: at most, for requests in flight. stop_timeout: from SIGTERM to SIGKILL.
    """

    grace_period: float = 30.0
    patience: float = 5.0
    deregistration_delay: float = 10.0
    stop_timeout: float = 10.0


class Launch(Struct, frozen=True):
    zone: str
    why: str
    release: int


class Drain(Struct, frozen=True):
    """Take the instance out of the balancer's rotation and let it finish."""

    id: str
    why: str


class Stop(Struct, frozen=True):
    """SIGTERM."""

    id: str
    why: str


class Kill(Struct, frozen=True):
    """SIGKILL."""

    id: str
    why: str


Action = Launch | Drain | Stop | Kill


class Plan(Struct, frozen=True):
    """What to do now, and when at the latest to plan again (monotonic seconds), events aside."""

    actions: tuple[Action, ...]
    wake_at: float | None


def plan(fleet: Fleet, policy: FleetPolicy, now: float) -> Plan:
    """The actions for `fleet` at `now`. The same fleet at the same time has always the same plan."""
    each = [(it, replace(policy, grace_period=grace)) for it, grace in cohorts(fleet, policy.grace_period)]
    plans = [_plan(cohort, its_own, now) for cohort, its_own in each]
    times = [it.wake_at for it in plans if it.wake_at is not None]
    return Plan(tuple(action for it in plans for action in it.actions), min(times, default=None))


def _plan(fleet: Fleet, policy: FleetPolicy, now: float) -> Plan:
    held = _held(fleet, policy, now)
    share = _shares(fleet, held)
    wanted = share | _with_new_ones(fleet, held, share)
    launches = _launch(fleet, held, share, wanted, now)
    actions = (
        *_finish(fleet, policy, now),
        *_give_up(fleet, policy, now),
        *launches,
        *_retire(fleet, policy, held, wanted, now),
        *(() if launches else _replace(fleet, held, wanted)),
    )
    return Plan(actions, _next_deadline(fleet, policy, now))


def backoff_s(failures: int) -> float:
    """How long to wait after `failures` launches in a row came to nothing: at once, then 1, 2, 4 ... 30 s."""
    return 0.0 if failures < 2 else min(2.0 ** (failures - 2), LONGEST_BACKOFF_S)


def zone_counts(fleet: Fleet) -> dict[str, int]:
    """Healthy instances by zone, zones without any included."""
    serving = Counter(it.zone for it in fleet.instances if it.state is InstanceState.HEALTHY)
    return {zone.name: serving[zone.name] for zone in fleet.zones}


def is_balanced(fleet: Fleet) -> bool:
    """All desired instances serve, nothing else is there, and the zones that are available hold them evenly."""
    healthy = zone_counts(fleet)
    return len(fleet.instances) == sum(healthy.values()) == fleet.desired and healthy == {
        zone.name: 0 for zone in fleet.zones
    } | shares(fleet.desired, _available(fleet), healthy)


def _held(fleet: Fleet, policy: FleetPolicy, now: float) -> dict[str, tuple[Instance, ...]]:
    """By zone: the instances that count towards its share, now or as soon as they are up."""
    counted = [it for it in fleet.instances if _counts(it, policy, now)]
    return {zone.name: tuple(it for it in counted if it.zone == zone.name) for zone in fleet.zones}


def _counts(instance: Instance, policy: FleetPolicy, now: float) -> bool:
    match instance.state:
        case InstanceState.HEALTHY:
            return True
        case InstanceState.LAUNCHING:
            return not _overdue(instance, policy, now)
        case InstanceState.UNHEALTHY:
            return not is_failing(instance, now, policy.patience)
        case _:
            return False


def _overdue(instance: Instance, policy: FleetPolicy, now: float) -> bool:
    return instance.state is InstanceState.LAUNCHING and now - instance.launched_at >= policy.grace_period


def _available(fleet: Fleet) -> tuple[str, ...]:
    return tuple(zone.name for zone in fleet.zones if zone.available)


def _shares(fleet: Fleet, held: dict[str, tuple[Instance, ...]]) -> dict[str, int]:
    available = _available(fleet)
    counts = {zone: len(instances) for zone, instances in held.items()}
    if not available:  # nowhere to go: keep what there is
        return counts
    return dict.fromkeys(held, 0) | shares(fleet.desired, available, counts)


def _with_new_ones(
    fleet: Fleet, held: dict[str, tuple[Instance, ...]], share: dict[str, int]
) -> dict[str, int]:
    available = _available(fleet)
    room = surge(fleet.desired, len(available))
    return with_surge({zone: share[zone] for zone in available}, held, fleet.instances, room)


def _finish(fleet: Fleet, policy: FleetPolicy, now: float) -> list[Action]:
    actions: list[Action] = []
    for it in fleet.instances:
        for_s = now - it.since
        if it.state is InstanceState.DRAINING and _is_drained(it, policy, for_s):
            idle = "no request is left" if it.active_requests == 0 else "its time to drain is over"
            actions.append(Stop(it.id, idle))
        elif it.state is InstanceState.STOPPING and not it.killed and for_s >= policy.stop_timeout:
            actions.append(Kill(it.id, f"did not stop within {policy.stop_timeout:g} s"))
    return actions


def _is_drained(instance: Instance, policy: FleetPolicy, for_s: float) -> bool:
    idle = instance.active_requests == 0 and for_s >= DRAIN_AT_LEAST_S
    return idle or for_s >= max(policy.deregistration_delay, DRAIN_AT_LEAST_S)


def _give_up(fleet: Fleet, policy: FleetPolicy, now: float) -> list[Action]:
    why = f"not healthy within its grace period of {policy.grace_period:g} s"
    return [Kill(it.id, why) for it in fleet.instances if _overdue(it, policy, now)]


def _launch(
    fleet: Fleet,
    held: dict[str, tuple[Instance, ...]],
    share: dict[str, int],
    wanted: dict[str, int],
    now: float,
) -> list[Action]:
    missing = [
        Launch(zone, f"{zone} holds {len(held[zone])} of {count}", fleet.release)
        for zone, count in share.items()
        for _ in range(count - len(held[zone]))
    ]
    missing += _launch_beside(fleet, held, share, wanted)
    if fleet.failures < 2:
        return list(missing)
    return list(missing[:1]) if _may_probe(fleet, now) else []


def _launch_beside(
    fleet: Fleet, held: dict[str, tuple[Instance, ...]], share: dict[str, int], wanted: dict[str, int]
) -> list[Launch]:
    why = next((it.outdated for it in fleet.instances if it.outdated), None)
    return [
        Launch(zone, f"another is to be replaced: {why}", fleet.release)
        for zone, count in wanted.items()
        for _ in range(count - max(share[zone], len(held[zone])))
    ]


def _may_probe(fleet: Fleet, now: float) -> bool:
    """After failed launches one instance at a time is tried, when its backoff is over."""
    trying = any(it.state is InstanceState.LAUNCHING for it in fleet.instances)
    return not trying and now >= _backoff_until(fleet)


def _backoff_until(fleet: Fleet) -> float:
    return fleet.failed.at + backoff_s(fleet.failures) if fleet.failed else 0.0


def _retire(
    fleet: Fleet,
    policy: FleetPolicy,
    held: dict[str, tuple[Instance, ...]],
    wanted: dict[str, int],
    now: float,
) -> list[Action]:
    healthy = sum(zone_counts(fleet).values())
    surplus = [it for zone, count in wanted.items() for it in _leavers(held[zone], count)]
    idle = [it for it in surplus if it.state is not InstanceState.HEALTHY]
    serving = [it for it in surplus if it.state is InstanceState.HEALTHY]
    return [
        *(_retire_failing(fleet, policy, healthy, now)),
        *(Stop(it.id, f"{it.zone} holds more than its share") for it in idle),
        *(Drain(it.id, f"{it.zone} holds more than its share") for it in serving[: _spare(fleet)]),
    ]


def _leavers(instances: tuple[Instance, ...], share: int) -> list[Instance]:
    """Which of a zone's instances go: those that do not serve first, then the outdated, then the youngest."""
    staying_first = sorted(
        instances,
        key=lambda it: (
            it.state is not InstanceState.HEALTHY,
            it.outdated is not None,
            it.launched_at,
            it.id,
        ),
    )
    return staying_first[share:]


def _spare(fleet: Fleet) -> int:
    """How many that serve may go."""
    return max(0, sum(zone_counts(fleet).values()) - fleet.desired)


def _replace(fleet: Fleet, held: dict[str, tuple[Instance, ...]], wanted: dict[str, int]) -> list[Action]:
    """Not while there is a surplus: it goes first."""
    if any(len(held[zone]) > count for zone, count in wanted.items()):
        return []
    staying = [it for zone in _available(fleet) for it in held[zone]]
    return [Drain(it.id, f"replaced because {it.outdated}") for it in replaceable(staying, _spare(fleet))]


def _retire_failing(fleet: Fleet, policy: FleetPolicy, healthy: int, now: float) -> list[Action]:
    """Unhealthy instances go when others serve in their place. Of those that can't be replaced no more are
    kept than are desired, oldest first out: they may recover, and nothing else may ever come up."""
    failing = sorted(
        (it for it in fleet.instances if is_failing(it, now, policy.patience)), key=lambda it: it.since
    )
    enough = max(0, healthy + len(failing) - fleet.desired)
    return [Drain(it.id, f"unhealthy for {now - it.since:.0f} s") for it in failing[:enough]]


def _next_deadline(fleet: Fleet, policy: FleetPolicy, now: float) -> float | None:
    deadlines = [due for it in fleet.instances for due in _deadlines(it, policy) if due > now]
    if fleet.failures >= 2 and _backoff_until(fleet) > now:
        deadlines.append(_backoff_until(fleet))
    return min(deadlines, default=None)


def _deadlines(instance: Instance, policy: FleetPolicy) -> tuple[float, ...]:
    match instance.state:
        case InstanceState.LAUNCHING:
            return (instance.launched_at + policy.grace_period,)
        case InstanceState.UNHEALTHY:
            return (instance.since + policy.patience,)
        case InstanceState.DRAINING:
            delay = max(policy.deregistration_delay, DRAIN_AT_LEAST_S)
            return (instance.since + DRAIN_AT_LEAST_S, instance.since + delay)
        case InstanceState.STOPPING if not instance.killed:
            return (instance.since + policy.stop_timeout,)
        case _:
            return ()
