"""Of the target: it is as it is meant to be, spread over its zones, and nothing in it crashes again and again."""

from datetime import UTC, datetime

from evenly.core.crashes import LOOP, SOON_S, WITHIN, loops
from evenly.core.status import EnvironmentState, EnvironmentStatus
from evenly.verify.catalogue import FailError, Probe, check
from evenly.verify.results import Evidence, sentence


@check("target.healthy", "The environment is as it is meant to be", advice="evenly status")
def is_healthy(probe: Probe) -> Evidence:
    status = probe.needs_target().status()
    parts = {"balancer": status.balancer, "database": status.database, "supervisor": status.supervisor}
    figures = {name: str(it.state) for name, it in parts.items() if it}
    evidence = Evidence("status", f"{status.environment} is {status.state}", figures)
    if status.problem or status.state is not EnvironmentState.HEALTHY:
        raise FailError(sentence(status.problem or f"it is {status.state}"), evidence)
    return evidence


@check(
    "target.zones-balanced",
    "The instances that serve are spread evenly over all zones",
    advice="evenly status, and evenly logs supervisor for why",
)
def zones_are_balanced(probe: Probe) -> Evidence:
    status = probe.needs_target().status()
    serving = _serving(status)
    told = ", ".join(f"{zone} {count}" for zone, count in serving.items())
    evidence = Evidence("status", told, {"desired": status.desired, "serving": sum(serving.values())})
    out = [zone.name for zone in status.zones if not zone.available]
    if out:
        raise FailError(f"{' and '.join(out)} {'is' if len(out) == 1 else 'are'} out.", evidence)
    if max(serving.values()) - min(serving.values()) > 1:
        raise FailError(f"They are not spread evenly: {told}.", evidence)
    if sum(serving.values()) < status.desired:
        raise FailError(f"{sum(serving.values())} serve, and {status.desired} are wanted.", evidence)
    return evidence


@check(
    "target.no-crash-loop",
    "Nothing of the environment crashes again and again",
    advice="evenly logs supervisor, then evenly logs of what crashes",
)
def nothing_crashes_again_and_again(probe: Probe) -> Evidence:
    now = datetime.now(UTC)
    events = probe.needs_target().events(since=now - WITHIN)
    found = loops(events, now)
    asked = f"events of the last {WITHIN.total_seconds() / 60:g} min"
    evidence = Evidence(
        asked, f"{len(events)} events", {f"crashes_of_{it}": count for it, count in found.items()}
    )
    if found:
        told = " and ".join(f"{it} {count} times" for it, count in found.items())
        last = next(it.what for it in reversed(events) if it.crashed in found)
        raise FailError(
            f"Crashed within {SOON_S:g} s of its start, {LOOP} times or more: {told}. The last: {last}.",
            evidence,
        )
    return evidence


def _serving(status: EnvironmentStatus) -> dict[str, int]:
    return {zone.name: len(zone.serving) for zone in status.zones}
