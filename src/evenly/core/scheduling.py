"""When jobs run, and when they are ended: from what is known of one to its next state and the next action. Pure.

The rules:

1. A due time begins at most one run. What is dealt with is in the state, and the state is kept before anything is
   done: whoever dies in between, no due time is run a second time.
2. A run at a time. What comes due while one is under way, its retries included, is skipped.
3. Of the due times that passed while nobody was there only the last is made up for, and only if it is not older than
   CATCH_UP_S; the others were missed.
4. A failed attempt is tried again, later each time, as often as `retries` says. A lost zone is not the job's failure:
   it is begun again elsewhere at once.
5. A clock that is set back repeats nothing: due times that were dealt with are remembered.
"""

from collections.abc import Sequence
from itertools import islice, takewhile

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.fleet import ZoneFact
from evenly.core.jobs import REMEMBERED, Cause, Entry, JobState, Moment, Run, begin, deal, note
from evenly.core.schedule import due_after, last_due
from evenly.core.status import Outcome
from evenly.manifest.types import Job

CATCH_UP_S = 300.0
STOP_TIMEOUT_S = 10.0
LOOK_S = 15.0  # the time of day can jump, and the machine can sleep
MOST_COUNTED = 1000


class Start(Struct, frozen=True):
    """Start the process of the run's attempt."""


class Stop(Struct, frozen=True):
    """SIGTERM."""


class Kill(Struct, frozen=True):
    """SIGKILL."""


Action = Start | Stop | Kill


class Turn(Struct, frozen=True):
    """The job's next state, which has to be kept before the action is done, and when to come again (monotonic)."""

    state: JobState
    action: Action | None
    wake_at: float


def turn(state: JobState, job: Job, zones: Sequence[ZoneFact], now: Moment, new_id: str) -> Turn:
    """What is to be done at `now`. `new_id`: for a run that begins. `zones`: none while no run may begin."""
    state = _account(_follow_clock(state, now.wall), zones, now, new_id)
    state, action = _progress(state, job, zones, now)
    return Turn(state, action, _wake_at(state, job, now))


def ask(state: JobState, zones: Sequence[ZoneFact], now: Moment, new_id: str) -> JobState:
    """The job with a run that was asked for by hand, if one may begin; else as it was."""
    zone = _next_zone(zones, state.zone)
    return state if state.run or zone is None else begin(state, None, zone, now, new_id)


def next_due(state: JobState, wall: float) -> float | None:
    """When it runs next, if nothing is in the way."""
    after = max(wall, state.forgotten)
    return next((it for it in due_after(state.schedule, after) if it not in state.dealt), None)


# --- due times


def _follow_clock(state: JobState, wall: float) -> JobState:
    """Where the clock was set back, look again at what it has before it: nothing that was dealt with is repeated."""
    if wall >= state.considered:
        return state
    return replace(state, considered=max(wall, state.forgotten))


def _account(state: JobState, zones: Sequence[ZoneFact], now: Moment, new_id: str) -> JobState:
    """Deal with every due time that has passed."""
    passed = _passed(state, now.wall)
    last = last_due(state.schedule, now.wall)
    if last is None or last <= state.considered:
        return state
    if state.run is not None:
        return _pass_over(state, passed, last, Outcome.SKIPPED)
    if last in state.dealt:
        return _pass_over(state, passed, last, Outcome.MISSED)
    if now.wall - last > CATCH_UP_S:
        return _pass_over(state, passed, last, Outcome.MISSED)
    state = _pass_over(state, [it for it in passed if it < last], None, Outcome.MISSED)
    zone = _next_zone(zones, state.zone)
    return state if zone is None else begin(deal(state, last), last, zone, now, new_id)


def _passed(state: JobState, wall: float) -> list[float]:
    """The due times to deal with; of very many the first."""
    due = takewhile(lambda it: it <= wall, due_after(state.schedule, state.considered))
    return [it for it in islice(due, MOST_COUNTED) if it not in state.dealt]


def _pass_over(state: JobState, passed: list[float], last: float | None, outcome: Outcome) -> JobState:
    """Nothing is run for these. `last`: the very last due time so far, which may be beyond those."""
    if passed:
        due = passed[-1] if last is None or last in state.dealt else last
        state = note(state, Entry(outcome, due, count=len(passed)))
        if outcome is Outcome.SKIPPED:
            for it in passed[-REMEMBERED:]:
                state = deal(state, it)
    ends = [state.considered, *passed[-1:], *([last] if last is not None else [])]
    return replace(state, considered=max(ends))


# --- the run


def _progress(
    state: JobState, job: Job, zones: Sequence[ZoneFact], now: Moment
) -> tuple[JobState, Action | None]:
    run = state.run
    if run is None:
        return state, None
    if run.retry_at is not None:
        return _attempt(state, run, zones, now)
    if run.process is None or run.killed or now.monotonic < _limit(run, job):
        return state, None
    if run.stopping_since is not None:
        return replace(state, run=replace(run, killed=True)), Kill()
    run = replace(run, cause=Cause.TIMEOUT, stopping_since=now.monotonic)
    return replace(state, run=run), Stop()


def _limit(run: Run, job: Job) -> float:
    """When the attempt is to be told to stop, or killed (monotonic)."""
    return run.since + job.timeout if run.stopping_since is None else run.stopping_since + STOP_TIMEOUT_S


def _attempt(
    state: JobState, run: Run, zones: Sequence[ZoneFact], now: Moment
) -> tuple[JobState, Action | None]:
    """Begin the next attempt when it is time and there is a zone: the first where the run was put, others elsewhere."""
    first = run.attempt == 0 and ZoneFact(run.zone) in zones
    zone = run.zone if first else _next_zone(zones, run.zone)
    if zone is None or run.retry_at is None or now.monotonic < run.retry_at:
        return state, None
    again = Run(
        run.id, run.due, zone, run.begun, now.monotonic, attempt=run.attempt + 1, failures=run.failures
    )
    return replace(state, run=again, zone=zone), Start()


def _next_zone(zones: Sequence[ZoneFact], last: str | None) -> str | None:
    """The next zone in turn that is available."""
    names = [zone.name for zone in zones]
    after = names.index(last) + 1 if last in names else 0
    in_turn = [*zones[after:], *zones[:after]]
    return next((zone.name for zone in in_turn if zone.available), None)


def _wake_at(state: JobState, job: Job, now: Moment) -> float:
    due = next_due(state, now.wall)
    times = [LOOK_S, *([due - now.wall] if due is not None else [])]
    run = state.run
    if run is not None and run.retry_at is not None:
        times.append(run.retry_at - now.monotonic)
    elif run is not None and run.process and not run.killed:
        times.append(_limit(run, job) - now.monotonic)
    return now.monotonic + min(it for it in times if it > 0)
