"""Scheduled jobs: examples of each rule, and properties over any order of what can happen."""

from datetime import UTC, datetime
from itertools import takewhile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from evenly.core.fleet import ProcessRef, ZoneFact
from evenly.core.jobs import (
    KEPT,
    REMEMBERED,
    Cause,
    Ending,
    JobState,
    Moment,
    backoff_s,
    ended,
    lose_zone,
    new_job,
    started,
    stopped,
    with_schedule,
)
from evenly.core.schedule import due_after, last_due
from evenly.core.scheduling import CATCH_UP_S, STOP_TIMEOUT_S, Kill, Start, Stop, Turn, ask, next_due, turn
from evenly.core.status import Outcome
from evenly.manifest.types import Job, Seconds

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
ZONES = (ZoneFact("local-a"), ZoneFact("local-b"))
MINUTELY = "* * * * *"
UNRUN = (Outcome.SKIPPED, Outcome.MISSED)
FINE = Ending(0, "exited with code 0")
BROKEN = Ending(3, "exited with code 3")
UNSEEN = Ending(None, "nobody saw how it ended", seen=False)


def job(schedule: str = MINUTELY, timeout: float = 600, retries: int = 0) -> Job:
    return Job(command=("true",), schedule=schedule, timeout=Seconds(timeout), retries=retries)


def moment(after_s: float, monotonic: float | None = None) -> Moment:
    """So many seconds after noon; both clocks go together unless told otherwise."""
    return Moment(NOON + after_s, 1000 + (after_s if monotonic is None else monotonic))


def at(state: JobState, of: Job, after_s: float, zones: tuple[ZoneFact, ...] = ZONES) -> Turn:
    return turn(state, of, zones, moment(after_s), f"j-{after_s:g}")


def begun(of: Job, after_s: float = 60) -> JobState:
    return started(at(new_job(of.schedule, NOON), of, after_s).state, ProcessRef(7, "t"))


def outcomes(state: JobState) -> list[tuple[Outcome, int]]:
    return [(it.outcome, it.count) for it in state.history]


# --- due times


def test_it_begins_when_it_is_due_and_not_before() -> None:
    state = new_job(MINUTELY, NOON)
    early = at(state, job(), 59.9)
    assert early.action is None
    assert early.state == state
    on_time = at(state, job(), 60)
    assert isinstance(on_time.action, Start)
    assert on_time.state.run is not None
    assert on_time.state.run.due == NOON + 60
    assert on_time.state.run.attempt == 1


def test_it_wakes_for_the_due_time_but_looks_at_the_clock_meanwhile() -> None:
    state = new_job(MINUTELY, NOON)
    assert at(state, job(), 50).wake_at == 1060
    assert at(state, job(), 10).wake_at == 1025


def test_a_due_time_begins_one_run_only() -> None:
    state = ended(begun(job()), job(), FINE, moment(61))
    assert at(state, job(), 62).action is None
    assert at(state, job(), 60).action is None
    assert isinstance(at(state, job(), 120).action, Start)


def test_what_comes_due_during_a_run_is_skipped_and_told_in_one_line() -> None:
    state = begun(job())
    for after_s in (120, 180, 240):
        state = at(state, job(), after_s).state
    assert outcomes(state) == [(Outcome.SKIPPED, 3)]
    assert state.history[0].due == NOON + 240


def test_only_the_last_of_the_missed_is_made_up_for() -> None:
    later = at(new_job(MINUTELY, NOON), job(), 3600 + 5)
    assert later.state.run is not None
    assert later.state.run.due == NOON + 3600
    assert outcomes(later.state) == [(Outcome.MISSED, 59)]


def test_nothing_is_made_up_for_that_is_too_old() -> None:
    nightly = job("30 2 * * *")
    morning = at(new_job(nightly.schedule, NOON), nightly, 21 * 3600)
    assert morning.action is None
    assert outcomes(morning.state) == [(Outcome.MISSED, 1)]
    barely = at(new_job(nightly.schedule, NOON), nightly, 14.5 * 3600 + CATCH_UP_S)
    assert isinstance(barely.action, Start)


def test_a_long_absence_is_counted_only_so_far() -> None:
    year = at(new_job(MINUTELY, NOON), job(), 365 * 86_400)
    assert year.state.run is not None
    assert outcomes(year.state)[0][1] in (999, 1000)
    assert next_due(year.state, NOON + 365 * 86_400) == NOON + 365 * 86_400 + 60


def test_a_new_schedule_has_missed_nothing() -> None:
    state = with_schedule(new_job("30 2 * * *", NOON), MINUTELY, NOON + 600)
    assert at(state, job(), 630).state.history == ()
    assert with_schedule(state, MINUTELY, NOON + 9999) is state


def test_without_a_zone_it_waits_until_it_is_too_late() -> None:
    hourly = job("0 * * * *")
    out = tuple(replace(zone, available=False) for zone in ZONES)
    state = new_job(hourly.schedule, NOON)
    waiting = at(state, hourly, 3601, out)
    assert waiting.action is None
    assert waiting.state.history == ()
    assert isinstance(at(waiting.state, hourly, 3660).action, Start)
    late = at(waiting.state, hourly, 3601 + CATCH_UP_S, out)
    assert outcomes(late.state) == [(Outcome.MISSED, 1)]


def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    of = job()
    state = new_job(MINUTELY, NOON)
    ran: list[float] = []
    for after_s in (*range(0, 3600, 20), *range(1800, 7200, 20)):
        turned = at(state, of, after_s)
        state = turned.state
        if turned.action and state.run and state.run.due:
            ran.append(state.run.due)
            state = ended(state, of, FINE, moment(after_s))
    assert len(ran) == len(set(ran)) == 119


def test_what_is_forgotten_is_not_repeated_either() -> None:
    state, ran = new_job(MINUTELY, NOON), []
    for minute in (*range(1, 301), *range(310)):
        turned = at(state, job(), 60 * minute)
        state = turned.state
        if turned.action and state.run and state.run.due:
            ran.append(state.run.due)
            state = ended(state, job(), FINE, moment(60 * minute))
    assert len(ran) == len(set(ran)) == 309


def test_a_clock_that_was_far_ahead_does_not_stop_the_job() -> None:
    year = at(new_job(MINUTELY, NOON), job(), 365 * 86_400)
    state = ended(year.state, job(), FINE, moment(365 * 86_400))
    back = at(state, job(), 130)
    assert isinstance(at(back.state, job(), 180).action, Start)


# --- a run


def test_zones_take_turns() -> None:
    state, zones = new_job(MINUTELY, NOON), []
    for minute in range(1, 5):
        state = at(state, job(), 60 * minute).state
        assert state.run is not None
        zones.append(state.run.zone)
        state = ended(state, job(), FINE, moment(60 * minute + 1))
    assert zones == ["local-a", "local-b", "local-a", "local-b"]


def test_a_run_that_succeeds_is_in_the_history() -> None:
    state = ended(begun(job()), job(), FINE, moment(63))
    entry = state.history[0]
    assert state.run is None
    assert (entry.outcome, entry.due, entry.begun, entry.ended, entry.code, entry.attempts, entry.zone) == (
        Outcome.SUCCEEDED,
        NOON + 60,
        NOON + 60,
        NOON + 63,
        0,
        1,
        "local-a",
    )


def test_a_failed_attempt_is_tried_again_later_and_not_for_ever() -> None:
    of = job("0 * * * *", retries=2)
    state = begun(of, 3600)
    after_s = 3601.0
    for failures in (1, 2):
        state = ended(state, of, BROKEN, moment(after_s))
        assert at(state, of, after_s + backoff_s(failures) - 0.1).action is None
        after_s += backoff_s(failures)
        turned = at(state, of, after_s)
        assert isinstance(turned.action, Start)
        state = turned.state
        assert state.run is not None
        assert state.run.attempt == failures + 1
    state = ended(state, of, BROKEN, moment(after_s))
    assert outcomes(state) == [(Outcome.FAILED, 1)]
    assert (state.history[0].attempts, state.history[0].code) == (3, 3)


def test_backoff() -> None:
    assert [backoff_s(it) for it in (1, 2, 3, 7, 20)] == [5, 10, 20, 300, 300]


def test_the_timeout_is_sigterm_then_sigkill_and_counts_as_failed() -> None:
    of = job("0 * * * *", timeout=30)
    state = begun(of, 3600)
    assert at(state, of, 3629.9).action is None
    asked = at(state, of, 3630)
    assert isinstance(asked.action, Stop)
    assert at(asked.state, of, 3630 + STOP_TIMEOUT_S - 0.1).action is None
    killed = at(asked.state, of, 3630 + STOP_TIMEOUT_S)
    assert isinstance(killed.action, Kill)
    assert at(killed.state, of, 3700).action is None
    state = ended(killed.state, of, FINE, moment(3641))
    assert outcomes(state) == [(Outcome.TIMED_OUT, 1)]
    assert state.history[0].why == "was ended after its timeout of 30 s"


def test_what_does_not_run_has_no_timeout() -> None:
    of = job("0 * * * *", timeout=30)
    never_started = at(new_job(of.schedule, NOON), of, 3600).state
    assert at(never_started, of, 3700).action is None


def test_a_jump_of_the_clock_is_no_timeout() -> None:
    of = job("0 0 1 1 *", timeout=30)
    state = ask(new_job(of.schedule, NOON), ZONES, moment(0), "j-hand")
    state = started(turn(state, of, ZONES, moment(0), "").state, ProcessRef(7, "t"))
    assert turn(state, of, ZONES, moment(9999, monotonic=10), "").action is None
    assert isinstance(turn(state, of, ZONES, moment(1, monotonic=30), "").action, Stop)


def test_a_lost_zone_is_no_failure_of_the_job() -> None:
    of = job("0 * * * *")
    state = lose_zone(begun(of, 3600), "local-a")
    assert state.run is not None
    assert state.run.cause is Cause.ZONE
    state = ended(state, of, Ending(-9, "was killed by SIGKILL"), moment(3601))
    out = (replace(ZONES[0], available=False), ZONES[1])
    again = at(state, of, 3601, out)
    assert isinstance(again.action, Start)
    assert again.state.run is not None
    assert (again.state.run.zone, again.state.run.attempt) == ("local-b", 2)
    state = ended(again.state, of, FINE, moment(3610))
    assert outcomes(state) == [(Outcome.SUCCEEDED, 1)]


def test_another_zone_is_not_its_concern() -> None:
    state = begun(job())
    assert lose_zone(state, "local-b") is state


def test_what_nobody_saw_end_is_lost_and_repeated_only_where_retries_allow_it() -> None:
    of = job("0 * * * *")
    assert outcomes(ended(begun(of, 3600), of, UNSEEN, moment(3700))) == [(Outcome.LOST, 1)]
    forgiving = job("0 * * * *", retries=1)
    state = ended(begun(forgiving, 3600), forgiving, UNSEEN, moment(3700))
    assert isinstance(at(state, forgiving, 3705).action, Start)


def test_a_run_ends_with_the_environment_and_is_not_tried_again() -> None:
    of = job("0 * * * *", retries=5)
    state = stopped(begun(of, 3600), BROKEN, moment(3605))
    assert outcomes(state) == [(Outcome.STOPPED, 1)]
    assert at(state, of, 3700).action is None


def test_by_hand_it_runs_at_once_but_not_beside_another() -> None:
    of = job("0 * * * *")
    state = ask(new_job(of.schedule, NOON), ZONES, moment(1), "j-hand")
    assert isinstance(at(state, of, 1).action, Start)
    assert ask(state, ZONES, moment(2), "j-other") is state
    assert ask(new_job(of.schedule, NOON), (), moment(2), "j-other").run is None


def test_the_history_keeps_the_last_20() -> None:
    state = new_job(MINUTELY, NOON)
    for minute in range(1, 100):
        state = at(state, job(), 60 * minute).state
        state = ended(state, job(), FINE, moment(60 * minute + 1))
    assert len(state.history) == KEPT
    assert state.history[-1].due == NOON + 99 * 60


# --- schedules


def test_due_times() -> None:
    def times(schedule: str, count: int) -> list[str]:
        found = (it for it, _ in zip(due_after(schedule, NOON), range(count), strict=False))
        return [datetime.fromtimestamp(it, UTC).strftime("%m-%d %H:%M") for it in found]

    assert times("30 2 * * *", 2) == ["03-02 02:30", "03-03 02:30"]
    assert times("0 12 * * *", 1) == ["03-02 12:00"]
    assert last_due(MINUTELY, NOON) == NOON
    assert last_due(MINUTELY, NOON + 59.9) == NOON
    assert last_due(MINUTELY, NOON - 0.1) == NOON - 60


# --- any order of what can happen


class Jobs(RuleBasedStateMachine):
    """One job under clocks that jump, zones that go, programs that fail, and supervisors that die at any moment.

    `state` is what is kept on disk: a supervisor that dies has nothing else.
    """

    @initialize(
        schedule=st.sampled_from([MINUTELY, "*/7 * * * *", "30 2 * * *", "0 0 * * 1"]),
        retries=st.integers(0, 2),
        timeout=st.sampled_from([5.0, 90.0, 900.0]),
    )
    def begin(self, schedule: str, retries: int, timeout: float) -> None:
        self.job = job(schedule, timeout, retries)
        self.wall, self.monotonic = NOON, 1000.0
        self.state = new_job(schedule, NOON)
        self.zones = list(ZONES)
        self.running: tuple[str, int] | None = None
        self.attempts: set[tuple[str, int]] = set()
        self.ids: dict[float, str] = {}
        self.lost_zones = 0
        self.numbers = 0

    def now(self) -> Moment:
        return Moment(self.wall, self.monotonic)

    def take_turn(self, crash: bool = False) -> None:
        self.numbers += 1
        before, zones, id = self.state, tuple(self.zones), f"j-{self.numbers}"
        turned = turn(before, self.job, zones, self.now(), id)
        self.account(before, turned.state, zones, id)
        self.state = turned.state
        match turned.action:
            case Start() if not crash:
                self.start()
            case Start():  # it died between keeping and starting: the next one finds no process
                self.note_attempt()
                self.state = ended(self.state, self.job, UNSEEN, self.now())
            case Kill() if not crash:
                self.end(Ending(-9, "was killed by SIGKILL"))
            case _:
                pass

    def account(self, before: JobState, after: JobState, zones: tuple[ZoneFact, ...], id: str) -> None:
        """Every due time that was passed was begun, skipped or missed; one in `dealt` was so before."""
        if self.wall < before.considered:
            return
        passed = [
            it
            for it in takewhile(
                lambda it: it <= after.considered, due_after(self.job.schedule, before.considered)
            )
            if it not in before.dealt
        ]
        fresh = turn(replace(before, history=()), self.job, zones, self.now(), id).state
        told = sum(it.count for it in fresh.history if it.outcome in UNRUN)
        begins = before.run is None and after.run is not None and after.run.due is not None
        assert told + begins == min(len(passed), 1000 + begins) or len(passed) >= 1000

    def note_attempt(self) -> None:
        run = self.state.run
        assert run is not None
        assert self.running is None, "two at a time"
        assert (run.id, run.attempt) not in self.attempts, "the same attempt twice"
        self.attempts.add((run.id, run.attempt))
        if run.due is not None:
            assert self.ids.setdefault(run.due, run.id) == run.id, "two runs of one due time"

    def start(self) -> None:
        self.note_attempt()
        run = self.state.run
        assert run is not None
        assert ZoneFact(run.zone) in self.zones, "in a zone that is out"
        self.running = (run.id, run.attempt)
        self.state = started(self.state, ProcessRef(self.numbers, "t"))

    def end(self, how: Ending) -> None:
        self.running = None
        self.state = ended(self.state, self.job, how, self.now())

    @rule(seconds=st.sampled_from([0.0, 1.0, 15.0, 60.0, 61.0, 400.0, 90_000.0]), crash=st.booleans())
    def pass_time(self, seconds: float, crash: bool) -> None:
        self.wall += seconds
        self.monotonic += seconds
        self.take_turn(crash)

    @rule(seconds=st.sampled_from([-100_000.0, -3600.0, -61.0, -1.0, 3600.0, 100_000.0]))
    def set_the_clock(self, seconds: float) -> None:
        self.wall += seconds
        self.take_turn()

    @precondition(lambda self: self.running)
    @rule(how=st.sampled_from([FINE, BROKEN, UNSEEN]))
    def program_ends(self, how: Ending) -> None:
        self.end(how)

    @precondition(lambda self: self.running)
    @rule()
    def environment_goes_down(self) -> None:
        self.running = None
        self.state = stopped(self.state, BROKEN, self.now())

    @rule()
    def somebody_asks(self) -> None:
        self.numbers += 1
        self.state = ask(self.state, self.zones, self.now(), f"j-{self.numbers}")
        self.take_turn()

    @rule(number=st.integers(0, 1))
    def zone_goes_or_returns(self, number: int) -> None:
        zone = self.zones[number]
        self.zones[number] = replace(zone, available=not zone.available)
        if zone.available:
            lost = lose_zone(self.state, zone.name)
            if lost != self.state:
                self.lost_zones += 1
                self.state = lost
                self.end(Ending(-9, "was killed by SIGKILL"))
        self.take_turn()

    @invariant()
    def what_is_kept_is_bounded(self) -> None:
        if hasattr(self, "state"):
            assert len(self.state.history) <= KEPT
            assert len(self.state.dealt) <= REMEMBERED

    @invariant()
    def retries_are_bounded(self) -> None:
        if hasattr(self, "state") and self.state.run:
            assert self.state.run.failures <= self.job.retries
            assert self.state.run.attempt <= self.job.retries + 1 + self.lost_zones

    @invariant()
    def a_run_is_known_as_long_as_it_runs(self) -> None:
        if getattr(self, "running", None):
            assert self.state.run is not None
            assert (self.state.run.id, self.state.run.attempt) == self.running


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
