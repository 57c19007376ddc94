"""Jobs as real processes under a clock that is told the time: never two, never the same due time again."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.functional.supervisor.holding import Home, home, until

from evenly.core.jobs import JobState, Run
from evenly.core.status import Outcome
from evenly.errors import StateError
from evenly.local import processes
from evenly.local.jobs.book import ending_file, read_jobs, write_jobs
from evenly.manifest.types import Job, Manifest, Seconds

HOURLY = "0 * * * *"
HOUR_S = 3600.0
Make = Callable[..., Home]


def job(script: str, timeout: float = 600, retries: int = 0) -> Job:
    return Job(command=("sh", "-c", script), schedule=HOURLY, timeout=Seconds(timeout), retries=retries)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Home] = []

    def make_home(**jobs: Job) -> Home:
        made.append(home(tmp_path, Manifest(name="hello", jobs=jobs)))
        return made[-1]

    yield make_home
    for each in made:
        each.clean()


async def test_it_runs_when_it_is_due_with_its_environment_and_log(make: Make) -> None:
    held = make(tidy=job("echo $EVENLY_JOB $EVENLY_ZONE $EVENLY_DUE $EVENLY_ATTEMPT; exit 3"))
    async with held.supervised() as life:
        life.advance(60)
        await asyncio.sleep(0.1)
        assert life.state("tidy").run is None
        life.advance(HOUR_S - 60)
        state = await life.ended("tidy")
    entry = state.history[0]
    assert (entry.outcome, entry.code, entry.why) == (Outcome.FAILED, 3, entry.why)
    assert (entry.why or "").startswith("exited with code 3 after ")
    log = held.paths.job_logs / f"tidy-{entry.id}.log"
    assert log.read_text() == "tidy local-a 2026-03-01T13:00:00.000Z 1\n"
    assert list(held.paths.endings.iterdir()) == []


async def test_a_program_that_is_not_there_is_said(make: Make) -> None:
    held = make(tidy=Job(command=("no-such-program",), schedule=HOURLY))
    async with held.supervised() as life:
        life.ask("tidy")
        entry = (await life.ended("tidy")).history[0]
        assert entry.why == "could not be started: No such file or directory: no-such-program"


async def test_one_at_a_time_by_hand_too(make: Make) -> None:
    held = make(tidy=job("sleep 1000"))
    async with held.supervised() as life:
        life.ask("tidy")
        await life.until(lambda: held.pids("job"))
        with pytest.raises(StateError, match="runs already"):
            life.ask("tidy")
        life.advance(HOUR_S)
        await life.until(lambda: life.state("tidy").history)
        assert len(held.pids("job")) == 1
        assert [it.outcome for it in life.state("tidy").history] == [Outcome.SKIPPED]
        with pytest.raises(StateError, match="there is no job"):
            life.ask("tidier")


async def test_a_timeout_ends_the_whole_family(make: Make) -> None:
    held = make(tidy=job("sleep 1001 & setsid sleep 1002 & wait", timeout=1))
    async with held.supervised() as life:
        life.ask("tidy")
        entry = (await life.ended("tidy")).history[0]
        assert (entry.outcome, entry.why) == (Outcome.TIMED_OUT, "was ended after its timeout of 1 s")
        assert entry.code == -signal.SIGTERM
        assert _marked(held) == []


async def test_what_escapes_its_session_ends_with_it(make: Make) -> None:
    held = make(tidy=job("setsid sleep 1000 & exit 0"))
    async with held.supervised() as life:
        life.ask("tidy")
        assert (await life.ended("tidy")).history[0].outcome is Outcome.SUCCEEDED
        assert _marked(held) == []


async def test_another_supervisor_adopts_a_run_and_learns_its_exit_code(make: Make, tmp_path: Path) -> None:
    held = make(tidy=job(f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; exit 7"))
    async with held.supervised() as life:
        life.advance(HOUR_S)
        await life.until(lambda: held.pids("job"))
        before = held.pids("job")
    async with held.supervised() as life:
        assert held.pids("job") == before
        (tmp_path / "go").touch()
        entry = (await life.ended("tidy")).history[0]
        assert (entry.outcome, entry.code) == (Outcome.FAILED, 7)
        life.advance(1)
        await asyncio.sleep(0.1)
        assert life.state("tidy").run is None


async def test_a_run_that_ends_while_nobody_looks_is_told(make: Make, tmp_path: Path) -> None:
    held = make(tidy=job(f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; exit 0"))
    async with held.supervised() as life:
        life.ask("tidy")
        await life.until(lambda: held.pids("job"))
        run = life.state("tidy").run
        assert run is not None
    (tmp_path / "go").touch()
    await until(lambda: not held.pids("job"))
    assert ending_file(held.paths, run).exists()
    async with held.supervised() as life:
        assert (await life.ended("tidy")).history[0].outcome is Outcome.SUCCEEDED


async def test_a_supervisor_that_dies_before_the_start_does_not_repeat_it(make: Make) -> None:
    """What is on disk then: the run is begun, and no process has come of it."""
    held = make(tidy=job("exit 0"))
    async with held.supervised() as life:
        life.advance(HOUR_S)
        await life.ended("tidy")
    begun = read_jobs(held.paths)["tidy"]
    assert begun.history[0].due is not None
    _write_begun(held, begun.history[0].due)
    async with held.supervised() as life:
        state = await life.ended("tidy")
        assert [it.outcome for it in state.history] == [Outcome.LOST]
        life.advance(1)
        await asyncio.sleep(0.1)
        assert life.state("tidy").run is None
        life.advance(HOUR_S)
        assert (await life.ended("tidy", 2)).history[-1].outcome is Outcome.SUCCEEDED


async def test_a_lost_jobs_file_does_not_double_a_run(make: Make) -> None:
    held = make(tidy=job("sleep 1000"))
    async with held.supervised() as life:
        life.ask("tidy")
        await life.until(lambda: held.pids("job"))
        before = held.pids("job")
    held.paths.jobs.write_text("{")
    async with held.supervised() as life:
        assert life.state("tidy").run is not None
        with pytest.raises(StateError, match="runs already"):
            life.ask("tidy")
        assert held.pids("job") == before
        os.kill(before[0], signal.SIGKILL)
        assert (await life.ended("tidy")).history[0].outcome is Outcome.LOST


async def test_a_run_ends_with_the_environment(make: Make) -> None:
    held = make(tidy=job("sleep 1000", retries=3))
    async with held.supervised() as life:
        life.ask("tidy")
        await life.until(lambda: held.pids("job"))
    held.clean()
    await until(lambda: not _marked(held))
    held.paths.record.unlink()  # as down does
    async with held.supervised() as life:
        assert [it.outcome for it in life.state("tidy").history] == [Outcome.STOPPED]
        assert life.state("tidy").run is None


async def test_a_lost_zone_moves_it(make: Make, tmp_path: Path) -> None:
    script = f'[ "$EVENLY_ZONE" = local-b ] && exit 0; touch {tmp_path}/first; sleep 1000'
    held = make(tidy=job(script))
    async with held.supervised() as life:
        life.ask("tidy")
        await life.until((tmp_path / "first").exists)
        life.set_zone("local-a", False)
        entry = (await life.ended("tidy")).history[0]
        assert (entry.outcome, entry.attempts, entry.zone) == (Outcome.SUCCEEDED, 2, "local-b")


async def test_what_can_not_be_kept_is_not_begun(make: Make, tmp_path: Path) -> None:
    held = make(tidy=job(f"touch {tmp_path}/ran"))
    async with held.supervised() as life:
        held.paths.jobs.mkdir()  # nothing can be renamed to it
        life.advance(HOUR_S)
        await asyncio.sleep(0.1)
        assert life.state("tidy").run is None
        assert not (tmp_path / "ran").exists()
        held.paths.jobs.rmdir()
        life.advance(1)
        await life.ended("tidy")
        assert (tmp_path / "ran").exists()


def _write_begun(held: Home, due: float) -> None:
    run = Run("j-never-started", due, "local-a", begun=due, since=0.0)
    state = JobState(schedule=HOURLY, considered=due, dealt=(due,), run=run)
    write_jobs(held.paths, {"tidy": state})


def _marked(held: Home) -> list[int]:
    return [it.process.pid for it in processes.find_marked(held.paths.home)]
