"""What a benchmark found, as values, as a table, and as the block of a document. Pure but for `machine`."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import psutil

T = TypeVar("T")


class Bound(StrEnum):
    AT_MOST = "at most"
    AT_LEAST = "at least"


class Of(StrEnum):
    RATIO = "ratio"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Target:
    """What was promised: of the median ratio, or of each of our own figures (in the measure's unit)."""

    bound: Bound
    value: float
    of: Of


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of ours and of the peer, pair by pair: the n-th of each were taken one after the other."""

    what: str
    unit: str
    ours: tuple[float, ...]
    peer: tuple[float, ...]
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """More of what was seen: where the time goes, say."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A panel of a plot. `name`: with its unit. `values`: one for each step; `fitted`: what was laid through them."""

    name: str
    values: tuple[float | None, ...]
    fitted: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """`told`: the same in words. `axis`: what the steps are; `ticks`: at which step stands what."""

    title: str
    told: str
    axis: str
    ticks: tuple[tuple[float, str], ...]
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a benchmark's module hands over."""

    peer: str
    measures: tuple[Measure, ...]
    tables: tuple[Table, ...] = ()
    plot: Plot | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is kept of a run. `measured_on` is a date (YYYY-MM-DD)."""

    name: str
    machine: str
    measured_on: str
    findings: Findings


def alternate(
    pairs: int, ours: Callable[[], T], peer: Callable[[], T]
) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Measure both `pairs` times, one after the other, and another one first each time."""
    mine, theirs = [], []
    for number in range(pairs):
        if number % 2:
            theirs.append(peer())
            mine.append(ours())
        else:
            mine.append(ours())
            theirs.append(peer())
    return tuple(mine), tuple(theirs)


def both(
    ours: Sequence[object], peer: Sequence[object], figure: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """One figure of each run: ours and the peer's, as a measure takes them."""
    return tuple(getattr(each, figure) for each in ours), tuple(getattr(each, figure) for each in peer)


def ratios(measure: Measure) -> tuple[float, ...]:
    """Ours to the peer's, pair by pair; empty where the peer's figure is nothing."""
    if not all(measure.peer):
        return ()
    return tuple(mine / theirs for mine, theirs in zip(measure.ours, measure.peer, strict=True))


def is_met(measure: Measure) -> bool | None:
    """Whether the target was met; `None` without one. A target of our own figures holds for the median, a
    target of zero for each."""
    target = measure.target
    if target is None:
        return None
    seen = ratios(measure) if target.of is Of.RATIO else measure.ours
    if not seen:
        return False
    figure = statistics.median(seen) if target.value else max(seen)
    return figure <= target.value if target.bound is Bound.AT_MOST else figure >= target.value


def as_markdown(report: Report) -> str:
    """The tables of a report: median (least-most)."""
    found = report.findings
    rows = [_row(measure) for measure in found.measures]
    parts = [
        f"{report.machine}; {report.measured_on}. Peer: {found.peer}.",
        _table(("measured", "Evenly", "peer", "ratio", "target"), rows),
    ]
    parts += [f"{table.title}:\n\n{_table(table.headings, table.rows)}" for table in found.tables]
    if found.plot:
        parts.append(f"![{found.plot.title}]({image(report.name)})")
    return "\n\n".join(parts)


def image(name: str) -> str:
    """Where the plot of that benchmark is, seen from the document."""
    return f"images/bench-{name}.svg"


def machine() -> str:
    """This machine in a few words that name neither it nor anybody."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def spread(figures: Sequence[float], unit: str) -> str:
    """`12.3 ms (11.0-14.1)`; one figure alone for one measurement, or where all are equal."""
    least, middle, most = (_number(each) for each in (min(figures), statistics.median(figures), max(figures)))
    told = f"{middle} {unit}".strip()
    return told if least == most else f"{told} ({least}-{most})"


def _row(measure: Measure) -> tuple[str, ...]:
    compared = ratios(measure)
    return (
        measure.what,
        spread(measure.ours, measure.unit),
        spread(measure.peer, measure.unit),
        spread(compared, "x") if compared else "",
        _promise(measure),
    )


def _promise(measure: Measure) -> str:
    target = measure.target
    if target is None:
        return ""
    unit = "x" if target.of is Of.RATIO else measure.unit
    verdict = "met" if is_met(measure) else "**missed**"
    return f"{target.bound} {target.value:g} {unit}".strip() + f": {verdict}"


def _number(value: float) -> str:
    """Three digits that count, and no more than the measurement can know."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
