"""Draws one look at an environment for a terminal of a given size. Pure: a scene in, something to print out."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from evenly.cli.words import COLOURS, age, count_of
from evenly.core.status import (
    DatabaseMember,
    EnvironmentStatus,
    JobStatus,
    Outcome,
    PartStatus,
    Role,
    WorkerStatus,
    ZoneStatus,
)
from evenly.core.traffic import Rates

ZONE_WIDTH = 38  # an instance's id, state and age
FIXED_LINES = 7  # head, rates, parts, the blank lines between, the foot


class Note(Struct, frozen=True):
    """What became of a reload: the time of day, a line, and a word of COLOURS for how it went."""

    at: str
    text: str
    word: str


class Scene(Struct, frozen=True):
    """All that one picture shows. `status`: `None` when there is no environment any more. `events`: time of day
    and sentence, oldest first. `stops`: whether Ctrl-C stops the environment. `notes`: of reloads, oldest first."""

    name: str
    status: EnvironmentStatus | None
    rates: Rates | None
    events: Sequence[tuple[str, str]]
    now: datetime
    stops: bool
    notes: Sequence[Note] = ()


def draw(scene: Scene, width: int, height: int) -> RenderableType:
    """The picture, at most `height` lines of `width` characters."""
    status = scene.status
    if status is None:
        return Group(Text(f" {scene.name}: there is no environment here any more."), Text(""), _foot(scene))
    across = max(1, min(len(status.zones), width // ZONE_WIDTH))
    rows = -(-len(status.zones) // across)
    deepest = max((len(zone.instances) for zone in status.zones), default=0)
    others = _others(status)
    fixed = FIXED_LINES + len(others)
    room = max(1, (height - fixed - 3) // rows - 2)  # 3: some events are always to be seen
    depth = max(1, min(deepest, room))
    below = max(0, height - fixed - rows * (depth + 2))
    noted = min(len(scene.notes), below - below // 3)
    return Group(
        _head(scene.name, status),
        _traffic(scene.rates),
        Text(""),
        _zones(status.zones, scene.now, width // across, depth),
        _parts(status),
        *others,
        Text(""),
        *_events(scene.events, below - noted),
        *_notes(scene.notes, noted),
        Text(""),
        _foot(scene),
    )


def _line(*parts: str | tuple[str, str]) -> Text:
    return Text.assemble(" ", *parts, no_wrap=True, overflow="ellipsis")


def _head(name: str, status: EnvironmentStatus) -> RenderableType:
    serving = len(status.serving)
    state = (status.state.value, f"bold {COLOURS[status.state]}")
    told = f": {serving} of {count_of(status.desired, 'instance')} serving"
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_column(no_wrap=True, justify="right")
    line.add_row(_line((name, "bold"), " is ", state, told), Text(status.urls.https, style="bold"))
    return line


def _traffic(rates: Rates | None) -> Text:
    if rates is None:
        return _line(("the balancer does not answer yet", "yellow"))
    p95 = "-" if rates.p95_ms is None else f"{rates.p95_ms:.1f} ms"
    style = "red" if rates.error_share else ""
    return _line(
        ("requests/s ", "dim"),
        f"{rates.per_second:<9.1f}",
        ("p95 ", "dim"),
        f"{p95:<11}",
        ("errors ", "dim"),
        (f"{rates.error_share:.2%} ({rates.errors} in all)   ", style),
        ("in flight ", "dim"),
        str(rates.active),
    )


def _zones(zones: Sequence[ZoneStatus], now: datetime, width: int, depth: int) -> Columns:
    panels = [_zone(zone, now, width, depth) for zone in zones]
    return Columns(panels, padding=0, width=width, expand=False)


def _zone(zone: ZoneStatus, now: datetime, width: int, depth: int) -> Panel:
    shown = zone.instances if len(zone.instances) <= depth else zone.instances[: depth - 1]
    table = Table.grid(padding=(0, 1))
    for it in shown:
        table.add_row(
            Text(it.id, no_wrap=True),
            Text(it.state, style=COLOURS[it.state], no_wrap=True),
            Text(age(it.started_at, now), style="dim", no_wrap=True),
        )
    if len(shown) < len(zone.instances):
        left = len(zone.instances) - len(shown)
        table.add_row(Text(f"and {left} more" if shown else count_of(left, "instance"), style="dim"))
    state = "" if zone.available else " (out)"
    return Panel(
        table,
        title=f"{zone.name}{state}",
        title_align="left",
        border_style="dim" if zone.available else "red",
        height=depth + 2,
        width=width,
    )


def _parts(status: EnvironmentStatus) -> Text:
    return _line(
        *_part("balancer", status.balancer),
        *(_part("database", status.database) if status.database else ()),
        *(piece for it in status.database_members if it.role is Role.STANDBY for piece in _standby(it)),
        *_part("supervisor", status.supervisor),
    )


def _others(status: EnvironmentStatus) -> list[Text]:
    """A line for workers and jobs, where there are any."""
    pieces = (*_workers(status.workers), *_jobs(status.jobs))
    return [_line(*pieces)] if pieces else []


def _workers(workers: Sequence[WorkerStatus]) -> tuple[str | tuple[str, str], ...]:
    if not workers:
        return ()
    running, desired = sum(sum(it.running.values()) for it in workers), sum(it.desired for it in workers)
    word = "running" if running >= desired else "starting"
    return (("workers ", "dim"), (f"{running} of {desired} running", COLOURS[word]), "   ")


def _jobs(jobs: Sequence[JobStatus]) -> tuple[str | tuple[str, str], ...]:
    if not jobs:
        return ()
    failed = sum(it.last is not None and it.last.outcome is not Outcome.SUCCEEDED for it in jobs)
    told = f"{sum(it.running is not None for it in jobs)} of {len(jobs)} running"
    return (("jobs ", "dim"), told, (f", {failed} failed" if failed else "", COLOURS["failed"]))


def _part(name: str, part: PartStatus) -> tuple[str | tuple[str, str], ...]:
    return ((f"{name} ", "dim"), (part.state.value, COLOURS[part.state]), "   ")


def _standby(it: DatabaseMember) -> tuple[str | tuple[str, str], ...]:
    told = "in sync" if it.in_sync else "not in sync"
    return (("standby ", "dim"), (told, COLOURS["healthy" if it.in_sync else "starting"]), "   ")


def _events(events: Sequence[tuple[str, str]], room: int) -> list[Text]:
    last = events[-room:] if room else ()
    drawn = [_line((at, "dim"), "  ", text) for at, text in last]
    return [*drawn, *(Text("") for _ in range(room - len(drawn)))]


def _notes(notes: Sequence[Note], room: int) -> list[Text]:
    last = notes[-room:] if room else ()
    return [_line((it.at, "dim"), "  ", (it.text, COLOURS[it.word])) for it in last]


def _foot(scene: Scene) -> Text:
    told = "Ctrl-C stops it. Data stays." if scene.stops else "Ctrl-C leaves this view; it goes on running."
    return _line((told, "dim"))
