"""Workers as real processes: spread, restarted, adopted, moved out of a lost zone and back."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.functional.supervisor.holding import Home, home

from evenly.manifest.types import Manifest, Worker

SLEEPS = ("sleep", "1000")
Make = Callable[..., Home]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Home] = []

    def make_home(**workers: Worker) -> Home:
        made.append(home(tmp_path, Manifest(name="hello", workers=workers)))
        return made[-1]

    yield make_home
    for each in made:
        each.clean()


async def test_they_are_spread_and_a_killed_one_is_back(make: Make) -> None:
    held = make(mailer=Worker(command=SLEEPS, count=3))
    async with held.supervised() as life:
        await life.until(lambda: life.running("mailer") == {"local-a": 2, "local-b": 1})
        before = set(held.pids("worker"))
        assert len(before) == 3
        os.kill(min(before), signal.SIGKILL)
        await life.until(lambda: len(set(held.pids("worker")) - before) == 1)
        await life.until(lambda: life.running("mailer") == {"local-a": 2, "local-b": 1})
        assert len(before & set(held.pids("worker"))) == 2


async def test_another_supervisor_adopts_them(make: Make) -> None:
    held = make(mailer=Worker(command=SLEEPS, count=2), clerk=Worker(command=SLEEPS))
    async with held.supervised() as life:
        await life.until(lambda: sum(life.running("mailer").values()) == 2)
        await life.until(lambda: sum(life.running("clerk").values()) == 1)
        before = set(held.pids("worker"))
    held.paths.record.unlink()  # even without a record: they carry their marks
    async with held.supervised() as life:
        await life.until(lambda: sum(life.running("mailer").values()) == 2)
        await life.until(lambda: sum(life.running("clerk").values()) == 1)
        assert set(held.pids("worker")) == before
        os.kill(min(before), signal.SIGKILL)
        await life.until(lambda: len(set(held.pids("worker")) - before) == 1)


async def test_one_that_ends_well_is_started_again(make: Make, tmp_path: Path) -> None:
    held = make(once=Worker(command=("sh", "-c", f"echo run >> {tmp_path}/runs; exit 0")))
    async with held.supervised() as life:
        await life.until(lambda: (tmp_path / "runs").exists() and len((tmp_path / "runs").read_text()) >= 12)
        fleet = life.workers.fleets["once"]
        assert fleet.failures >= 2
        assert fleet.failed is not None
        assert "exited with code 0" in fleet.failed.why


async def test_a_program_that_is_not_there_is_said(make: Make) -> None:
    held = make(mailer=Worker(command=("no-such-program",)))
    async with held.supervised() as life:
        await life.until(lambda: life.workers.fleets["mailer"].failed)
        failed = life.workers.fleets["mailer"].failed
        assert failed is not None
        assert failed.why == "could not be started: No such file or directory: no-such-program"


async def test_a_lost_zone_costs_no_worker_and_its_return_spreads_them(make: Make) -> None:
    held = make(mailer=Worker(command=SLEEPS, count=4))
    async with held.supervised() as life:
        await life.until(lambda: life.running("mailer") == {"local-a": 2, "local-b": 2})
        life.set_zone("local-b", False)
        await life.until(lambda: life.running("mailer") == {"local-a": 4, "local-b": 0})
        life.set_zone("local-b", True)
        counts: list[int] = []

        def is_spread() -> bool:
            counts.append(sum(life.running("mailer").values()))
            return life.running("mailer") == {"local-a": 2, "local-b": 2}

        await life.until(is_spread)
        assert min(counts) >= 4  # the new ones run before the others are stopped
        await life.until(lambda: len(held.pids("worker")) == 4)


async def test_what_a_killed_worker_had_started_ends_with_it(make: Make, tmp_path: Path) -> None:
    child = f"setsid sh -c 'echo $$$$ > {tmp_path}/child; exec sleep 1000' & wait"
    held = make(mailer=Worker(command=("sh", "-c", child)))
    async with held.supervised() as life:
        await life.until(lambda: life.running("mailer")["local-a"] == 1)
        first = int((tmp_path / "child").read_text())
        os.kill(held.pids("worker")[0], signal.SIGKILL)
        await life.until(lambda: _is_gone(first))


async def test_the_environment_and_the_log(make: Make, tmp_path: Path) -> None:
    script = "echo $EVENLY_WORKER $EVENLY_ZONE $QUEUE $EVENLY_INSTANCE_ID; exec sleep 1000"
    held = make(mailer=Worker(command=("sh", "-c", script), variables={"QUEUE": "mail"}))
    async with held.supervised() as life:
        await life.until(lambda: life.running("mailer")["local-a"] == 1)
        id = life.workers.fleets["mailer"].instances[0].id
        assert (held.paths.worker_logs / f"mailer-{id}.log").read_text() == f"mailer local-a mail {id}\n"


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
    except OSError:
        return True
    return state.startswith("Z")


async def test_another_release_replaces_them_and_stops_those_that_it_does_not_have(make: Make) -> None:
    held = make(mailer=Worker(command=SLEEPS, count=2), clerk=Worker(command=SLEEPS))
    async with held.supervised() as life:
        await life.until(lambda: sum(life.running("mailer").values()) == 2)
        await life.until(lambda: sum(life.running("clerk").values()) == 1)
        before = set(held.pids("worker"))
    held.release, held.manifest = (
        2,
        Manifest(name="hello", workers={"mailer": Worker(command=SLEEPS, count=2)}),
    )
    async with held.supervised() as life:
        await life.until(lambda: not before & set(held.pids("worker")))
        await life.until(lambda: life.running("mailer") == {"local-a": 1, "local-b": 1})
        assert {it.release for it in life.workers.fleets["mailer"].instances} == {2}
        assert len(held.pids("worker")) == 2
