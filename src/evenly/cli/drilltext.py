"""Drills as lines for a terminal. Pure."""

from collections.abc import Iterator

from evenly.cli.words import coloured, count_of, harmless, listed, table
from evenly.verify.drillresult import Cause, DrillResult, Drills, DrillVerdict, Moment

HEADINGS = ("DRILL", "VERDICT", "REQUESTS", "FAILED", "GAP", "P50 MS", "P99 MS", "DETECTED", "FULL")
FOOT = (
    "P50 and P99: before the fault, until full capacity, after it. GAP: the longest time without an answer."
)
_TOLD = {Cause.FAULT: "fault: ", Cause.DETECTED: "detected: "}


def moment_line(moment: Moment) -> str:
    """One line of the timeline."""
    return f"  {moment.at_s:5.2f} s  {_TOLD.get(moment.cause, '')}{harmless(moment.what)}"


def drills_lines(drills: Drills) -> list[str]:
    """A table of all, what was missed and skipped, and the verdict at the end."""
    rows = [_row(it) for it in drills.results]
    notes = [*(line for it in drills.results for line in _notes(it)), *_left_out(drills)]
    return [*table([HEADINGS, *rows]), FOOT, *(["", *notes] if notes else []), "", verdict_line(drills)]


def verdict_line(drills: Drills) -> str:
    """One line that says how it went."""
    counts = {it: len(drills.of(it)) for it in DrillVerdict}
    told = [f"{count_of(counts[DrillVerdict.PASS], 'drill')} passed"]
    told += [f"{counts[DrillVerdict.FAIL]} failed"] if counts[DrillVerdict.FAIL] else []
    told += [f"{counts[DrillVerdict.VOID]} void"] if counts[DrillVerdict.VOID] else []
    told += [f"{len(drills.skipped)} skipped"] if drills.skipped else []
    return f"{coloured(_worst(drills), listed(told))} in {drills.duration_s:.0f} s."


def _worst(drills: Drills) -> DrillVerdict:
    order = (DrillVerdict.FAIL, DrillVerdict.VOID)
    return next((it for it in order if drills.of(it)), DrillVerdict.PASS)


def _row(it: DrillResult) -> tuple[str, ...]:
    latencies = (it.before.latency, it.during.latency, it.after.latency)
    return (
        it.kind,
        coloured(it.verdict),
        f"{it.load.requests}",
        f"{it.load.errors}",
        f"{it.load.longest_gap_s:.2f} s",
        _three(*(each.p50_ms for each in latencies)),
        _three(*(each.p99_ms for each in latencies)),
        _seconds(it.detected_s),
        _seconds(it.full_s),
    )


def _three(*milliseconds: float) -> str:
    return " ".join(f"{each:.0f}" if each >= 10 else f"{each:.1f}" for each in milliseconds)


def _seconds(found: float | None) -> str:
    return "-" if found is None else f"{found:.2f} s"


def _notes(it: DrillResult) -> Iterator[str]:
    if it.void:
        yield f"{it.kind}: {it.void} It proves nothing; try a lower --rate, or a machine with less to do."
    else:
        yield from (f"{it.kind}: {why}" for why in it.missed)


def _left_out(drills: Drills) -> Iterator[str]:
    yield from (f"{it.kind} skipped: {it.why}" for it in drills.skipped)
    if drills.broken_off:
        yield f"The rest was not begun: {harmless(drills.broken_off)}"
