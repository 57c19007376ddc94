"""The one word for an environment's state, from its facts. Pure."""

from evenly.core.fleet import Fleet
from evenly.core.planning import zone_counts
from evenly.core.spread import shares
from evenly.core.status import EnvironmentState


def environment_state(fleet: Fleet, *, balancer_ready: bool, database_ready: bool) -> EnvironmentState:
    """healthy: all desired instances serve, evenly over all zones, behind a balancer and a database that work.
    down: nobody gets an answer. degraded: everything between."""
    healthy = zone_counts(fleet)
    if not balancer_ready or not any(healthy.values()):
        return EnvironmentState.DOWN
    all_available = all(zone.available for zone in fleet.zones)
    share = shares(fleet.desired, [zone.name for zone in fleet.zones], healthy)
    full = all(healthy[zone] >= count for zone, count in share.items())
    return (
        EnvironmentState.HEALTHY if full and all_available and database_ready else EnvironmentState.DEGRADED
    )
