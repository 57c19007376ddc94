"""What a drill breaks, when that has shown, and when all is as good as before. Pure: statuses in, answers out."""

from msgspec import Struct

from evenly.core.facts import Happening, NotPossibleError
from evenly.core.status import (
    EnvironmentState,
    EnvironmentStatus,
    PartState,
    PartStatus,
    Role,
    ZoneStatus,
)
from evenly.errors import StateError
from evenly.verify.drillresult import Kind

SLOW_MS = 300  # under a health check's usual timeout: a slow instance stays in rotation
SLOW_FOR_S = 5.0

_PARTS = {
    Kind.DATABASE: "database",
    Kind.DATABASE_FAILOVER: "database",
    Kind.BALANCER: "balancer",
    Kind.SUPERVISOR: "supervisor",
}


class Drill(Struct, frozen=True):
    """One fault: `victim` is the instance's id or the zone's name. `status`: how it was before."""

    kind: Kind
    victim: str | None
    status: EnvironmentStatus


def choose(kind: Kind, status: EnvironmentStatus) -> Drill:
    """What `kind` breaks in an environment that is like `status`: always the same. Raises NotPossibleError."""
    match kind:
        case Kind.INSTANCE | Kind.HANG | Kind.SLOW:
            return Drill(kind, _oldest(status), status)
        case Kind.ZONE | Kind.ZONE_RETURN:
            return Drill(kind, _zone(status), status)
        case Kind.DATABASE:
            _needs_database(status)
        case Kind.DATABASE_FAILOVER:
            _needs_database(status)
            _needs_standby(status)
    return Drill(kind, None, status)


def what_happens(drill: Drill) -> str:
    """The fault, as a sentence in the present."""
    match drill.kind:
        case Kind.INSTANCE:
            return f"Instance {drill.victim} is killed."
        case Kind.ZONE:
            return f"Zone {drill.victim} is lost, with all its instances."
        case Kind.ZONE_RETURN:
            return f"Zone {drill.victim}, which is out, returns."
        case Kind.HANG:
            return f"Instance {drill.victim} hangs: it is there, and does not answer."
        case Kind.SLOW:
            return f"Instance {drill.victim} is slow: it stands still for {SLOW_MS} ms again and again."
        case Kind.DATABASE | Kind.BALANCER | Kind.SUPERVISOR:
            return f"The {_PARTS[drill.kind]} is killed."
        case Kind.DATABASE_FAILOVER:
            return f"The database's primary, in {_primary_zone(drill.status)}, is killed."


def breaks(kind: Kind) -> str:
    """What `kind` breaks in any environment, as a clause."""
    match kind:
        case Kind.INSTANCE:
            return "the oldest instance is killed"
        case Kind.ZONE:
            return "the last zone is lost, with all its instances"
        case Kind.ZONE_RETURN:
            return "the last zone, taken out before, returns"
        case Kind.HANG:
            return "the oldest instance hangs: it is there, and does not answer"
        case Kind.SLOW:
            return f"the oldest instance is slow for {SLOW_FOR_S:g} s"
        case Kind.DATABASE | Kind.BALANCER | Kind.SUPERVISOR:
            return f"the {_PARTS[kind]} is killed"
        case Kind.DATABASE_FAILOVER:
            return "the database's primary is killed, and its standby takes its place"


def refuse_unless_healthy(status: EnvironmentStatus) -> None:
    """A drill begins with a healthy environment. Raises StateError."""
    if status.state is not EnvironmentState.HEALTHY:
        raise StateError(
            f"the environment is {status.state}; a drill begins with a healthy one",
            where=status.environment,
            try_="evenly status",
        )


def is_settled(status: EnvironmentStatus) -> bool:
    """Healthy, even, held by a supervisor, a database's standby in sync, and nothing is on its way in or out."""
    there = sum(len(zone.instances) for zone in status.zones)
    held = status.supervisor.state is PartState.RUNNING
    return _is_full(status) and there == status.desired and held and _is_followed(status)


def shows(drill: Drill, status: EnvironmentStatus) -> bool:
    """Whether `status` tells of the fault."""
    match drill.kind:
        case Kind.INSTANCE | Kind.HANG | Kind.SLOW:
            return drill.victim not in {it.id for it in status.serving}
        case Kind.ZONE:
            return not _named(status, drill.victim).available
        case Kind.ZONE_RETURN:
            return _named(status, drill.victim).available
        case Kind.DATABASE | Kind.DATABASE_FAILOVER | Kind.BALANCER | Kind.SUPERVISOR:
            now, before = _part(drill.kind, status), _part(drill.kind, drill.status)
            return now.state is not PartState.RUNNING or now.pid != before.pid


def is_full_again(drill: Drill, status: EnvironmentStatus) -> bool:
    """As many instances serve as before, evenly, what was broken works or is replaced, and it has shown at all."""
    match drill.kind:
        case Kind.SLOW:  # it may stay unnoticed: then nothing had to be replaced
            return is_settled(status)
        case Kind.ZONE:
            return shows(drill, status) and _is_even(status) and _works(status)
        case Kind.DATABASE_FAILOVER:
            moved = _primary_zone(status) != _primary_zone(drill.status)
            return moved and is_settled(status)
        case _:
            held = status.supervisor.state is PartState.RUNNING
            return shows(drill, status) and _is_full(status) and held


def tells_of(drill: Drill, happening: Happening) -> bool:
    """Whether an event after the fault is about it."""
    if drill.kind in _PARTS:
        return happening.crashed == _PARTS[drill.kind]
    return happening.instance == drill.victim or happening.zone == drill.victim


def _is_full(status: EnvironmentStatus) -> bool:
    return status.state is EnvironmentState.HEALTHY and _is_even(status)


def _is_even(status: EnvironmentStatus) -> bool:
    """Exactly the desired instances serve, and the zones that are available differ by one at most."""
    counts = [len(zone.serving) for zone in status.zones if zone.available]
    everywhere = len(status.serving)
    return (
        everywhere == sum(counts) == status.desired and max(counts, default=0) - min(counts, default=0) <= 1
    )


def _works(status: EnvironmentStatus) -> bool:
    parts = (status.balancer, status.supervisor, status.database)
    return all(it is None or it.works for it in parts)


def _oldest(status: EnvironmentStatus) -> str:
    serving = status.serving
    if len(serving) < 2:
        raise NotPossibleError(
            "Only one instance serves: without it there is none. Hold more: evenly scale 2"
        )
    return min(serving, key=lambda it: (it.started_at, it.id)).id


def _zone(status: EnvironmentStatus) -> str:
    """The last one, so that a drill of a zone and one of an instance do not always meet the same."""
    available = [zone.name for zone in status.zones if zone.available]
    if len(available) < 2:
        raise NotPossibleError("There is one zone only.")
    return available[-1]


def _needs_database(status: EnvironmentStatus) -> None:
    if status.database is None:
        raise NotPossibleError("This environment has no database.")
    if status.database.state is PartState.ELSEWHERE:
        raise NotPossibleError("The database is elsewhere (database.url_from), and not ours to restart.")


def _needs_standby(status: EnvironmentStatus) -> None:
    if not status.database_members:
        raise NotPossibleError("The database has no standby: database.multi_zone is false.")
    if not _is_followed(status):
        raise NotPossibleError("The database's standby is not in sync.")


def _is_followed(status: EnvironmentStatus) -> bool:
    """Its database has a standby in sync, if it has one at all."""
    return not status.database_members or any(it.in_sync for it in status.database_members)


def _primary_zone(status: EnvironmentStatus) -> str | None:
    return next((it.zone for it in status.database_members if it.role is Role.PRIMARY), None)


def _named(status: EnvironmentStatus, name: str | None) -> ZoneStatus:
    return next(zone for zone in status.zones if zone.name == name)


def _part(kind: Kind, status: EnvironmentStatus) -> PartStatus:
    found = {
        Kind.DATABASE: status.database,
        Kind.DATABASE_FAILOVER: status.database,
        Kind.BALANCER: status.balancer,
        Kind.SUPERVISOR: status.supervisor,
    }[kind]
    return found or PartStatus(PartState.DOWN, None)
