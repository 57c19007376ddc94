"""Faults put in while 500 requests a second come, and every failed request counted.

Four instances, two a zone. Capacity has a deadline here only so that the test ends; how fast it is back is printed.
"""

import contextlib
import os
import signal
import time
from collections import Counter

import psutil
import pytest
from tests.e2e.watching import Watch

from evenly.core.fleet import STABLE_AFTER_S
from evenly.local import environment as local


@pytest.fixture(scope="module")
def fleet(make_shared):
    made = make_shared("count: {range: 2-8}")
    made.up()
    scaled(made, 4)
    return made


def scaled(made, count: int) -> None:
    assert made.run("scale", str(count)).returncode == 0
    made.wait_for(lambda: settled(made, count), 60, f"a fleet of {count}")


def settled(made, count: int) -> bool:
    """`count` instances serve, evenly, and there is no other."""
    status = made.look()
    states = [it.state for zone in status.zones for it in zone.instances]
    sizes = [len(zone.instances) for zone in status.zones]
    return status.state == "healthy" and states == ["healthy"] * count and max(sizes) - min(sizes) <= 1


def full_again(made, gone: list[int]) -> bool:
    return settled(made, 4) and not set(gone) & set(made.serving.values())


def kill(pids: list[int], number: signal.Signals = signal.SIGKILL) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def assert_none_failed(result) -> None:
    kinds = Counter((it.what.value, it.status) for it in result.failed)
    assert not result.failed, f"{len(result.failed)} of {result.requests} failed: {dict(kinds)}"


def other_pids(before: dict, after: dict) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_an_instance_is_killed(fleet, under_load):
    def fault() -> None:
        gone = fleet.zone_pids(0)[:1]
        kill(gone)
        fleet.wait_for(lambda: full_again(fleet, gone), 60, "the instance's replacement")

    parts = fleet.part_pids
    assert_none_failed(under_load(fleet, fault))
    assert fleet.part_pids == parts


def test_a_zones_instances_are_killed(fleet, under_load, capsys):
    took = []

    def fault() -> None:
        gone, began = fleet.zone_pids(1), time.monotonic()
        assert len(gone) == 2
        kill(gone)
        fleet.wait_for(lambda: full_again(fleet, gone), 60, "full capacity")
        took.append(time.monotonic() - began)

    assert_none_failed(under_load(fleet, fault))
    with capsys.disabled():
        print(f"\ncapacity was back {took[-1]:.2f} s after both instances of a zone were killed")


def test_a_zone_is_lost_and_returns(fleet, under_load):
    watches = []

    fleet.wait_in_sync()  # the database's primary may be in that zone

    def lose_and_return() -> None:
        local.set_zone(fleet.folder, "local-a", available=False)
        fleet.wait_for(
            lambda: len(fleet.serving) == 4 and not fleet.zone_pids(0), 60, "the other zone's share"
        )
        status = fleet.look()
        assert (status.state, status.zones[0].available) == ("degraded", False)
        assert len(status.zones[1].instances) == 4
        with Watch(fleet) as watch:
            local.set_zone(fleet.folder, "local-a", available=True)
            fleet.wait_for(lambda: settled(fleet, 4), 60, "the rebalanced fleet")
        watches.append(watch)

    assert_none_failed(under_load(fleet, lose_and_return, 9.0))
    for watch in watches:
        assert len(watch.seen) > 10
        assert min(watch.healthy()) >= 4  # launched before terminated
        assert max(watch.sizes()) > 4


def test_an_instance_hangs(fleet, under_load):
    hung = []

    def fault() -> None:
        hung[:] = fleet.zone_pids(0)[:1]
        kill(hung, signal.SIGSTOP)
        fleet.wait_for(lambda: full_again(fleet, hung), 90, "the hung instance's replacement")

    assert_none_failed(under_load(fleet, fault, 9.0))
    assert not psutil.pid_exists(hung[0]) or psutil.Process(hung[0]).status() == psutil.STATUS_ZOMBIE


def test_the_supervisor_is_killed(fleet, under_load):
    def fault() -> None:
        before, served = fleet.part_pids, fleet.serving
        kill([before["supervisor"]])
        fleet.wait_for(lambda: fleet.look().supervisor.pid not in (None, before["supervisor"]), 30)
        fleet.wait_healthy()
        assert other_pids(before, fleet.part_pids) == {"supervisor"}
        assert fleet.serving == served

    assert_none_failed(under_load(fleet, fault))


def test_an_instance_dies_while_there_is_no_supervisor(fleet, under_load):
    def fault() -> None:
        gone = fleet.zone_pids(1)[:1]
        kill([fleet.part_pids["supervisor"], *gone])
        fleet.wait_for(lambda: full_again(fleet, gone), 60, "the instance's replacement")

    assert_none_failed(under_load(fleet, fault))


def test_the_watchdog_is_killed(fleet):
    before, served, watchdog = fleet.part_pids, fleet.serving, fleet.pids("watchdog")
    assert len(watchdog) == 1
    kill(watchdog)
    fleet.wait_for(lambda: fleet.pids("watchdog") not in ([], watchdog), 30, "another watchdog")
    assert (fleet.part_pids, fleet.serving) == (before, served)
    kill([before["supervisor"]])
    fleet.wait_for(lambda: fleet.look().supervisor.pid not in (None, before["supervisor"]), 30)
    assert len(fleet.pids("watchdog")) == len(fleet.pids("supervisor")) == 1


def test_supervisor_and_watchdog_are_killed_and_the_next_up_adopts(fleet, under_load):
    def fault() -> None:
        before, served = fleet.part_pids, fleet.serving
        kill([*fleet.pids("watchdog"), before["supervisor"]])
        fleet.wait_for(lambda: not fleet.pids("supervisor") + fleet.pids("watchdog"))
        status = fleet.status()
        assert status["supervisor"] == {"state": "down", "pid": None}
        assert {it["id"] for zone in status["zones"] for it in zone["instances"]} == set(served)
        fleet.up()
        fleet.wait_healthy()
        assert other_pids(before, fleet.part_pids) == {"supervisor"}
        assert fleet.serving == served

    assert_none_failed(under_load(fleet, fault))


def test_the_balancer_is_killed(fleet, under_load, capsys):
    def fault() -> None:
        before = fleet.part_pids
        kill([before["balancer"]])
        fleet.wait_for(lambda: fleet.look().balancer.pid not in (None, before["balancer"]), 30)
        fleet.wait_healthy()
        assert other_pids(before, fleet.part_pids) == {"balancer"}

    served = fleet.serving
    result = under_load(fleet, fault)
    assert fleet.serving == served
    assert result.timeline[-1].failed == 0
    with capsys.disabled():
        print(f"\n{len(result.failed)} failed when the balancer was killed; gap {result.longest_gap_s:.2f} s")


def test_the_database_is_killed(fleet, under_load):
    def fault() -> None:
        before = fleet.part_pids
        kill([before["database"]])
        fleet.wait_for(lambda: fleet.look().database.pid not in (None, before["database"]), 30)
        fleet.wait_healthy()
        assert other_pids(before, fleet.part_pids) == {"database"}

    served, greeting = fleet.serving, fleet.posts("Written before")
    # All requests wait while it is away, each on a new connection: at 500/s that alone makes the sender late, and at
    # 150/s it sometimes does.
    assert_none_failed(under_load(fleet, fault, 9.0, rate=100.0))
    assert fleet.serving == served
    assert fleet.get(f"/greetings/{greeting['id']}").json()["text"] == "Written before"


def test_scaling_fails_no_request_and_keeps_the_zones_even(fleet, under_load):
    scaled(fleet, 2)
    watches = []

    def fault() -> None:
        with Watch(fleet) as watch:
            for count in (4, 3, 2):
                scaled(fleet, count)
        watches.append(watch)

    assert_none_failed(under_load(fleet, fault, 9.0))
    for watch in watches:
        assert max(watch.healthy()) == 4
        assert min(watch.healthy()) >= 2
        assert max(watch.differences()) <= 1
    scaled(fleet, 4)


def test_every_instance_is_killed_and_the_balancer_says_so(fleet):
    """Nothing healthy is left for a moment: then the answer is the balancer's own page or problem."""
    gone = list(fleet.serving.values())

    def refused(accept: str):
        kill(fleet.pids("instance"))
        return unavailable(fleet, accept)

    problem = fleet.wait_for(lambda: refused("application/json"), what="an answer 503")
    page = fleet.wait_for(lambda: refused("text/html"), what="an answer 503")
    assert problem.headers["Content-Type"].startswith("application/problem+json")
    assert page.headers["Content-Type"].startswith("text/html")
    assert int(problem.headers["Retry-After"]) > 0
    assert int(page.headers["Retry-After"]) > 0
    fleet.wait_for(lambda: full_again(fleet, gone), 120, "the fleet")


def unavailable(made, accept: str):
    answer = made.get("/", {"Accept": accept})
    return answer if answer.status == 503 else None


def test_twenty_replacements_leave_no_descriptor_open(fleet):
    scaled(fleet, 8)
    supervisor = psutil.Process(fleet.part_pids["supervisor"])
    before = supervisor.num_fds()
    for _ in range(5):
        gone = fleet.zone_pids(0)
        outlive_a_failed_launch(fleet)
        kill(gone)
        fleet.wait_for(lambda: settled(fleet, 8) and not set(gone) & set(fleet.serving.values()), 60)  # noqa: B023
    assert supervisor.pid == fleet.part_pids["supervisor"]
    fleet.wait_for(lambda: supervisor.num_fds() <= before, 20, f"{before} open descriptors")


def outlive_a_failed_launch(made) -> None:
    """Wait until no instance is so young that its death would count as a launch that came to nothing."""
    settled_at = time.monotonic()
    made.wait_for(lambda: time.monotonic() - settled_at > STABLE_AFTER_S)
