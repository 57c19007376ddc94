"""Scaling in the supervisor: what it holds, what it tells, and what it remembers. Its readings are given."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from evenly.core.fleet import Fleet, Instance, ProcessRef, ZoneFact
from evenly.core.observing import Reading
from evenly.core.rollout import Rollout
from evenly.core.scalingfacts import ScalingPolicy, ScalingState, begin
from evenly.core.status import InstanceState
from evenly.core.traffic import Answers
from evenly.local.balancer.admin import AdminError
from evenly.local.supervisor.scaling import Scaling, adopted

POLICY = ScalingPolicy(2, 4, requests=10)


def instance(number: int, state: InstanceState = InstanceState.HEALTHY) -> Instance:
    process = ProcessRef(number, "then")
    return Instance(f"i-{number}", "a", "", 1, state, 0.0, "", 0.0, process=process)


@dataclass
class World:
    """A fleet, its record and its journal."""

    state: ScalingState | None = None
    policy: ScalingPolicy = POLICY
    fleet: Fleet = field(default_factory=lambda: Fleet(2, 1, (ZoneFact("a"),), (instance(1), instance(2))))
    told: list[tuple[Any, ...]] = field(default_factory=list)
    saved: list[ScalingState] = field(default_factory=list)
    admin: Any = None
    clock: Any = lambda: 50.0

    def supervised(self) -> Scaling:
        """Another life, with what the one before has left."""
        record = SimpleNamespace(scaling=self.saved[-1] if self.saved else self.state)
        return Scaling(
            self.policy,
            admin=self.admin,
            fleet=lambda: self.fleet,
            hold=self.hold,
            recorder=SimpleNamespace(record=record, save=lambda scaling: self.saved.append(scaling)),
            journal=SimpleNamespace(write=lambda action, **facts: self.told.append((action, facts))),
            clock=self.clock,
        )

    def hold(self, count: int, why: str) -> None:
        self.told.append((count, why))
        self.fleet = replace(self.fleet, desired=count)


def take(scaling: Scaling, *counts: int, first: float = 1.0) -> None:
    for n, count in enumerate(counts):
        scaling.take(Reading(first + n, Answers(count), 2, {}))


def test_it_holds_what_it_decides_and_remembers_it() -> None:
    world = World()
    take(world.supervised(), 0, 28, 56)
    assert world.told == [(3, "14 requests a second came to each, over 10")]
    assert world.saved[-1].desired == 3


def test_at_rest_nothing_is_written() -> None:
    world = World()
    take(world.supervised(), *[0] * 30)
    assert (world.told, world.saved) == ([], [])


def test_that_the_range_ends_is_told_once() -> None:
    world = World()
    scaling = world.supervised()
    take(scaling, 0, 100, 200, 300)
    assert [it for it in world.told if it[0] == "scale-limited"] == [
        ("scale-limited", {"count": 4, "why": "50 requests a second came to each, over 10"})
    ]
    assert scaling.status.limited == "50 requests a second came to each, over 10"


def test_a_balancer_started_anew_is_looked_at_anew() -> None:
    world = World()
    scaling = world.supervised()
    take(scaling, 1000, 1000)
    take(scaling, 5, first=3.0)
    assert scaling.status.requests is None
    assert world.told == []


def test_the_next_supervisor_goes_on_with_what_was_remembered() -> None:
    world = World(policy=ScalingPolicy(2, 4, requests=10, cooldown_in=30))
    take(world.supervised(), 0, 28, 56)
    following = world.supervised()
    take(following, *[56] * 25, first=4.0)
    assert world.told[1:] == []  # it was scaled out at 3 s, and cools down
    take(following, *[56] * 10, first=29.0)
    assert world.told[1:] == []  # two of three serve
    world.fleet = replace(world.fleet, instances=(*world.fleet.instances, instance(3)))
    for at in range(39, 60):
        following.take(Reading(float(at), Answers(56), 3, {}))
    assert [it[0] for it in world.told[1:]] == [2]


def test_a_clock_that_began_anew_leaves_no_time_in_the_future() -> None:
    late = replace(begin(3, 900.0), out_at=800.0, whole_at=850.0, borne=7.0)
    assert adopted(late, 10.0) == replace(begin(3, 10.0), out_at=10.0, whole_at=10.0, borne=7.0)
    assert adopted(replace(begin(3, 5.0)), 10.0) == begin(3, 5.0)
    assert adopted(None, 10.0) is None


def test_its_status_has_a_figure_for_each_instance() -> None:
    world = World(policy=replace(POLICY, cpu=60))
    scaling = world.supervised()
    assert scaling.status.requests is None
    for at in range(3):
        scaling.take(Reading(float(at), Answers(10 * at), 2, {"i-1": at * 0.5, "i-2": at * 0.1}))
    status = scaling.status
    assert (status.minimum, status.maximum) == (2, 4)
    assert (status.requests, status.requests_target) == (5.0, 10)
    assert (status.cpu, status.cpu_target) == (30.0, 60)
    assert (status.p95_ms, status.p95_ms_target) == (None, None)


class Admin:
    """Answers what it is given, one after another."""

    def __init__(self, *said: Answers | AdminError) -> None:
        self._said = iter(said)

    def answers(self) -> Answers:
        found = next(self._said)
        if isinstance(found, AdminError):
            raise found
        return found


async def test_a_balancer_that_does_not_answer_is_no_reason_for_anything() -> None:
    silent = AdminError("the balancer does not answer", Path("admin.sock"))
    moments = iter(range(1, 10))
    world = World(
        admin=Admin(Answers(0), Answers(28), silent, Answers(56)), clock=lambda: float(next(moments))
    )
    scaling = world.supervised()
    for _ in range(4):
        await scaling.look()
    assert world.told == []
    assert scaling.status.requests is None


async def test_only_those_that_serve_are_counted() -> None:
    moments = iter(range(1, 10))
    world = World(admin=Admin(*map(Answers, (0, 10, 20))), clock=lambda: float(next(moments)))
    more = (instance(3, InstanceState.LAUNCHING), instance(4, InstanceState.DRAINING))
    world.fleet = replace(world.fleet, instances=(*world.fleet.instances, *more))
    scaling = world.supervised()
    for _ in range(3):
        await scaling.look()
    assert scaling.status.requests == 5.0


async def test_a_deploy_holds_the_count() -> None:
    world = World(admin=None)
    scaling = world.supervised()
    take(scaling, 0, 5)
    world.fleet = replace(world.fleet, rollout=Rollout(2, 2, 2, None, 5.0))
    await scaling.look()  # nobody is asked
    assert scaling.status.requests is None
