"""The supervisor's event loop: what happened goes to the keeper, what it decides is done, until it is killed.

Nothing here stops the environment: a supervisor that ends, in whatever way, leaves everything running.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping

from evenly.core.crashes import has_crashed
from evenly.core.fleet import (
    DesiredSet,
    Event,
    Exited,
    Health,
    HealthSeen,
    Instance,
    Listening,
    ZoneSet,
    find,
)
from evenly.core.planning import FleetPolicy
from evenly.core.topology import Topology
from evenly.errors import StateError, UsageError
from evenly.local import control
from evenly.local.supervisor.balancer import Balancer
from evenly.local.supervisor.endings import crash_facts
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.keeper import Keeper
from evenly.local.supervisor.looking import Background, HealthLooks, ListeningLooks
from evenly.local.supervisor.parts import PartKeeper


class Supervision:
    """One environment's loop. `lose` kills an instance, as the loss of its zone would."""

    def __init__(
        self,
        *,
        topology: Topology,
        keeper: Keeper,
        balancer: Balancer,
        balancer_keeper: PartKeeper,
        journal: Journal,
        lose: Callable[[Instance], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keeper = keeper
        self.background = Background()
        self._topology = topology
        self._journal = journal
        self._lose = lose
        self._clock = clock
        self._news = asyncio.Event()
        self._health = HealthLooks(balancer, balancer_keeper, self._health_seen, self.background, clock)
        self._listening = ListeningLooks(lambda id: self.tell(Listening(id)), self.background)

    def tell(self, *events: Event) -> None:
        """Something happened to the fleet."""
        self.keeper.handle(*events)
        self.changed()

    def changed(self) -> None:
        """Something happened: take another turn of the loop."""
        self._news.set()

    def allow_launches(self) -> None:
        self.keeper.may_launch = True
        self.changed()

    def instance_ended(self, id: str, why: str, ran_s: float) -> None:
        instance = find(self.keeper.fleet, id)
        zone = instance.zone if instance else None
        crash = crash_facts("app", ran_s) if has_crashed(self.keeper.fleet, id) else {}
        self._journal.write("ended-instance", instance=id, zone=zone, why=why, **crash)
        self.tell(Exited(id, why))

    async def run(self) -> None:
        """Act on every event, and in time. Ends only with an error of the background's."""
        while not self.background.failed.done():
            self._news.clear()
            wake_at = self.keeper.step()
            fleet = self.keeper.fleet
            self._listening.look(fleet)
            self._health.look_if_due(fleet)
            await self._wait(wake_at, self._health.due_at(fleet))
        self.background.failed.result()

    def scale(self, count: int, why: str | None = None) -> None:
        """`why`: a clause, where nobody asked for it by hand. Raises UsageError for a count outside of the manifest's
        range."""
        allowed = self._topology.count
        if not allowed.minimum <= count <= allowed.maximum:
            raise UsageError(
                f"{count} is outside of the manifest's count, which is {allowed.minimum} to {allowed.maximum}",
                try_="Choose a count inside of it, or change count in evenly.yaml.",
            )
        if count != self.keeper.fleet.desired:
            self._journal.write("scale" if why is None else "scale-because", count=count, why=why)
            self.tell(DesiredSet(count))

    def set_zone(self, name: str, available: bool) -> None:
        """Take a zone out, killing its instances, or bring it back. Raises StateError for an unknown one."""
        if name not in {zone.name for zone in self._topology.zones}:
            raise StateError(f"there is no zone {name}", try_="Run `evenly status` to see the zones.")
        self._journal.write("zone-returns" if available else "zone-lost", zone=name)
        self.tell(ZoneSet(name, available))
        if not available:
            for instance in self.keeper.fleet.instances:
                if instance.zone == name:
                    self._lose(instance)

    def control(self, request: control.Request) -> None:
        """Do what a command asks."""
        match request:
            case control.Scale(count):
                self.scale(count)
            case control.SetZone(name, available):
                self.set_zone(name, available)
            case _:
                pass

    def _health_seen(self, health: Mapping[str, Health]) -> None:
        self.tell(HealthSeen(health))

    async def _wait(self, *until: float | None) -> None:
        """Until there is news, or the first of these times has come."""
        times = [it for it in until if it is not None]
        timeout = max(0.0, min(times) - self._clock()) if times else None
        news = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait(
                (news, self.background.failed), timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            news.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await news


def policy(topology: Topology) -> FleetPolicy:
    """How patient the fleet of `topology` is planned."""
    return FleetPolicy(
        grace_period=topology.health.grace_period, deregistration_delay=topology.deregistration_delay
    )
