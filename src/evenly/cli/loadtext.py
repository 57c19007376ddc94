"""A load as lines for a terminal. Pure."""

from collections.abc import Iterator, Mapping, Sequence

import click

from evenly.cli.words import BAD, CAREFUL, GOOD, count_of, harmless, table
from evenly.verify._outcomes import Fault, Latency, LoadResult
from evenly.verify._schedule import Stage
from evenly.verify.loadreport import LoadReport, PlanTold
from evenly.verify.meter import Reading

FAULTS = {
    Fault.STATUS: "not the expected status",
    Fault.REFUSED: "no connection",
    Fault.TLS: "no trust",
    Fault.BROKEN: "the connection broke",
    Fault.TIMEOUT: "no answer in time",
    Fault.SCENARIO: "the scenario refused the answer",
    Fault.SENDER: "could not be sent from here",
}
HEADINGS = ("p50", "p90", "p95", "p99", "p99.9", "max")


def progress_line(now: Reading, past_s: float, whole_s: float) -> str:
    """How it goes, in one line."""
    found = now.latency
    return (
        f"{min(past_s, whole_s):.0f} of {whole_s:.0f} s  {now.rate:,.0f}/s  p50 {milliseconds(found.p50_ms)}  "
        f"p99 {milliseconds(found.p99_ms)}  {count_of(now.failed, 'error')}"
    )


def load_lines(report: LoadReport) -> list[str]:
    """What was sent, the figures, and the verdict at the end."""
    result = report.result
    where = f" ({report.environment})" if report.environment else ""
    blocks = [
        [f"{harmless(report.plan.url)}{where}: {sent(report.plan)}"],
        _latencies(result),
        _parts(result),
        _faults(result),
        _served(result),
        [harmless(f"{text} ({count} times)") for text, count in result.complaints.items()],
        [f"{it.limit}: {it.figure}" for it in report.broken],
    ]
    return [line for block in blocks if block for line in (*block, "")] + [verdict(report)]


def sent(plan: PlanTold) -> str:
    """What it sends: `500/s for 30 s`, stage by stage."""
    what = f"{plan.scenario}, " if plan.scenario else "" if plan.method == "GET" else f"{plan.method}, "
    return what + stages_told(plan.stages)


def stages_told(stages: Sequence[Stage]) -> str:
    return ", then ".join(f"{it.rate:g}/s for {it.duration_s:g} s" for it in stages)


def verdict(report: LoadReport) -> str:
    """One line that says how it went."""
    result = report.result
    share = f" ({100 * result.errors / result.requests:.3g} %)" if result.errors else ""
    told = f"{count_of(result.requests, 'request')}, {result.errors} failed{share}, {_rate(result.rate)}/s answered"
    if report.interrupted:
        told = f"Ended early: {told}"
    if report.void:
        return click.style(f"Void: {report.void} The figures prove nothing. ", fg=CAREFUL) + f"{told}."
    if report.broken:
        return click.style(f"{told}: {count_of(len(report.broken), 'limit')} broken.", fg=BAD)
    return click.style(f"{told}.", fg=GOOD if not result.errors else None)


def milliseconds(figure: float) -> str:
    """Three digits: `1.23 ms`, `250 ms`, `1.5 s`."""
    if figure >= 1000:
        return f"{figure / 1000:.3g} s"
    return f"{figure:.3g} ms" if figure < 100 else f"{figure:.0f} ms"


def _rate(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def _latencies(result: LoadResult) -> list[str]:
    """A line a stage where there are several, and one of all."""
    rows: list[tuple[str, ...]] = [("", "requests", "failed", *HEADINGS)]
    if len(result.stages) > 1:
        rows += [(f"{it.rate:g}/s", *_cells(it.requests, it.failed, it.latency)) for it in result.stages]
    rows.append(("all", *_cells(result.requests, result.errors, result.latency)))
    return table(rows, "  ")


def _parts(result: LoadResult) -> list[str]:
    """Where a scenario makes several requests: a line each."""
    if len(result.parts) < 2:
        return []
    return table(
        [(harmless(it.name), *_cells(it.requests, it.failed, it.latency)) for it in result.parts], "  "
    )


def _cells(requests: int, failed: int, found: Latency) -> tuple[str, ...]:
    figures = (found.p50_ms, found.p90_ms, found.p95_ms, found.p99_ms, found.p999_ms, found.max_ms)
    nothing = requests == failed
    return (f"{requests:,}", f"{failed:,}", *("-" if nothing else milliseconds(each) for each in figures))


def _faults(result: LoadResult) -> list[str]:
    return [
        f"  {count:,} failed: {FAULTS[fault]}{_statuses(fault, result)}"
        for fault, count in result.by_fault.items()
    ]


def _statuses(fault: Fault, result: LoadResult) -> str:
    if fault is not Fault.STATUS:
        return ""
    told = (
        f"{status} {count:,} times"
        for status, count in sorted(result.by_status.items())
        if not 200 <= status < 300
    )
    return f" ({', '.join(told)})"


def _served(result: LoadResult) -> list[str]:
    """Who answered, where the answers said so."""
    return [
        f"  {what}: {', '.join(_counted(counts))}"
        for what, counts in (("zones", result.by_zone), ("instances", result.by_instance))
        if counts
    ]


def _counted(counts: Mapping[str, int]) -> Iterator[str]:
    return (f"{harmless(name)} {counts[name]:,}" for name in sorted(counts))
