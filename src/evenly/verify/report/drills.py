"""The page of drills: of each the verdict, the cost, and the load over time with all that happened in it. Pure."""

from collections.abc import Iterable, Sequence

from evenly.verify.drillresult import Cause, DrillResult, Drills, DrillVerdict, Moment
from evenly.verify.report.figures import count, milliseconds, rate, seconds
from evenly.verify.report.headlines import Tone, of_drill, of_drills
from evenly.verify.report.loadparts import (
    LATENCY_HEADS,
    how_it_failed,
    percentiles,
    requests_row,
    statuses,
    who_answered,
)
from evenly.verify.report.marks import FAULT, Mark
from evenly.verify.report.markup import Child, Markup, element, together
from evenly.verify.report.page import badge, figures, lead, page, time
from evenly.verify.report.tables import Table, facts, section, table
from evenly.verify.report.timeplot import Timeline, time_figure, timeline

TONES = {DrillVerdict.PASS: Tone.PASS, DrillVerdict.FAIL: Tone.FAIL, DrillVerdict.VOID: Tone.VOID}
MARKS = {
    Cause.FAULT: (FAULT, "fault"),
    Cause.DETECTED: ("detected", "detected"),
    Cause.FULL: ("full", "full again"),
    Cause.UNDONE: ("undone", "put right"),
    Cause.EVENT: ("event", ""),
}


def drills_html(drills: Drills) -> str:
    """The whole page."""
    headline = of_drills(drills)
    if len(drills.results) == 1:
        only = drills.results[0]
        content = together(lead(only.sentence), _costs(only), _parts(only, "drill", "h2"))
    else:
        content = together(
            _overview(drills), [_drill(it, f"drill-{at}") for at, it in enumerate(drills.results, 1)]
        )
    return page(
        "evenly drill",
        drills.environment,
        headline,
        together(content, _left_out(drills), _run(drills)),
        drills,
    )


def _overview(drills: Drills) -> Markup | None:
    if not drills.results:
        return None
    heads = ("Drill", "Verdict", "Requests", "Failed", "Longest gap", "p99 during", "Detected", "Full again")
    rows = tuple(_row(it, f"drill-{at}") for at, it in enumerate(drills.results, 1))
    return section("all", "All drills", table(Table("What each drill cost", heads, rows, frozenset({0, 1}))))


def _row(drill: DrillResult, id: str) -> Sequence[Markup | str]:
    return (
        element("a", str(drill.kind), href=f"#{id}"),
        badge(TONES[drill.verdict]),
        count(drill.load.requests),
        count(drill.load.errors),
        seconds(drill.load.longest_gap_s),
        milliseconds(drill.during.latency.p99_ms),
        _after(drill.detected_s),
        _after(drill.full_s),
    )


def _drill(drill: DrillResult, id: str) -> Markup:
    headline = of_drill(drill)
    told = element("p", badge(headline.tone), f" \N{MIDDLE DOT} {drill.sentence}")
    return section(id, headline.text, told, _costs(drill), _parts(drill, id, "h3"))


def _costs(drill: DrillResult) -> Markup:
    load, bounds = drill.load, drill.bounds
    return figures(
        [
            ("Requests", f"{count(load.requests)}"),
            ("Failed", _bounded(count(load.errors), None if bounds.failed is None else count(bounds.failed))),
            ("Longest gap", _bounded(seconds(load.longest_gap_s), _limit(bounds.gap_s))),
            ("Detected after", _after(drill.detected_s)),
            ("Full again after", _bounded(_after(drill.full_s), _limit(bounds.full_s))),
            ("Rate", rate(drill.rate)),
        ]
    )


def _bounded(figure: str, bound: str | None) -> Markup:
    told = element("small", "not judged" if bound is None else f"{bound} allowed")
    return together(figure, " ", told)


def _limit(bound_s: float | None) -> str | None:
    return None if bound_s is None else f"{bound_s:g} s"


def _after(found_s: float | None) -> str:
    return "not seen" if found_s is None else seconds(found_s)


def _parts(drill: DrillResult, id: str, heading: str) -> Markup:
    """`id`: of the drill, unique in the page. `heading`: of which rank those of its parts are."""
    return together(
        element(heading, "Over time"),
        time_figure(_timeline(drill), id),
        table(_moments(drill)),
        element(heading, "Before, during and after"),
        table(_phases(drill)),
        element(heading, "Who answered"),
        who_answered(drill.load) or element("p", "No answer told which instance gave it.", class_="quiet"),
        how_it_failed(drill.load),
        statuses(drill.load),
        percentiles(drill.load),
    )


def _timeline(drill: DrillResult) -> Timeline:
    marks = [Mark(at, it.at_s, *MARKS[it.cause]) for at, it in _numbered(drill)]
    full_s = drill.full_s
    during = None if full_s is None else (drill.fault_at_s, drill.fault_at_s + full_s)
    return timeline(f"Drill {drill.kind}", drill.load, marks, during)


def _numbered(drill: DrillResult) -> Iterable[tuple[int, Moment]]:
    return enumerate(sorted(drill.moments, key=lambda it: it.at_s), start=1)


def _moments(drill: DrillResult) -> Table:
    rows = tuple(
        (
            element("span", str(at), class_=f"number {MARKS[it.cause][0]}"),
            f"{it.at_s:.2f}",
            f"{it.at_s - drill.fault_at_s:+.2f}",
            _told(it),
        )
        for at, it in _numbered(drill)
    )
    return Table(
        "What happened", ("No.", "At, s", "Since fault, s", "What"), rows, frozenset({0, 3}), widest=3
    )


def _told(moment: Moment) -> Markup:
    word = MARKS[moment.cause][1]
    named = element("b", f"{word[0].upper()}{word[1:]}: ") if word else None
    where = [it for it in (moment.instance, moment.zone) if it and it not in moment.what]
    return together(named, moment.what, [element("code", f" {it}") for it in where])


def _phases(drill: DrillResult) -> Table:
    parts = (
        ("Before the fault", drill.before),
        ("Until full again", drill.during),
        ("After that", drill.after),
    )
    rows = tuple(requests_row(name, it.requests, it.failed, it.latency) for name, it in parts)
    return Table("Requests by when they were due", ("Part", *LATENCY_HEADS), rows)


def _left_out(drills: Drills) -> Markup | None:
    if not drills.skipped and not drills.broken_off:
        return None
    rows = [element("li", element("b", str(it.kind)), f": {it.why}") for it in drills.skipped]
    rest = [element("li", element("b", "The rest"), f": {drills.broken_off}")] if drills.broken_off else []
    return section("skipped", "What was left out", element("ul", rows, rest))


def _run(drills: Drills) -> Markup:
    pairs: list[tuple[str, Child]] = [
        ("Address", drills.url),
        ("Environment", drills.environment),
        ("Target", drills.target),
        ("Started", time(drills.started_at)),
        ("Took", seconds(drills.duration_s)),
    ]
    return section("run", "The run", facts(pairs))
