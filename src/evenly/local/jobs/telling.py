"""Jobs' states as everybody is told of them: the same from their supervisor and from their file."""

from collections.abc import Mapping
from datetime import UTC, datetime

from evenly.core.jobs import Entry, JobState, Run
from evenly.core.moments import timestamp
from evenly.core.scheduling import next_due
from evenly.core.status import JobRun, JobStatus, Outcome, PastRun

UNRUN = (Outcome.SKIPPED, Outcome.MISSED)


def job_statuses(states: Mapping[str, JobState], wall: float) -> tuple[JobStatus, ...]:
    """By name. `wall`: seconds since 1970."""
    return tuple(_job(name, state, wall) for name, state in sorted(states.items()))


def past_runs(state: JobState) -> tuple[PastRun, ...]:
    """The job's history, oldest first."""
    return tuple(_past(it) for it in state.history)


def _job(name: str, state: JobState, wall: float) -> JobStatus:
    ran = [it for it in state.history if it.outcome not in UNRUN]
    return JobStatus(
        name=name,
        schedule=state.schedule,
        running=_run(state.run) if state.run else None,
        last=_past(ran[-1]) if ran else None,
        next_at=_time(next_due(state, wall)),
    )


def _run(run: Run) -> JobRun:
    return JobRun(run.id, _time(run.due), timestamp(_moment(run.begun)), run.attempt, run.zone)


def _past(entry: Entry) -> PastRun:
    return PastRun(
        outcome=entry.outcome,
        due=_time(entry.due),
        id=entry.id,
        started_at=_time(entry.begun),
        ended_at=_time(entry.ended),
        zone=entry.zone,
        attempts=entry.attempts,
        code=entry.code,
        why=entry.why,
        count=entry.count,
    )


def _time(wall: float | None) -> str | None:
    return None if wall is None else timestamp(_moment(wall))


def _moment(wall: float) -> datetime:
    return datetime.fromtimestamp(wall, UTC)
