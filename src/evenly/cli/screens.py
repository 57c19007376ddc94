"""What commands show of an environment, as text. Pure: facts in, lines out."""

from collections.abc import Sequence
from datetime import datetime

from evenly.cli.jobtext import job_lines, worker_lines
from evenly.cli.words import age, coloured, count_of, harmless, table
from evenly.core.status import (
    DatabaseMember,
    EnvironmentState,
    EnvironmentStatus,
    InstanceStatus,
    PartStatus,
    Role,
    ScalingStatus,
    ZoneStatus,
)

HEADINGS = ("ZONE", "INSTANCE", "STATE", "ADDRESS", "PID", "RELEASE", "AGE")


def status_lines(status: EnvironmentStatus, now: datetime) -> list[str]:
    """All of a status: the verdict first, then what is wrong, the URLs, the zones, the parts."""
    head = [verdict(status), *problem_lines(status), *(f"  {it}" for it in status.notices)]
    if status.state is EnvironmentState.DOWN and not _anything_runs(status):
        return head
    return [
        *head,
        "",
        *url_lines(status),
        "",
        *zone_lines(status, now),
        *outdated_lines(status),
        "",
        *part_lines(status),
        *scaling_lines(status.scaling),
        *worker_lines(status.workers),
        *(["", *job_lines(status.jobs, now, indent="  ")] if status.jobs else []),
    ]


def verdict(status: EnvironmentStatus) -> str:
    """One line that says how it is."""
    name = f"{status.environment} is {coloured(status.state)}"
    serving = len(status.serving)
    share = f"{serving} of {count_of(status.desired, 'instance')} {'serves' if serving == 1 else 'serve'}"
    match status.state:
        case EnvironmentState.DOWN:
            return f"{name}: nothing serves."
        case EnvironmentState.HEALTHY:
            return f"{name}: {share}, evenly over {count_of(len(status.zones), 'zone')}."
        case EnvironmentState.DEGRADED:
            return f"{name}: {share}{_ailing(status)}."


def problem_lines(status: EnvironmentStatus) -> list[str]:
    """What is wrong and what to try; nothing for a healthy environment."""
    told = [f"  {harmless(line)}" for line in (status.problem or "").splitlines()]
    match status.state:
        case EnvironmentState.DOWN:
            return [*told, "Try: evenly up"]
        case EnvironmentState.DEGRADED:
            return [*told, "It is being put right. See how: evenly logs supervisor"]
        case EnvironmentState.HEALTHY:
            return told


def url_lines(status: EnvironmentStatus) -> list[str]:
    return [f"  {status.urls.https}", f"  {status.urls.http}"]


def zone_lines(status: EnvironmentStatus, now: datetime) -> list[str]:
    rows = [row for zone in status.zones for row in _zone_rows(zone, now)]
    return table([HEADINGS, *rows], indent="  ")


def outdated_lines(status: EnvironmentStatus) -> list[str]:
    """Which instances are going to be replaced, and why."""
    old = [it for zone in status.zones for it in zone.instances if it.outdated]
    return [f"  {it.id} is being replaced: {it.outdated}" for it in old]


def reach_lines(status: EnvironmentStatus) -> list[str]:
    """The warning that it can be reached from outside of this machine; nothing where it can't."""
    if not status.reachable or not status.balancer.pid:
        return []
    return [
        f"{coloured('warning', 'Warning')}: others can reach this environment. Everybody whom the network lets",
        "through to this machine can call",
        *(f"  {url}" for url in status.reachable),
        "To end that: evenly down, then evenly up without --listen.",
        "",
    ]


def part_lines(status: EnvironmentStatus) -> list[str]:
    rows = [
        _part_row("balancer", status.balancer),
        *(member_rows(status.database_members) or [_part_row("database", status.database)]),
        _part_row("supervisor", status.supervisor),
    ]
    return table(rows, indent="  ")


def member_rows(members: Sequence[DatabaseMember]) -> list[tuple[str, ...]]:
    """The database's members, the primary first."""
    ordered = sorted(members, key=lambda it: it.role is Role.STANDBY)
    return [_member_row("" if number else "database", it) for number, it in enumerate(ordered)]


def scaling_lines(scaling: ScalingStatus | None) -> list[str]:
    """Between which counts it moves, and each figure with its target; nothing where there is no scaling."""
    if scaling is None:
        return []
    figures = (
        ("p95", scaling.p95_ms, scaling.p95_ms_target, " ms"),
        ("each", scaling.requests, scaling.requests_target, " requests a second"),
        ("each", scaling.cpu, scaling.cpu_target, " % of a core"),
    )
    told = (
        f"{name} {'-' if seen is None else f'{seen:.0f}'} of {target:g}{unit}"
        for name, seen, target, unit in figures
        if target is not None
    )
    range_ = f"{scaling.minimum} to {count_of(scaling.maximum, 'instance')}"
    more = f"  more would be wanted, but that is the most: {scaling.limited}"
    return [f"  scaling     {range_}; {', '.join(told)}", *([more] if scaling.limited else [])]


def trust_line(status: EnvironmentStatus, ca: str) -> str:
    """How curl trusts the environment's own authority, whose certificate is in the file `ca`."""
    return f"curl --cacert {ca} {status.urls.https}"


def _anything_runs(status: EnvironmentStatus) -> bool:
    parts = (status.balancer, status.database, status.supervisor)
    return any(zone.instances for zone in status.zones) or any(part and part.pid for part in parts)


def _ailing(status: EnvironmentStatus) -> str:
    """What else is not as it should be, for the verdict."""
    out = [zone.name for zone in status.zones if not zone.available]
    parts = {"balancer": status.balancer, "database": status.database}
    ailing = [f"the {name} is {it.state}" for name, it in parts.items() if it and not it.works]
    short = [
        f"worker {it.name} runs {sum(it.running.values())} of {it.desired}"
        for it in status.workers
        if sum(it.running.values()) < it.desired
    ]
    return "".join(f"; {each}" for each in (*(f"{name} is out" for name in out), *ailing, *short))


def _zone_rows(zone: ZoneStatus, now: datetime) -> list[tuple[str, ...]]:
    name = zone.name if zone.available else coloured("out", f"{zone.name} (out)")
    rows = [_instance_row(it, now) for it in zone.instances] or [("-",)]
    return [(name if number == 0 else "", *row) for number, row in enumerate(rows)]


def _instance_row(it: InstanceStatus, now: datetime) -> tuple[str, ...]:
    pid = str(it.pid) if it.pid else "-"
    return (it.id, coloured(it.state), it.address, pid, str(it.release), age(it.started_at, now))


def _member_row(name: str, it: DatabaseMember) -> tuple[str, ...]:
    sync = "" if it.role is Role.PRIMARY else ", in sync" if it.in_sync else ", not in sync"
    pid = f"pid {it.pid}" if it.pid else ""
    return (name, coloured(it.state), pid, f"{it.role} in {it.zone}{sync}")


def _part_row(name: str, part: PartStatus | None) -> tuple[str, ...]:
    if part is None:
        return (name, "none")
    return (name, coloured(part.state), f"pid {part.pid}" if part.pid else "")
