"""The page of a load: the limits, the load over time with its stages and events, and who answered. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from evenly.verify.report.figures import count, milliseconds, rate, seconds, share
from evenly.verify.report.headlines import Tone, of_load
from evenly.verify.report.loadparts import (
    LATENCY_HEADS,
    how_it_failed,
    percentiles,
    requests_row,
    statuses,
    who_answered,
)
from evenly.verify.report.marks import Mark
from evenly.verify.report.markup import Child, Markup, element, together
from evenly.verify.report.page import badge, figures, lead, page, time
from evenly.verify.report.tables import Table, facts, section, table
from evenly.verify.report.timeplot import time_figure, timeline

if TYPE_CHECKING:
    from evenly.verify.loadreport import LoadReport


def load_html(report: LoadReport) -> str:
    """The whole page."""
    happened = tuple(_happened(report))
    marks = [Mark(number, at_s, tone, word) for number, (at_s, tone, word, _) in enumerate(happened, 1)]
    drawn = time_figure(timeline("Load", report.result, marks), "load")
    content = together(
        _lead(report),
        _figures(report),
        _limits(report),
        section("time", "Over time", drawn, _table_of(happened)),
        _stages(report),
        section("answers", "Who answered", _answers(report)),
        section("latency", "Latency", percentiles(report.result), _parts(report)),
        _run(report),
    )
    return page("evenly load", report.environment or report.plan.url, of_load(report), content, report)


def _lead(report: LoadReport) -> Markup | None:
    return lead("It was ended before its time.") if report.interrupted else None


def _figures(report: LoadReport) -> Markup:
    load = report.result
    shown = load.latency
    nothing = load.errors == load.requests
    return figures(
        [
            ("Requests", count(load.requests)),
            (
                "Failed",
                together(count(load.errors), " ", element("small", share(load.errors, load.requests))),
            ),
            ("Answered", rate(load.rate)),
            ("p50", "\N{EN DASH}" if nothing else milliseconds(shown.p50_ms)),
            ("p99", "\N{EN DASH}" if nothing else milliseconds(shown.p99_ms)),
            ("Slowest", "\N{EN DASH}" if nothing else milliseconds(shown.max_ms)),
            ("Longest gap", seconds(load.longest_gap_s)),
        ]
    )


def _limits(report: LoadReport) -> Markup | None:
    if not report.limits:
        return None
    broken = {it.limit: it.figure for it in report.broken}
    rows = tuple((element("code", it), _judged(broken.get(it))) for it in report.limits)
    shown = Table(
        "A load that has one of these fails", ("Limit", "Verdict"), rows, frozenset({0, 1}), slim=True
    )
    return section("limits", "Limits", table(shown))


def _judged(figure: str | None) -> Markup:
    if figure is None:
        return badge(Tone.PASS, "kept")
    return together(badge(Tone.FAIL, "broken"), f": it was {figure}")


Happened = tuple[float, str, str, Markup]


def _happened(report: LoadReport) -> Iterator[Happened]:
    """Stages and events in the order of time: when, how it is drawn, its word, and what it was."""
    yield from sorted([*_begun(report), *_events(report)], key=lambda it: it[0])


def _begun(report: LoadReport) -> Iterator[Happened]:
    if len(report.plan.stages) > 1:
        for stage in report.result.stages:
            if stage.start_s <= report.result.ended_s:
                told = f"{rate(stage.rate)} from here, for {seconds(stage.duration_s)}"
                yield stage.start_s, "stage", rate(stage.rate), together(told)


def _events(report: LoadReport) -> Iterator[Happened]:
    started = datetime.fromisoformat(report.started_at)
    for it in report.events:
        at_s = max(0.0, (datetime.fromisoformat(it.at) - started).total_seconds())
        where = [name for name in (it.instance, it.zone) if name and name not in it.what]
        yield at_s, "event", "", together(it.what, [element("code", f" {name}") for name in where])


def _table_of(happened: tuple[Happened, ...]) -> Markup | None:
    if not happened:
        return None
    rows = tuple(
        (element("span", str(number), class_=f"number {tone}"), f"{at_s:.2f}", what)
        for number, (at_s, tone, _, what) in enumerate(happened, 1)
    )
    return table(Table("What happened", ("No.", "At, s", "What"), rows, frozenset({0, 2}), widest=2))


def _stages(report: LoadReport) -> Markup | None:
    if len(report.result.stages) < 2:
        return None
    rows = tuple(
        (*requests_row(rate(it.rate), it.requests, it.failed, it.latency), f"{it.lateness_s * 1000:.1f}")
        for it in report.result.stages
    )
    heads = ("Rate", *LATENCY_HEADS, "Sender late, ms")
    return section("stages", "Stages", table(Table("Requests by the stage they were due in", heads, rows)))


def _parts(report: LoadReport) -> Markup | None:
    if not report.result.parts:
        return None
    rows = tuple(
        requests_row(element("code", it.name), it.requests, it.failed, it.latency)
        for it in report.result.parts
    )
    return table(Table("Requests by name", ("Name", *LATENCY_HEADS), rows))


def _answers(report: LoadReport) -> Markup:
    load = report.result
    told = who_answered(load) or element("p", "No answer told which instance gave it.", class_="quiet")
    return together(told, how_it_failed(load), statuses(load), _complaints(report))


def _complaints(report: LoadReport) -> Markup | None:
    if not report.result.complaints:
        return None
    found = sorted(report.result.complaints.items(), key=lambda it: -it[1])
    rows = tuple((what, count(number)) for what, number in found)
    return table(Table("What the scenario raised", ("What", "Times"), rows, slim=True))


def _run(report: LoadReport) -> Markup:
    plan = report.plan
    pairs: list[tuple[str, Child]] = [("Address", f"{plan.method} {plan.url}")]
    pairs += [("Environment", report.environment)] if report.environment else []
    pairs += [("Target", report.target)] if report.target else []
    pairs += [("Scenario", f"{plan.scenario}, {count(report.result.users)} users")] if plan.scenario else []
    pairs += [("Planned", ", ".join(f"{rate(it.rate)} for {it.duration_s:g} s" for it in plan.stages[:8]))]
    pairs += [("Sender late, at most", milliseconds(report.result.lateness_s * 1000))]
    return section("run", "The run", facts([*pairs, ("Started", time(report.started_at))]))
