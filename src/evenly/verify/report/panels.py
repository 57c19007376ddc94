"""The three panels of a timeline, one above the other: latency, requests by zone, failed requests. Pure."""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from evenly.verify.report.figures import count
from evenly.verify.report.intervals import Interval
from evenly.verify.report.markup import Markup
from evenly.verify.report.svg import (
    Linear,
    Logarithmic,
    Scale,
    Step,
    area_of,
    box,
    label,
    levels,
    line_of,
    path,
    rule,
    ticks,
    whole_ticks,
)

COLOURS = 6
UNKNOWN = ""  # the zone of what was not answered, or by somebody who tells of none
SHORTEST_MS = 0.001
_APART = 13.0  # between the middles of two lines of text


class Frame(Struct, frozen=True):
    """Where a panel is drawn: its own `top` and `bottom`, and the scale of time that all share."""

    x: Scale
    left: float
    right: float
    top: float
    bottom: float


def latency_panel(frame: Frame, found: Sequence[Interval]) -> Iterator[Markup | None]:
    """p50 and p99 as steps, and what is between them as a band."""
    y, shown = latency_scale(found, frame.top, frame.bottom)
    yield from _grid(frame, y, shown)
    p50 = _steps(frame, found, lambda it: None if it.p50_ms is None else y.at(it.p50_ms))
    p99 = _steps(frame, found, lambda it: None if it.p99_ms is None else y.at(it.p99_ms))
    yield path(area_of(p99, [it.y if it.y is not None else 0.0 for it in p50]), "band")
    yield path(line_of(p50), "p50")
    yield path(line_of(p99), "p99")
    yield from _end_labels(frame, p50, p99)


def latency_scale(found: Sequence[Interval], top: float, bottom: float) -> tuple[Scale, Sequence[float]]:
    """Logarithmic, over a factor of ten at least; and its ticks."""
    known = [(it.p50_ms, it.p99_ms) for it in found if it.p50_ms is not None and it.p99_ms is not None]
    low = max(SHORTEST_MS, min((p50 for p50, _ in known), default=1.0))
    high = max(low, max((p99 for _, p99 in known), default=10.0))
    low, high, shown = levels(low, high)
    return Logarithmic(low, high, bottom, top), shown


def rate_panel(
    frame: Frame, found: Sequence[Interval], zones: Sequence[str], most: int
) -> Iterator[Markup | None]:
    """Requests a second, what each zone answered on top of the zone before it."""
    whole = [it for it in found if it.is_whole]
    shown = ticks(max((it.rate(it.requests) for it in whole), default=1.0), most)
    y = Linear(0.0, shown[-1], frame.bottom, frame.top)
    yield from _grid(frame, y, shown)
    under = [0.0] * len(whole)
    for zone in zones:
        over = [low + it.rate(_of_zone(it, zone)) for low, it in zip(under, whole, strict=True)]
        steps = [_step(frame, it, y.at(high)) for it, high in zip(whole, over, strict=True)]
        yield path(area_of(steps, [y.at(low) for low in under]), f"area {zone_class(zones, zone)}")
        under = over


def failed_panel(frame: Frame, found: Sequence[Interval]) -> Iterator[Markup | None]:
    """A bar for each interval in which requests failed, as high as they are many."""
    most = max((it.failed for it in found), default=0)
    shown = whole_ticks(most, 3)
    y = Linear(0.0, shown[-1], frame.bottom, frame.top)
    yield from _grid(frame, y, shown if most else (0.0,))
    for it in found:
        if it.failed:
            left, right = frame.x.at(it.start_s), frame.x.at(it.end_s)
            inset = min(1.0, (right - left) / 6)
            yield box(left + inset, y.at(it.failed), right - inset, frame.bottom, "failed")


def zones_of(found: Sequence[Interval]) -> tuple[str, ...]:
    """All that answered, by name; last what is of no zone, where there is any."""
    named = sorted({zone for it in found for zone in it.by_zone})
    others = any(_of_zone(it, UNKNOWN) for it in found)
    return (*named, *((UNKNOWN,) if others else ()))


def zone_class(zones: Sequence[str], zone: str) -> str:
    return "zone-none" if zone == UNKNOWN else f"zone-{list(zones).index(zone) % COLOURS}"


def _of_zone(it: Interval, zone: str) -> int:
    return it.by_zone.get(zone, 0) if zone != UNKNOWN else max(0, it.requests - sum(it.by_zone.values()))


def _grid(frame: Frame, y: Scale, shown: Sequence[float]) -> Iterator[Markup]:
    for value in shown:
        at = y.at(value)
        told = count(int(value)) if value == int(value) else f"{value:g}"
        yield rule(frame.left, at, frame.right, at, "axis" if at == frame.bottom else "grid")
        yield label(frame.left - 6, at + 4, told, anchor="end", class_="tick")


def _steps(frame: Frame, found: Sequence[Interval], y: Callable[[Interval], float | None]) -> list[Step]:
    return [_step(frame, it, y(it)) for it in found]


def _step(frame: Frame, it: Interval, y: float | None) -> Step:
    return Step(frame.x.at(it.start_s), frame.x.at(it.end_s), y)


def _end_labels(frame: Frame, p50: Sequence[Step], p99: Sequence[Step]) -> Iterator[Markup]:
    """The names of the lines, where they end; apart, also where the lines are not."""
    ends = [next((it.y for it in reversed(steps) if it.y is not None), None) for steps in (p50, p99)]
    low, high = ends
    if low is None or high is None:
        return
    high = min(high, low - _APART, frame.bottom - _APART)
    yield label(frame.right + 6, high + 4, "p99", class_="name name-p99")
    yield label(frame.right + 6, max(low, high + _APART) + 4, "p50", class_="name name-p50")
