"""Scheduled jobs: what is known of one, and how what happens changes it. Pure.

What is decided, and by which rules, is in `core.scheduling`. `wall` is the time of day (seconds since 1970), by which
jobs come due; `monotonic` (seconds) measures how long things take.
"""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.fleet import ProcessRef
from evenly.core.status import Outcome
from evenly.manifest.types import Job

FIRST_BACKOFF_S = 5.0
LONGEST_BACKOFF_S = 300.0
KEPT = 20
REMEMBERED = 100


class Cause(StrEnum):
    """Why an attempt is ended from outside."""

    TIMEOUT = "timeout"
    ZONE = "zone"


class Moment(Struct, frozen=True):
    wall: float
    monotonic: float


class Run(Struct, frozen=True):
    """A run under way. `due`: `None` if it was asked for by hand. `attempt`: from 1. `failures`: attempts that
    failed. `begun`: wall; `since` (of this attempt) and `stopping_since`: monotonic.

    `retry_at`: between two attempts, when the next begins (monotonic). `process`: `None` also while it is started.
    """

    id: str
    due: float | None
    zone: str
    begun: float
    since: float
    attempt: int = 1
    failures: int = 0
    process: ProcessRef | None = None
    cause: Cause | None = None
    stopping_since: float | None = None
    killed: bool = False
    retry_at: float | None = None


class Entry(Struct, frozen=True):
    """One line of a job's history: a run, or `count` due times in a row that were skipped or missed, the last of
    which was `due`. Times are wall. `code`: `None` if it ended without one, or nobody saw it."""

    outcome: Outcome
    due: float | None
    begun: float | None = None
    ended: float | None = None
    id: str | None = None
    zone: str | None = None
    attempts: int = 0
    code: int | None = None
    why: str | None = None
    count: int = 1


class JobState(Struct, frozen=True):
    """What has to be known of a job. All due times up to `considered` are dealt with; of the later ones those in
    `dealt` (a clock may have been set back), of which none up to `forgotten` is known any more."""

    schedule: str
    considered: float
    run: Run | None = None
    dealt: tuple[float, ...] = ()
    forgotten: float = 0.0
    zone: str | None = None
    history: tuple[Entry, ...] = ()


class Ending(Struct, frozen=True):
    """How an attempt ended. `seen`: somebody knows. `why`: a phrase."""

    code: int | None
    why: str
    seen: bool = True


def new_job(schedule: str, wall: float) -> JobState:
    """A job that is seen for the first time: what was due before is none of its business."""
    return JobState(schedule=schedule, considered=wall)


def with_schedule(state: JobState, schedule: str, wall: float) -> JobState:
    """The job under a schedule that may have changed: what a new one would have been due before now is no miss."""
    return state if state.schedule == schedule else replace(state, schedule=schedule, considered=wall)


def begin(state: JobState, due: float | None, zone: str, now: Moment, new_id: str) -> JobState:
    run = Run(new_id, due, zone, begun=now.wall, since=now.monotonic, retry_at=now.monotonic, attempt=0)
    return replace(state, run=run, zone=zone)


def deal(state: JobState, due: float) -> JobState:
    dealt = tuple(sorted({*state.dealt, due}))
    dropped = dealt[: max(0, len(dealt) - REMEMBERED)]
    return replace(
        state,
        considered=max(state.considered, due),
        dealt=dealt[len(dropped) :],
        forgotten=max((state.forgotten, *dropped)),
    )


def started(state: JobState, process: ProcessRef) -> JobState:
    return replace(state, run=replace(state.run, process=process)) if state.run else state


def lose_zone(state: JobState, zone: str) -> JobState:
    """The zone of its attempt is lost: it is killed."""
    run = state.run
    if run is None or run.zone != zone or run.retry_at is not None:
        return state
    return replace(state, run=replace(run, cause=Cause.ZONE, killed=True))


def ended(state: JobState, job: Job, ending: Ending, now: Moment) -> JobState:
    """An attempt is over: so is the run, or it is tried again."""
    run = state.run
    if run is None:
        return state
    if run.cause is Cause.ZONE:
        return replace(state, run=replace(run, process=None, retry_at=now.monotonic))
    outcome = _outcome(run, ending)
    if outcome is Outcome.TIMED_OUT:
        ending = replace(ending, why=f"was ended after its timeout of {job.timeout:g} s")
    if outcome is Outcome.SUCCEEDED or run.failures >= job.retries:
        return _finish(state, run, outcome, ending, now)
    failures = run.failures + 1
    retry_at = now.monotonic + backoff_s(failures)
    return replace(state, run=replace(run, process=None, failures=failures, retry_at=retry_at))


def stopped(state: JobState, ending: Ending, now: Moment) -> JobState:
    """The environment was taken down under the run."""
    return _finish(state, state.run, Outcome.STOPPED, ending, now) if state.run else state


def backoff_s(failures: int) -> float:
    """How long after so many failed attempts the next begins: 5, 10, 20 ... 300 s."""
    return min(FIRST_BACKOFF_S * 2.0 ** (failures - 1), LONGEST_BACKOFF_S)


def _outcome(run: Run, ending: Ending) -> Outcome:
    if run.cause is Cause.TIMEOUT:
        return Outcome.TIMED_OUT
    if not ending.seen:
        return Outcome.LOST
    return Outcome.SUCCEEDED if ending.code == 0 else Outcome.FAILED


def _finish(state: JobState, run: Run, outcome: Outcome, ending: Ending, now: Moment) -> JobState:
    entry = Entry(
        outcome,
        run.due,
        begun=run.begun,
        ended=now.wall,
        id=run.id,
        zone=run.zone,
        attempts=run.attempt,
        code=ending.code,
        why=ending.why,
    )
    return note(replace(state, run=None), entry)


def note(state: JobState, entry: Entry) -> JobState:
    """Append to the history; what is passed over in a row is one entry."""
    last = state.history[-1] if state.history else None
    if last and last.outcome is entry.outcome and entry.outcome in (Outcome.SKIPPED, Outcome.MISSED):
        merged = replace(entry, count=last.count + entry.count)
        return replace(state, history=(*state.history[:-1], merged))
    return replace(state, history=(*state.history, entry)[-KEPT:])
