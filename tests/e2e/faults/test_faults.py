"""Faults for which there is no drill, put in while 500 requests a second come, and every failed request counted.

Four instances, two a zone. Capacity has a deadline here only so that the test ends; how fast it is back is printed.
"""

import time
from collections import Counter

from tests.e2e.fleets import full_again, kill, others, scaled
from tests.e2e.watching import Watch


def assert_none_failed(result) -> None:
    kinds = Counter((it.what.value, it.status) for it in result.failed)
    assert not result.failed, f"{len(result.failed)} of {result.requests} failed: {dict(kinds)}"


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


def test_an_instance_dies_while_there_is_no_supervisor(fleet, under_load):
    def fault() -> None:
        gone = fleet.zone_pids(1)[:1]
        kill([fleet.part_pids["supervisor"], *gone])
        fleet.wait_for(lambda: full_again(fleet, gone), 60, "the instance's replacement")

    assert_none_failed(under_load(fleet, fault))


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
        assert others(before, fleet.part_pids) == {"supervisor"}
        assert fleet.serving == served

    assert_none_failed(under_load(fleet, fault))


def test_scaling_fails_no_request_and_keeps_the_zones_even(fleet, under_load):
    scaled(fleet, 2)
    watches = []

    def fault() -> None:
        with Watch(fleet) as watch:
            for count in (4, 3, 2):
                scaled(fleet, count)
        watches.append(watch)

    assert_none_failed(under_load(fleet, fault))
    for watch in watches:
        assert max(watch.healthy()) == 4
        assert min(watch.healthy()) >= 2
        assert max(watch.differences()) <= 1
