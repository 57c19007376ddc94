"""Workers: processes without a port, held by the rules of the fleet. Pure.

The processes of one worker are a fleet of their own, planned like the app's: evenly over the zones, new ones before
others are stopped, one at a time with a backoff after failed launches. What differs is here: nobody asks after their
health, so a process serves once it has run for a while.
"""

from collections.abc import Sequence

from evenly.core.fleet import Fleet, Health, HealthSeen, Instance, ZoneFact
from evenly.core.status import InstanceState

RUNNING_AFTER_S = 1.0
LOOK_S = 0.25


def worker_fleet(count: int, release: int, zones: Sequence[ZoneFact]) -> Fleet:
    """A worker none of whose `count` processes runs yet."""
    return Fleet(desired=count, release=release, zones=tuple(zones))


def running(fleet: Fleet, now: float) -> HealthSeen:
    """In place of the balancer's view: those that have run for a while."""
    return HealthSeen({it.id: Health(True) for it in fleet.instances if _has_run(it, now)})


def look_at(fleet: Fleet, now: float) -> float | None:
    """When to look at `running` next (monotonic seconds); `None` while nothing is on its way."""
    launching = any(it.state is InstanceState.LAUNCHING for it in fleet.instances)
    recovering = fleet.failed is not None and bool(fleet.instances)
    return now + LOOK_S if launching or recovering else None


def _has_run(instance: Instance, now: float) -> bool:
    return instance.process is not None and now - instance.launched_at >= RUNNING_AFTER_S
