"""When a wait for a healthy environment gives up, from the supervisor's reports one by one."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.unit.verify.drillworld import environment, instance, zone

from evenly.core.fleet import Failure
from evenly.core.status import EnvironmentState, WorkerStatus
from evenly.errors import StateError
from evenly.local import control
from evenly.local.control import Report
from evenly.local.paths import Paths
from evenly.local.waiting import await_healthy

DEGRADED = environment(state=EnvironmentState.DEGRADED)
NOTHING_SERVES = environment(zone("a"), zone("b"), state=EnvironmentState.DOWN)


def failing(launches: int, status=DEGRADED) -> Report:
    failed = Failure("i-1", "a", 1.0, "was killed by SIGKILL after 0.3 s") if launches else None
    return Report(status, failures=launches, failed=failed)


def crashing(starts: int, running: int = 0) -> Report:
    worker = WorkerStatus("mailer", 2, {"a": running}, (), starts, "w-1", "exited with code 1 after 0.2 s")
    return Report(replace(DEGRADED, workers=(worker,)))


HEALTHY = Report(environment(zone("a", instance("a1"))))


@pytest.fixture
def hears(tmp_path_factory: pytest.TempPathFactory):
    """Wait while a supervisor reports these, one after the other: how many were not asked for any more."""
    folder = tmp_path_factory.mktemp("w")  # the path of a socket has to be short
    paths = Paths(folder, folder, folder)

    async def heard(*reports: Report) -> int:
        left = list(reports)

        async def answer(_: control.Request) -> Report:
            return left.pop(0)

        async with await control.serve(paths.control_socket, answer):
            await asyncio.to_thread(await_healthy, paths, 60)
        return len(left)

    return heard


async def test_two_launches_that_come_to_nothing_end_it_where_nothing_serves(hears) -> None:
    with pytest.raises(StateError, match="the app did not start: instance i-1 was killed by SIGKILL"):
        await hears(failing(0, NOTHING_SERVES), failing(1, NOTHING_SERVES), failing(2, NOTHING_SERVES))


async def test_it_takes_four_where_something_serves(hears) -> None:
    assert await hears(failing(0), failing(3), HEALTHY) == 0
    with pytest.raises(StateError, match="did not start"):
        await hears(failing(0), failing(4), HEALTHY)


async def test_launches_that_failed_before_are_not_held_against_a_fleet_that_heals(hears) -> None:
    assert await hears(failing(5), failing(5), failing(6), HEALTHY) == 0
    with pytest.raises(StateError, match="did not start"):
        await hears(failing(5), failing(9), HEALTHY)


async def test_the_count_begins_anew_after_launches_that_succeeded(hears) -> None:
    assert await hears(failing(5), failing(0), failing(3), HEALTHY) == 0
    with pytest.raises(StateError, match="did not start"):
        await hears(failing(5), failing(0), failing(4), HEALTHY)


async def test_a_worker_is_counted_by_itself(hears) -> None:
    assert await hears(crashing(7), crashing(8), HEALTHY) == 0
    assert await hears(crashing(0, running=1), crashing(3, running=1), HEALTHY) == 0
    with pytest.raises(StateError, match="the worker does not stay up: w-1 exited with code 1"):
        await hears(crashing(7), crashing(9), HEALTHY)
