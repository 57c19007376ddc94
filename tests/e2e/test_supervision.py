"""Faults that are put in without load: what is answered meanwhile, who comes back, and what is left open."""

import time

import psutil
import pytest
from tests.e2e.fleets import full_again, kill, scaled, settled

from evenly.core.fleet import STABLE_AFTER_S


@pytest.fixture(scope="module")
def fleet(make_shared):
    made = make_shared("count: {range: 2-8}")
    made.up()
    scaled(made, 4)
    return made


def test_the_watchdog_is_killed(fleet):
    before, served, watchdog = fleet.part_pids, fleet.serving, fleet.pids("watchdog")
    assert len(watchdog) == 1
    kill(watchdog)
    fleet.wait_for(lambda: fleet.pids("watchdog") not in ([], watchdog), 30, "another watchdog")
    assert (fleet.part_pids, fleet.serving) == (before, served)
    kill([before["supervisor"]])
    fleet.wait_for(lambda: fleet.look().supervisor.pid not in (None, before["supervisor"]), 30)
    assert len(fleet.pids("watchdog")) == len(fleet.pids("supervisor")) == 1


def test_a_command_waits_for_the_supervisor_that_follows(fleet):
    """One ends whenever a deploy is over, so the next command may find none for a moment."""
    kill(fleet.pids("supervisor"))
    scaled(fleet, 3)
    kill(fleet.pids("supervisor"))
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
    fleet.wait_in_sync()  # the standby is watched, too
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
