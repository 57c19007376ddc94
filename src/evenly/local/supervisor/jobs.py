"""Runs the jobs: keeps each one's state before acting on it, starts and ends its attempts, adopts what runs."""

import asyncio
import secrets
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from msgspec.structs import replace

from evenly.core import jobs, scheduling
from evenly.core.fleet import ProcessRef, ZoneFact
from evenly.core.jobs import Ending, JobState, Moment, Run
from evenly.core.moments import timestamp
from evenly.core.scheduling import Action, Kill, Start, Stop
from evenly.errors import EvenlyError, StateError
from evenly.local import control, processes, runner
from evenly.local.jobs.book import ending_file, forget_endings, job_log, read_jobs, told_ending, write_jobs
from evenly.local.processes import INSTANCE_MARK, JOB_MARK, Command, Marked
from evenly.local.state import DamagedError
from evenly.local.supervisor.endings import ending
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.logfiles import keep_newest
from evenly.local.supervisor.storage import not_kept
from evenly.local.supervisor.turns import Turns
from evenly.local.surroundings import Process, Surroundings, arguments, environment

JOB_ROLE = "job"
RETRY_S = 5.0
LOGS_KEPT = 20  # of each job, as its history has
NOBODY_SAW = Ending(None, "nobody saw how it ended", seen=False)


class Jobs:
    """All jobs of an environment. `zones`: those of now. `was_down`: it is brought up anew, nothing ran meanwhile.
    `beside` starts work in the background."""

    def __init__(
        self,
        ground: Ground,
        *,
        around: Callable[[], Surroundings],
        zones: Callable[[], Sequence[ZoneFact]],
        was_down: bool,
        beside: Callable[[Coroutine[None, None, None]], None],
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._ground = ground
        self._paths = ground.paths
        self._journal = ground.journal
        self._around = around
        self._zones = zones
        self._was_down = was_down
        self._beside = beside
        self._wall_clock = wall_clock
        self._may_start = False
        self._turns = Turns()
        self._jobs = dict(ground.topology.jobs)
        self._states = self._known()

    @property
    def states(self) -> Mapping[str, JobState]:
        return self._states

    def adopt(self, marked: Sequence[Marked]) -> None:
        """Go on with the runs that were under way: they run, or have ended, or nobody knows."""
        running = {it.environment.get(INSTANCE_MARK): it for it in processes.mains(marked, JOB_ROLE)}
        for name, state in self._states.items():
            run = state.run or _unknown(name, running.values(), self._now())
            found = running.get(run.id) if run else None
            if run and found:
                self._adopt(name, replace(run, process=found.process), found.process)
            elif run and self._was_down:
                self._change(name, jobs.stopped(state, self._told(run), self._now()))
                forget_endings(self._paths, run)
            elif run and run.retry_at is None:
                self._beside(self._end(name, run, self._told(run)))

    def allow_starts(self) -> None:
        """The database is prepared."""
        self._may_start = True
        self._turns.news()

    def control(self, request: control.Request) -> None:
        """Do what a command asks, as far as it is about jobs. Raises StateError."""
        match request:
            case control.RunJob(name):
                self._ask(name)
            case control.SetZone(zone, False):
                for name, state in self._states.items():
                    self._lose(name, jobs.lose_zone(state, zone))

    async def run(self) -> None:
        """For ever; only where there are jobs."""
        if self._jobs:
            await self._turns.run(lambda: [self._turn(name) for name in self._jobs])

    def _turn(self, name: str) -> float:
        """Do what is to be done now. Returns when to come again (monotonic seconds)."""
        zones = self._zones() if self._may_start else ()
        before = self._states[name]
        turn = scheduling.turn(before, self._jobs[name], zones, self._now(), _new_id())
        if not self._change(name, turn.state) and isinstance(turn.action, Start):
            self._states = {**self._states, name: before}  # at most once: what is not kept is not begun
            return time.monotonic() + RETRY_S
        if turn.action is not None and turn.state.run is not None:
            self._do(name, turn.state.run, turn.action)
        return turn.wake_at

    def _do(self, name: str, run: Run, action: Action) -> None:
        match action:
            case Start():
                self._start(name, run)
            case Stop():
                self._signal(name, run, signal.SIGTERM)
            case Kill():
                self._signal(name, run, signal.SIGKILL)
            case _:
                assert_never(action)

    def _start(self, name: str, run: Run) -> None:
        self._journal.write("start-job", job=name, run=run.id, attempt=run.attempt, zone=run.zone)
        try:
            process, child = processes.spawn(self._command(name, run))
        except EvenlyError as error:  # it is this job's, and none of the others'
            self._ended(name, Ending(None, f"could not be started: {error.what}"))
            return
        except OSError as error:
            self._ended(name, Ending(None, f"could not be started: {error.strerror}: {error.filename}"))
            return
        self._change(name, jobs.started(self._states[name], process))
        self._ground.watches.add(process, lambda code: self._exited(name, run, code), child)

    def _adopt(self, name: str, run: Run, process: ProcessRef) -> None:
        self._journal.write("adopt-job", job=name, run=run.id)
        self._change(name, replace(self._states[name], run=run))
        self._ground.watches.add(process, lambda code: self._exited(name, run, code))

    def _exited(self, name: str, run: Run, code: int | None) -> None:
        seen = None if code is None else Ending(code, ending(code, time.monotonic() - run.since))
        self._beside(self._end(name, run, told_ending(self._paths, run) or seen or NOBODY_SAW))

    async def _end(self, name: str, run: Run, how: Ending) -> None:
        """The attempt is over when what it started has ended with it."""
        await asyncio.to_thread(processes.end_rest, self._paths.home, run.id)
        self._ended(name, how)

    def _ended(self, name: str, how: Ending) -> None:
        run = self._states[name].run
        state = jobs.ended(self._states[name], self._jobs[name], how, self._now())
        self._journal.write("ended-job", job=name, run=run.id if run else None, why=how.why)
        self._change(name, state)
        if run is not None and state.run is None:
            forget_endings(self._paths, run)
        self._turns.news()

    def _told(self, run: Run) -> Ending:
        return told_ending(self._paths, run) or NOBODY_SAW

    def _command(self, name: str, run: Run) -> Command:
        for folder in (self._paths.job_logs, self._paths.endings):
            folder.mkdir(mode=0o700, exist_ok=True)
        keep_newest(self._paths.job_logs, f"{name}-j-{'[0-9a-f]' * 17}.log", LOGS_KEPT)
        around = self._around()
        found = environment(around, self._process(name, run))
        argv = arguments(self._jobs[name].command, around, found)
        started_by = (sys.executable, "-I", "-S", str(Path(runner.__file__)))
        return Command(
            argv=(*started_by, str(ending_file(self._paths, run)), *argv),
            environment=found,
            folder=around.folder,
            log=job_log(self._paths, name, run.id),
        )

    def _process(self, name: str, run: Run) -> Process:
        due = {"EVENLY_DUE": timestamp(datetime.fromtimestamp(run.due, UTC))} if run.due is not None else {}
        given = {JOB_MARK: name, "EVENLY_ATTEMPT": str(run.attempt), **due}
        return Process(JOB_ROLE, run.id, run.zone, variables=self._jobs[name].variables, given=given)

    def _signal(self, name: str, run: Run, number: signal.Signals) -> None:
        self._journal.write("stop-job" if number is signal.SIGTERM else "kill-job", job=name, run=run.id)
        if run.process is not None:
            processes.send(run.process, number)

    def _lose(self, name: str, state: JobState) -> None:
        if state != self._states[name] and state.run:
            self._change(name, state)
            self._signal(name, state.run, signal.SIGKILL)

    def _ask(self, name: str) -> None:
        if name not in self._jobs:
            known = ", ".join(self._jobs) or "none"
            raise StateError(f"there is no job {name}", try_=f"The jobs are: {known}.")
        state = self._states[name]
        if state.run is not None:
            raise StateError(f"{name} runs already: {state.run.id}", try_="Wait until it has ended.")
        zones = self._zones() if self._may_start else ()
        asked = scheduling.ask(state, zones, self._now(), _new_id())
        if asked is state:
            why = "no zone is available" if self._may_start else "the database is still being prepared"
            raise StateError(f"{name} can't run now: {why}", try_="Try again when evenly status is healthy.")
        self._change(name, asked)
        self._turns.news()

    # --- what is known

    def _known(self) -> dict[str, JobState]:
        try:
            known = read_jobs(self._paths)
        except DamagedError as error:
            self._journal.write("damaged-record", kept_as=error.aside.name)
            known = {}
        wall = self._wall_clock()
        return {
            name: jobs.with_schedule(known.get(name) or jobs.new_job(job.schedule, wall), job.schedule, wall)
            for name, job in self._jobs.items()
        }

    def _change(self, name: str, state: JobState) -> bool:
        """This is the job's state now; whether that could be kept."""
        if state == self._states[name]:
            return True
        self._states = {**self._states, name: state}
        try:
            write_jobs(self._paths, self._states)
        except OSError as error:
            not_kept("the jobs' file", error)
            return False
        return True

    def _now(self) -> Moment:
        return Moment(self._wall_clock(), time.monotonic())


def _new_id() -> str:
    return f"j-{secrets.token_hex(9)[:17]}"


def _unknown(name: str, running: Iterable[Marked], now: Moment) -> Run | None:
    """A run that is in no file, because the file was lost: it is known by its marks."""
    own = (it.environment for it in running if it.environment.get(JOB_MARK) == name)
    return next(
        (
            Run(it[INSTANCE_MARK], None, it["EVENLY_ZONE"], begun=now.wall, since=now.monotonic)
            for it in own
            if INSTANCE_MARK in it
        ),
        None,
    )
