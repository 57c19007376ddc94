"""Each drill on a real environment, at the rate for which its promise is made; what one leaves that is broken off."""

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from tests.e2e.watching import Watch, size

from evenly.core.status import EnvironmentStatus
from evenly.local.target import LocalTarget

RATE = 500
VOID_RUNS = 3
VOID = 3  # the exit code


@pytest.fixture(scope="module")
def fleet(make_shared):
    made = make_shared("count: {range: 4-8}")
    made.up()
    return made


@pytest.fixture(autouse=True)
def settled(fleet) -> Iterator[None]:
    """Whatever a test did: the next one finds four instances, evenly."""
    yield
    fleet.wait_for(lambda: is_settled(fleet.look()), 60, "the settled fleet")


def is_settled(status: EnvironmentStatus) -> bool:
    states = [it.state for zone in status.zones for it in zone.instances]
    even = [len(zone.instances) for zone in status.zones] == [2, 2]
    return status.state == "healthy" and even and states == ["healthy"] * 4


def drilled(made, kind: str, capsys) -> dict[str, Any]:
    """One drill's result. One whose sender was late proves nothing and is repeated."""
    for _ in range(VOID_RUNS):
        done = made.run("drill", kind, "--rate", str(RATE), "--json")
        result = json.loads(done.stdout)["results"][0] if done.stdout else {}
        if done.returncode != VOID or result.get("verdict") != "void":
            break
    assert done.returncode == 0, (
        f"exit code {done.returncode}: {result.get('missed')} {result.get('void')}\n{done.stderr}"
    )
    with capsys.disabled():
        load, full = result["load"], result["full_s"]
        print(
            f"\n{kind}: {load['errors']} of {load['requests']} failed, "
            f"gap {load['longest_gap_s']:.2f} s, full {full:.2f} s"
        )
    assert result["verdict"] == "pass"
    assert result["load"]["requests"] >= RATE * load["sent_s"] * 0.99
    return result


def after_the_loss(seen: list[EnvironmentStatus]) -> list[EnvironmentStatus]:
    """From when the zone's share was made up for."""
    full = next(i for i, it in enumerate(seen) if not all_available(it) and len(it.serving) == 4)
    return seen[full:]


def all_available(status: EnvironmentStatus) -> bool:
    return all(zone.available for zone in status.zones)


# --- what each costs


@pytest.mark.parametrize("kind", ["instance", "hang"])
def test_an_instance_that_dies_or_hangs_costs_no_request_and_is_replaced(fleet, kind, capsys):
    parts, served = fleet.part_pids, fleet.serving
    result = drilled(fleet, kind, capsys)
    assert result["load"]["errors"] == 0
    assert result["detected_s"] is not None
    assert fleet.part_pids == parts
    assert served.keys() - fleet.serving.keys() == {result["victim"]}


def test_a_lost_zone_costs_no_request_and_is_brought_back(fleet, capsys):
    result = drilled(fleet, "zone", capsys)
    assert result["load"]["errors"] == 0
    assert all_available(fleet.look())


def test_a_returning_zone_costs_no_request_nor_capacity(fleet, capsys):
    with Watch(fleet) as watch:
        result = drilled(fleet, "zone-return", capsys)
    assert result["load"]["errors"] == 0
    returning = after_the_loss(watch.seen)
    assert min(len(it.serving) for it in returning) >= 4  # launched before terminated
    assert max(map(size, returning)) > 4


def test_a_slow_instance_costs_no_request_and_serves_on(fleet, capsys):
    served = fleet.serving
    assert drilled(fleet, "slow", capsys)["load"]["errors"] == 0
    assert fleet.serving == served
    assert not fleet.pids("drill")


def test_the_supervisors_death_costs_no_request(fleet, capsys):
    parts, served = fleet.part_pids, fleet.serving
    assert drilled(fleet, "supervisor", capsys)["load"]["errors"] == 0
    assert fleet.serving == served
    assert {name for name in parts if parts[name] != fleet.part_pids[name]} == {"supervisor"}


def test_the_databases_crash_costs_no_request_and_no_row(fleet, capsys):
    parts, served, written = fleet.part_pids, fleet.serving, fleet.posts("Written before")
    assert drilled(fleet, "database", capsys)["load"]["errors"] == 0
    assert fleet.serving == served
    assert {name for name in parts if parts[name] != fleet.part_pids[name]} == {"database"}
    assert fleet.get(f"/greetings/{written['id']}").json()["text"] == "Written before"


def test_the_balancer_is_back_within_a_second_and_what_it_cost_is_told(fleet, capsys):
    parts, served = fleet.part_pids, fleet.serving
    result = drilled(fleet, "balancer", capsys)
    assert result["load"]["longest_gap_s"] <= 1.0
    assert result["after"]["failed"] == 0
    assert fleet.serving == served
    assert {name for name in parts if parts[name] != fleet.part_pids[name]} == {"balancer"}


# --- what is left when one is broken off


def begun(made, kind: str, is_broken) -> "subprocess.Popen[bytes]":
    """A drill that has put its fault in."""
    command = made.start("drill", kind, "--rate", "50")
    made.wait_for(lambda: is_broken() or command.poll() is not None, 30, "the fault")
    assert command.poll() is None
    return command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_brings_the_zone_back(fleet, number):
    command = begun(fleet, "zone", lambda: not all_available(fleet.look()))
    command.send_signal(number)
    assert command.wait(30) == 130
    assert all_available(fleet.look())
    assert not (fleet.home / "drill.json").exists()


def test_what_a_killed_drill_left_is_put_right_by_the_next_command(fleet):
    command = begun(fleet, "zone", lambda: not all_available(fleet.look()))
    command.kill()
    command.wait()
    assert not all_available(fleet.look())
    assert fleet.run("scale", "4").returncode == 0
    assert all_available(fleet.look())


def test_what_a_killed_drill_left_is_put_right_when_that_is_asked_for(fleet):
    command = begun(fleet, "hang", lambda: standing_still(fleet))
    command.kill()
    command.wait()
    assert standing_still(fleet)
    told = fleet.run("drill", "--restore")
    assert (told.returncode, told.stdout) == (0, "What was broken is put right.\n")
    assert not standing_still(fleet)
    assert fleet.run("drill", "--restore").stdout == "Nothing is left broken.\n"


def test_a_killed_drill_leaves_no_instance_slow(fleet):
    command = begun(fleet, "slow", lambda: fleet.pids("drill"))
    command.kill()
    command.wait()
    fleet.wait_for(lambda: not fleet.pids("drill") and not standing_still(fleet), 10, "its end")


def standing_still(made) -> list[int]:
    return [pid for pid in made.pids("instance") if psutil.Process(pid).status() == psutil.STATUS_STOPPED]


# --- what is refused


def test_two_drills_at_once_are_refused(fleet):
    with LocalTarget(fleet.folder).only_drill():
        second = fleet.run("drill", "instance")
    assert second.returncode == 3
    assert "another drill is under way" in second.stderr


def test_an_environment_that_is_not_healthy_is_refused(fleet):
    target = LocalTarget(fleet.folder)
    target.lose_zone("local-b")
    refused = fleet.run("drill", "instance")
    target.return_zone("local-b")
    assert refused.returncode == 3
    assert "is degraded; a drill begins with a healthy one" in refused.stderr
