"""Of the target: the doors that only the balancer and the app have a key to."""

from collections.abc import Sequence

from evenly.core.facts import Attempt
from evenly.verify.catalogue import FailError, Probe, check
from evenly.verify.results import Evidence


@check(
    "target.instances-closed",
    "The instances answer nobody but the balancer",
    advice="let the app ask for a client certificate of $TLS_CLIENT_CA, or listen on $SOCKET: docs/applications.md",
)
def instances_are_closed(probe: Probe) -> tuple[Evidence, ...]:
    return _refused(probe.needs_target().ask_instances_directly(), "An instance answered somebody else")


@check(
    "target.database-closed",
    "The database listens nowhere else, and refuses wrong roles and passwords",
    advice="evenly down, then evenly up, which writes its settings anew",
)
def database_is_closed(probe: Probe) -> tuple[Evidence, ...]:
    return _refused(probe.needs_target().ask_database_from_elsewhere(), "The database is open")


@check(
    "target.schema-fixed",
    "The app's database role can't change the schema or leave the database",
    advice="take back what was granted to the role: evenly database shell --as-owner",
)
def schema_is_fixed(probe: Probe) -> tuple[Evidence, ...]:
    return _refused(probe.needs_target().alter_schema_as_app(), "The app's role may do it")


def _refused(attempts: Sequence[Attempt], broken: str) -> tuple[Evidence, ...]:
    """The evidence of each attempt. Raises FailError, with those that were let in first, and unless there was one."""
    open_doors = [it for it in attempts if not it.refused]
    if open_doors:
        shown = _evidence(open_doors)
        raise FailError(f"{broken}: {len(open_doors)} of {len(attempts)} attempts were not refused.", *shown)
    if not attempts:
        raise FailError("Nothing could be tried.")
    return _evidence(attempts)


def _evidence(attempts: Sequence[Attempt]) -> tuple[Evidence, ...]:
    return tuple(Evidence(it.tried, it.told) for it in attempts)
