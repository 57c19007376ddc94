"""What is going to happen, before it does: the steps of `up`, and of the planner played to its end. Pure.

It assumes that all goes well: every launch becomes healthy, every instance drains at once, none dies.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.fleet import (
    Drained,
    Event,
    Exited,
    Fleet,
    Health,
    HealthSeen,
    KillSent,
    Launched,
    Listening,
    StopSent,
    ZoneFact,
    apply,
)
from evenly.core.planning import DRAIN_AT_LEAST_S, Action, Drain, FleetPolicy, Kill, Launch, Stop, plan
from evenly.core.scalingfacts import scaling_policy
from evenly.core.status import InstanceState
from evenly.core.topology import Topology
from evenly.manifest.types import Database

MOST_ROUNDS = 1000


class Step(Struct, frozen=True):
    """One step: what is done, as a phrase, and why."""

    what: str
    why: str


class UpFacts(Struct, frozen=True):
    """What `up` finds. `migrations`: the files that are still to be applied. `release`: the number that runs."""

    release: int
    new_release: bool
    authority: bool
    database: bool
    migrations: tuple[str, ...]
    https_port: int
    http_port: int


class Forecast(Struct, frozen=True):
    """The steps, in order, and the fleet after them."""

    steps: tuple[Step, ...]
    fleet: Fleet


def up_forecast(topology: Topology, facts: UpFacts, policy: FleetPolicy) -> Forecast:
    """What bringing `topology` up does where nothing of it runs."""
    fleet = Fleet(
        desired=topology.count.minimum,
        release=facts.release,
        zones=tuple(ZoneFact(zone.name) for zone in topology.zones),
    )
    launched = fleet_forecast(fleet, policy, 0.0)
    prepared = (*_release(facts), *_authority(facts), *_database(topology, facts), _balancer(facts))
    more = (*_scaling(topology), *_workers(topology), *_jobs(topology))
    return replace(launched, steps=(*prepared, *launched.steps, *more))


def fleet_forecast(fleet: Fleet, policy: FleetPolicy, now: float) -> Forecast:
    """What the planner does with `fleet` from `now` (monotonic seconds) on until nothing is left to do."""
    fleet = replace(fleet, failures=0, failed=None)
    done: list[tuple[Action, str]] = []
    for number in range(MOST_ROUNDS):
        planned = plan(fleet, policy, now)
        if not planned.actions and planned.wake_at is None:
            break
        zones = {it.id: it.zone for it in fleet.instances}
        done += [(it, it.zone if isinstance(it, Launch) else zones[it.id]) for it in planned.actions]
        for event in _effects(planned.actions, f"new-{number}", fleet.release):
            fleet = apply(fleet, event, now)
        fleet = _settle(fleet, now)
        now = now + DRAIN_AT_LEAST_S if planned.actions else planned.wake_at or now
    return Forecast(_steps(done), fleet)


def _release(facts: UpFacts) -> list[Step]:
    if facts.new_release:
        why = "there was none before" if facts.release == 1 else "the app or the manifest has changed"
        return [Step(f"make release {facts.release}", why)]
    return [Step(f"use release {facts.release}", "neither the app nor the manifest has changed")]


def _authority(facts: UpFacts) -> list[Step]:
    return [] if facts.authority else [Step("make the certificate authority", "this environment has none")]


def _database(topology: Topology, facts: UpFacts) -> list[Step]:
    if topology.database is None:
        return []
    return [*_server(topology.database, facts), *applied(facts.migrations, "not applied yet")]


def applied(migrations: Sequence[str], why: str) -> list[Step]:
    """The step of applying these files, if there are any."""
    count = f"{len(migrations)} migration{'' if len(migrations) == 1 else 's'}"
    return [Step(f"apply {count}: {', '.join(migrations)}", why)] if migrations else []


def _server(database: Database, facts: UpFacts) -> list[Step]:
    if database.url_from:
        return [Step("connect to the database elsewhere", f"its URL is in the secret {database.url_from}")]
    version = f"PostgreSQL {database.version}"
    return [
        *([] if facts.database else [Step(f"initialise {version}", "this environment has no data yet")]),
        Step(f"start {version}", "the manifest asks for a database"),
    ]


def _balancer(facts: UpFacts) -> Step:
    return Step(
        f"start the balancer on ports {facts.https_port} and {facts.http_port}",
        "HTTPS, and HTTP that redirects to it",
    )


def _scaling(topology: Topology) -> list[Step]:
    policy = scaling_policy(topology.count)
    if policy is None:
        return []
    holds = (
        ("p95", policy.p95_ms, "ms"),
        ("requests of each instance", policy.requests, "a second"),
        ("CPU of each instance", policy.cpu, "% of a core"),
    )
    told = ", ".join(
        f"{name} at most {target:g} {unit}" for name, target, unit in holds if target is not None
    )
    return [Step(f"scale from {policy.minimum} to {policy.maximum} instances, as the load asks for", told)]


def _workers(topology: Topology) -> list[Step]:
    return [
        Step(f"start worker {name}, {it.count} in all", "evenly over the zones")
        for name, it in topology.workers
    ]


def _jobs(topology: Topology) -> list[Step]:
    return [Step(f"schedule job {name}", f"{it.schedule} (UTC)") for name, it in topology.jobs]


def _effects(actions: Iterable[Action], prefix: str, release: int) -> Iterable[Event]:
    for number, action in enumerate(actions):
        match action:
            case Launch(zone):
                yield Launched(f"{prefix}-{number}", zone, "", release, "")
            case Drain(id):
                yield Drained(id)
            case Stop(id):
                yield StopSent(id)
            case Kill(id):
                yield KillSent(id)


def _settle(fleet: Fleet, now: float) -> Fleet:
    """What was launched serves, what was drained is idle, what was stopped is gone."""
    for it in fleet.instances:
        match it.state:
            case InstanceState.LAUNCHING:
                fleet = apply(fleet, Listening(it.id), now)
                fleet = apply(fleet, HealthSeen({it.id: Health(healthy=True)}), now)
            case InstanceState.DRAINING:
                fleet = apply(fleet, HealthSeen({it.id: Health(healthy=True)}), now)
            case InstanceState.STOPPING:
                fleet = apply(fleet, Exited(it.id, "stopped"), now)
            case InstanceState.HEALTHY | InstanceState.UNHEALTHY:
                pass
    return replace(fleet, failures=0, failed=None)


def _steps(done: Sequence[tuple[Action, str]]) -> tuple[Step, ...]:
    """Launches of one zone in a row are one step; a stop after its drain goes without saying."""
    steps: list[Step] = []
    drained: set[str] = set()
    waiting: dict[str, list[Launch]] = {}
    for action, zone in done:
        if isinstance(action, Launch):
            waiting.setdefault(zone, []).append(action)
            continue
        steps += _launches(waiting)
        waiting = {}
        match action:
            case Drain(id, why):
                drained.add(id)
                steps.append(Step(f"drain {id} in {zone}, then stop it", why))
            case Stop(id, why) if id not in drained:
                steps.append(Step(f"stop {id} in {zone}", why))
            case Kill(id, why):
                steps.append(Step(f"kill {id} in {zone}", why))
            case Stop():
                pass
    return (*steps, *_launches(waiting))


def _launches(waiting: dict[str, list[Launch]]) -> list[Step]:
    return [
        Step(f"launch {len(them)} instance{'' if len(them) == 1 else 's'} in {zone}", them[0].why)
        for zone, them in waiting.items()
    ]
