"""The keeper of the fleet: takes events, decides with `core.planning`, has the hands do it. Synchronous.

Clock and hands are passed in; nothing here waits, forks or reads a clock of its own.
"""

from collections.abc import Callable
from typing import Protocol, assert_never

from msgspec.structs import replace

from evenly.core.fleet import (
    Drained,
    Event,
    Exited,
    Fleet,
    Instance,
    KillSent,
    Launched,
    Started,
    StopSent,
    apply,
    find,
)
from evenly.core.planning import Action, Drain, FleetPolicy, Kill, Launch, Stop, plan

MOST_ROUNDS = 10  # a plan's effects can allow a further step at once; it settles in two or three


class Hands(Protocol):
    """What the keeper may do to the world. None of it may block."""

    def begin_launch(self, fleet: Fleet, action: Launch) -> Launched:
        """Choose id and address for a new instance."""

    def start(self, instance: Instance) -> Started | Exited:
        """Start its process; `Exited` when that is not possible."""

    def stop(self, instance: Instance) -> None:
        """SIGTERM."""

    def kill(self, instance: Instance, why: str) -> None:
        """SIGKILL."""

    def publish(self, fleet: Fleet) -> None:
        """Tell the balancer which instances there are."""

    def record(self, fleet: Fleet) -> None:
        """Keep the fleet durably."""

    def note(self, action: Action, id: str) -> None:
        """Write the action into the journal."""


class Keeper:
    """Holds one fleet. `may_launch` stays false until the database is prepared for the release."""

    def __init__(
        self, fleet: Fleet, policy: FleetPolicy, hands: Hands, clock: Callable[[], float], may_launch: bool
    ) -> None:
        self.fleet = fleet
        self.may_launch = may_launch
        self._policy = policy
        self._hands = hands
        self._clock = clock

    def handle(self, *events: Event) -> None:
        """Take what happened. Only `step` acts on it."""
        before = self.fleet
        for event in events:
            self.fleet = apply(self.fleet, event, self._clock())
        if _lasting(self.fleet) != _lasting(before):
            self._hands.record(self.fleet)

    def step(self) -> float | None:
        """Do what is to be done now. Returns when to call again at the latest (monotonic seconds)."""
        for _ in range(MOST_ROUNDS):
            planned = plan(self.fleet, self._policy, self._clock())
            actions = [it for it in planned.actions if self.may_launch or not isinstance(it, Launch)]
            if not actions:
                break
            for action in actions:
                self._do(action)
        self._hands.publish(self.fleet)
        return planned.wake_at

    def _do(self, action: Action) -> None:
        match action:
            case Launch():
                self._launch(action)
            case Drain(id):
                self._hands.note(action, id)
                self.handle(Drained(id))
            case Stop(id):
                self._end(action, StopSent(id), lambda it: self._hands.stop(it))
            case Kill(id, why):
                self._end(action, KillSent(id), lambda it: self._hands.kill(it, why))
            case _:
                assert_never(action)

    def _launch(self, action: Launch) -> None:
        launched = self._hands.begin_launch(self.fleet, action)
        self._hands.note(action, launched.id)
        self.handle(launched)
        instance = find(self.fleet, launched.id)
        if instance is not None:
            self.handle(self._hands.start(instance))

    def _end(self, action: Stop | Kill, event: Event, do: Callable[[Instance], None]) -> None:
        self._hands.note(action, action.id)
        self.handle(event)
        instance = find(self.fleet, action.id)
        self._hands.publish(self.fleet)
        if instance is not None:
            do(instance)


def _lasting(fleet: Fleet) -> Fleet:
    """The fleet without what every look at the balancer changes."""
    return replace(fleet, instances=tuple(replace(it, active_requests=0) for it in fleet.instances))
