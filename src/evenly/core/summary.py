"""The one word for an environment's state, from its facts. Pure."""

from collections.abc import Iterable

from evenly.core.fleet import Fleet
from evenly.core.planning import zone_counts
from evenly.core.spread import shares
from evenly.core.status import EnvironmentState


def environment_state(
    fleet: Fleet, workers: Iterable[Fleet] = (), *, balancer_ready: bool, database_ready: bool
) -> EnvironmentState:
    """healthy: all desired instances serve, and all processes of workers run, evenly over all zones, behind a
    balancer and a database that work. down: nobody gets an answer. degraded: everything between."""
    if not balancer_ready or not any(zone_counts(fleet).values()):
        return EnvironmentState.DOWN
    held = all(is_full(it) for it in (fleet, *workers))
    return EnvironmentState.HEALTHY if held and database_ready else EnvironmentState.DEGRADED


def is_full(fleet: Fleet) -> bool:
    """All that are desired serve, evenly over all zones."""
    return all(zone.available for zone in fleet.zones) and is_evenly_full(fleet)


def is_evenly_full(fleet: Fleet) -> bool:
    """All that are desired serve, evenly over the zones that are available; `False` when none is."""
    healthy = zone_counts(fleet)
    share = shares(fleet.desired, [zone.name for zone in fleet.zones if zone.available], healthy)
    return bool(share) and all(healthy[zone] >= count for zone, count in share.items())
