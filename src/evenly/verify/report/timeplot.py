"""A load over time, with what happened in it: one drawing for a phone, one for a page, one for a wide window, and the
same figures as a table. Pure."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from evenly.verify._outcomes import LoadResult
from evenly.verify.report.figures import count, digits, milliseconds, seconds
from evenly.verify.report.intervals import Interval, intervals, width_s
from evenly.verify.report.marks import FAULT, Mark, Placed, place
from evenly.verify.report.markup import Markup, element, together
from evenly.verify.report.panels import (
    UNKNOWN,
    Frame,
    failed_panel,
    latency_panel,
    rate_panel,
    zone_class,
    zones_of,
)
from evenly.verify.report.svg import Linear, box, label, rule, time_ticks
from evenly.verify.report.tables import Table, folded, table

LEFT, RIGHT = 44.0, 34.0
LANE = 22.0
TITLE = 34.0  # above each panel: its name, and air
FOOT = 36.0
MANY = 16  # lines, beyond which those of mere events step back
CHARACTER = 7.2  # of the labels' text, widely measured


class Size(Struct, frozen=True):
    """One of the drawings, in its own units: `class_` shows it where it fits."""

    class_: str
    width: float
    heights: tuple[float, float, float]
    ticks: int


SIZES = (
    Size("narrow", 320.0, (130.0, 70.0, 40.0), 6),
    Size("middle", 520.0, (150.0, 76.0, 44.0), 9),
    Size("wide", 800.0, (190.0, 88.0, 48.0), 13),
)


class Timeline(Struct, frozen=True):
    """What is drawn. `marks`: in the order of time; `during`: from when to when it is tinted, in seconds."""

    name: str
    found: tuple[Interval, ...]
    marks: tuple[Mark, ...]
    during: tuple[float, float] | None
    end_s: float

    @property
    def zones(self) -> tuple[str, ...]:
        return zones_of(self.found)


def timeline(
    name: str, load: LoadResult, marks: Sequence[Mark], during: tuple[float, float] | None = None
) -> Timeline:
    """`name`: what it is a timeline of, for its titles."""
    found = intervals(load)
    ends = [it.end_s for it in found] + [it.at_s for it in marks] + [1.0]
    return Timeline(name, found, tuple(marks), during, max(ends))


def time_figure(drawn: Timeline, id: str) -> Markup:
    """The drawings, what they show in words, and the figures. `id`: unique in the page."""
    return element(
        "figure",
        element("figcaption", _legend(drawn)),
        [_drawing(drawn, size, f"{id}-{size.class_}") for size in SIZES],
        folded("The figures of this plot", table(_table(drawn))),
        class_="timeline",
    )


def _drawing(drawn: Timeline, size: Size, id: str) -> Markup:
    x = Linear(0.0, drawn.end_s, LEFT, size.width - RIGHT)
    labels = place(drawn.marks, x, size.width - 2, CHARACTER)
    top = LANE * (max((it.lane for it in labels), default=-1) + 1)
    frames = list(_frames(x, size, top))
    bottom = frames[-1].bottom
    height = bottom + FOOT
    return element(
        "svg",
        element("title", f"{drawn.name}: latency, requests and errors over time", id=f"{id}-title"),
        element("desc", _described(drawn), id=f"{id}-desc"),
        _during(drawn, x, top, bottom),
        _panels(drawn, frames),
        _seconds(drawn, x, bottom, size.ticks),
        _lines(drawn.marks, x, top - 3, bottom),
        _titles(drawn, frames),
        [_label(it, top) for it in labels],
        viewBox=f"0 0 {size.width:g} {height:g}",
        class_=f"plot {size.class_}",
        role="img",
        aria_labelledby=f"{id}-title {id}-desc",
    )


def _frames(x: Linear, size: Size, top: float) -> Iterator[Frame]:
    for height in size.heights:
        top += TITLE
        yield Frame(x, LEFT, size.width - RIGHT, top, top + height)
        top += height


def _panels(drawn: Timeline, frames: Sequence[Frame]) -> Markup:
    latency, rate, failed = frames
    return together(
        element("g", *latency_panel(latency, drawn.found), class_="latency"),
        element("g", *rate_panel(rate, drawn.found, drawn.zones, 3), class_="rate"),
        element("g", *failed_panel(failed, drawn.found), class_="errors"),
    )


def _titles(drawn: Timeline, frames: Sequence[Frame]) -> list[Markup]:
    each = f", each {width_s(drawn.found)} s" if width_s(drawn.found) > 1 else ""
    wrong = each if any(it.failed for it in drawn.found) else ": none"
    names = ("Latency, ms (logarithmic)", "Requests a second", f"Failed requests{wrong}")
    return [label(0, frame.top - 10, name, class_="panel") for frame, name in zip(frames, names, strict=True)]


def _during(drawn: Timeline, x: Linear, top: float, bottom: float) -> Markup | None:
    if drawn.during is None:
        return None
    start_s, end_s = drawn.during
    return box(x.at(start_s), top + 6, x.at(end_s), bottom, "during")


def _seconds(drawn: Timeline, x: Linear, bottom: float, most: int) -> Markup:
    shown = time_ticks(drawn.end_s, most)
    numbers = [
        label(x.at(it), bottom + 17, _clock(it, shown), anchor="middle", class_="second") for it in shown
    ]
    unit = "minutes and seconds" if shown[-1] >= 120 else "seconds"
    return element("g", numbers, label(x.end, bottom + 32, unit, anchor="end", class_="quiet"), class_="time")


def _clock(at_s: int, shown: Sequence[int]) -> str:
    return f"{at_s // 60}:{at_s % 60:02}" if shown[-1] >= 120 else str(at_s)


def _lines(marks: Sequence[Mark], x: Linear, top: float, bottom: float) -> Markup:
    """One line where several moments fall on the same place; the fault's on top."""
    places = {(round(x.at(it.at_s), 1), it.tone): None for it in marks}
    drawn = sorted(places, key=lambda it: (it[1] == FAULT, it[0]))
    lines = [rule(at, top, at, bottom, f"moment {tone}") for at, tone in drawn]
    return element("g", lines, class_="moments many" if len(drawn) > MANY else "moments")


def _label(it: Placed, top: float) -> Markup:
    y = top - LANE * (it.lane + 1)
    tone = it.marks[0].tone if len({mark.tone for mark in it.marks}) == 1 else "event"
    return element(
        "g",
        box(it.left, y + 1, it.right, y + LANE - 3, "ground", rx=9),
        label((it.left + it.right) / 2, y + 14, it.text, anchor="middle"),
        class_=f"label {tone}",
    )


def _described(drawn: Timeline) -> str:
    """The plot in words."""
    p50 = [it.p50_ms for it in drawn.found if it.p50_ms is not None]
    p99 = [it.p99_ms for it in drawn.found if it.p99_ms is not None]
    failed = sum(it.failed for it in drawn.found)
    told = [
        f"{count(sum(it.requests for it in drawn.found))} requests in {seconds(drawn.end_s)}, {count(failed)} failed."
    ]
    if p50:
        told.append(
            f"p50 from {milliseconds(min(p50))} to {milliseconds(max(p50))}, p99 up to {milliseconds(max(p99))}."
        )
    told += [f"{it.number}, {it.word or 'event'}, at {seconds(it.at_s)}." for it in drawn.marks if it.word]
    return " ".join(told)


def _legend(drawn: Timeline) -> Markup:
    several = width_s(drawn.found)
    each = "second" if several == 1 else f"{several} s (worst p99, median p50)"
    keys = [
        _key("line p99", "p99 and"),
        _key("line p50", f"p50 of the requests that were due in each {each}."),
    ]
    zones = [
        _key(f"area {zone_class(drawn.zones, it)}", it if it != UNKNOWN else "no zone told")
        for it in drawn.zones
    ]
    by_zone = [element("span", "Zones, from the bottom: ", zones)] if any(drawn.zones) else []
    tinted = [_key("during", "from the fault until capacity was full again.")] if drawn.during else []
    return together(element("span", keys), by_zone, tinted)


def _key(class_: str, text: str) -> Markup:
    shape, _, _ = class_.partition(" ")
    drawn = rule(0, 6, 18, 6, class_) if shape == "line" else box(0, 0, 18, 12, class_)
    swatch = element("svg", drawn, viewBox="0 0 18 12", class_="key", aria_hidden="true")
    # The space between two of them is outside of both: inside one that does not wrap, no line could end there.
    return together(element("span", swatch, f" {text}", class_="keyed" if shape == "area" else None), " ")


def _table(drawn: Timeline) -> Table:
    zones = drawn.zones if any(drawn.zones) else ()
    names = [it if it != UNKNOWN else "No zone" for it in zones]
    return Table(
        caption=f"{drawn.name}: the requests that were due in each step",
        heads=("From, s", "Requests", "Failed", "p50, ms", "p99, ms", *names),
        rows=tuple(_row(it, zones) for it in drawn.found),
    )


def _row(it: Interval, zones: Sequence[str]) -> tuple[str, ...]:
    known = sum(it.by_zone.values())
    by_zone = (it.by_zone.get(zone, 0) if zone != UNKNOWN else max(0, it.requests - known) for zone in zones)
    figures = (count(it.requests), count(it.failed), _latency(it.p50_ms), _latency(it.p99_ms))
    return (count(int(it.start_s)), *figures, *map(count, by_zone))


def _latency(found: float | None) -> str:
    return "\N{EN DASH}" if found is None else digits(found)
