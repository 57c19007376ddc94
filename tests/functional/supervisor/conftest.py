"""A world of fakes for the supervisor: hands that only note, and a clock that goes when it is told to."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from evenly.core.fleet import (
    Event,
    Exited,
    Fleet,
    Health,
    HealthSeen,
    Instance,
    Launched,
    Listening,
    ProcessRef,
    Started,
    ZoneFact,
)
from evenly.core.planning import Action, FleetPolicy, Launch
from evenly.core.status import InstanceState
from evenly.local.supervisor.keeper import Keeper


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeHands:
    """Notes what it is asked, in order. `broken` makes starting impossible."""

    done: list[str] = field(default_factory=list)
    recorded: list[Fleet] = field(default_factory=list)
    published: list[tuple[str, ...]] = field(default_factory=list)
    broken: bool = False
    launches: int = 0

    def begin_launch(self, fleet: Fleet, action: Launch) -> Launched:
        self.launches += 1
        id = f"i-{self.launches}"
        return Launched(
            id, action.zone, f"127.0.0.1:{20000 + self.launches}", action.release, "2026-01-01T00:00:00Z"
        )

    def start(self, instance: Instance) -> Started | Exited:
        self.done.append(f"start {instance.id}")
        if self.broken:
            return Exited(instance.id, "could not be started: No such file or directory: nothing")
        return Started(instance.id, ProcessRef(self.launches, "t"))

    def stop(self, instance: Instance) -> None:
        self.done.append(f"stop {instance.id}")

    def kill(self, instance: Instance, why: str) -> None:
        self.done.append(f"kill {instance.id}: {why}")

    def publish(self, fleet: Fleet) -> None:
        self.published.append(tuple(f"{it.id}:{it.state}" for it in fleet.instances if it.listening))

    def record(self, fleet: Fleet) -> None:
        self.recorded.append(fleet)
        self.done.append(f"record {len(fleet.instances)}")

    def note(self, action: Action, id: str) -> None:
        self.done.append(f"note {type(action).__name__} {id}")


@dataclass
class Replay:
    """A keeper among fakes, and short words for what happens to it."""

    keeper: Keeper
    hands: FakeHands
    clock: Clock

    def after(self, seconds: float, *events: Event) -> float | None:
        self.clock.now += seconds
        self.keeper.handle(*events)
        return self.keeper.step()

    def healthy(self, *ids: str, seconds: float = 0.5) -> float | None:
        """These instances listen and pass their health checks."""
        self.after(0, *(Listening(id) for id in ids))
        return self.after(seconds, HealthSeen({id: Health(True) for id in ids}))

    def states(self) -> dict[str, InstanceState]:
        return {it.id: it.state for it in self.keeper.fleet.instances}

    def zones(self) -> list[str]:
        return sorted(it.zone for it in self.keeper.fleet.instances)


@pytest.fixture
def replay() -> Callable[[int], Replay]:
    def make(desired: int) -> Replay:
        hands, clock = FakeHands(), Clock()
        fleet = Fleet(desired=desired, release=1, zones=(ZoneFact("local-a"), ZoneFact("local-b")))
        policy = FleetPolicy(grace_period=30, patience=5, deregistration_delay=10, stop_timeout=10)
        return Replay(Keeper(fleet, policy, hands, clock, may_launch=True), hands, clock)

    return make
