"""Workers and jobs as text. Pure: facts in, lines out."""

from collections.abc import Sequence
from datetime import datetime

from evenly.cli.words import coloured, count_of, duration, harmless, table
from evenly.core.status import JobStatus, Outcome, PastRun, WorkerStatus

JOB_HEADINGS = ("JOB", "SCHEDULE", "NEXT", "LAST", "OUTCOME")
HISTORY_HEADINGS = ("DUE", "RUN", "OUTCOME", "STARTED", "TOOK", "ATTEMPTS", "CODE", "ZONE")


def worker_lines(workers: Sequence[WorkerStatus]) -> list[str]:
    """A line for each worker: how many of its processes run in each zone, and what keeps it from more."""
    return table([_worker_row(it) for it in workers], indent="  ")


def job_lines(jobs: Sequence[JobStatus], now: datetime, indent: str = "") -> list[str]:
    """A line for each job, below headings."""
    return table([JOB_HEADINGS, *(_job_row(it, now) for it in jobs)], indent=indent)


def history_lines(past: Sequence[PastRun]) -> list[str]:
    return table([HISTORY_HEADINGS, *(_past_row(it) for it in past)])


def outcome_line(name: str, past: PastRun) -> str:
    """How a run ended, in a sentence."""
    attempts = "" if past.attempts == 1 else f", {past.attempts} attempts"
    why = f": it {past.why}" if past.why and past.outcome is not Outcome.SUCCEEDED else ""
    return f"{name} {coloured(past.outcome)}{harmless(why)}{attempts}."


def _worker_row(it: WorkerStatus) -> tuple[str, ...]:
    running = sum(it.running.values())
    word = "running" if running >= it.desired else "starting"
    zones = ", ".join(f"{count} in {zone}" for zone, count in sorted(it.running.items()))
    problem = harmless(f"{it.failed} {it.why}") if it.failed else ""
    return (f"worker {it.name}", coloured(word, f"{running} of {it.desired} running"), zones, problem)


def _job_row(it: JobStatus, now: datetime) -> tuple[str, ...]:
    if it.running:
        last, outcome = _clock(it.running.started_at), coloured("running")
    elif it.last:
        last, outcome = _clock(it.last.started_at), coloured(it.last.outcome)
    else:
        last, outcome = "-", "has not run yet"
    return (it.name, it.schedule, _next(it.next_at, now), last, outcome)


def _next(at: str | None, now: datetime) -> str:
    if at is None:
        return "never"
    return f"{_clock(at)} (in {duration((datetime.fromisoformat(at) - now).total_seconds())})"


def _past_row(it: PastRun) -> tuple[str, ...]:
    due = _clock(it.due) if it.due else "by hand"
    if it.started_at is None or it.ended_at is None:
        return (due, "-", coloured(it.outcome, f"{it.outcome} ({count_of(it.count, 'due time')})"))
    took = datetime.fromisoformat(it.ended_at) - datetime.fromisoformat(it.started_at)
    code = "-" if it.code is None else str(it.code)
    return (
        due,
        it.id or "-",
        coloured(it.outcome),
        _clock(it.started_at),
        f"{took.total_seconds():.1f} s",
        str(it.attempts),
        code,
        it.zone or "-",
    )


def _clock(at: str | None) -> str:
    """An RFC 3339 time to the second, without its zone: all are UTC."""
    return at[:19].replace("T", " ") if at else "-"
