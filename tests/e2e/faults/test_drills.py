"""Each drill on a real environment, at the rate for which its promise is made."""

import json
from typing import Any

import psutil
import pytest
from tests.e2e.fleets import all_available, others
from tests.e2e.watching import Watch, size

from evenly.core.status import EnvironmentStatus

RATE = 500
VOID_RUNS = 3
VOID = 3  # the exit code


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


def lost(seen: list[EnvironmentStatus]) -> list[EnvironmentStatus]:
    """While the zone was out."""
    return [it for it in seen if not all_available(it)]


def after_the_loss(seen: list[EnvironmentStatus]) -> list[EnvironmentStatus]:
    """From when the zone's share was made up for."""
    full = next(i for i, it in enumerate(seen) if not all_available(it) and len(it.serving) == 4)
    return seen[full:]


@pytest.mark.parametrize("kind", ["instance", "hang"])
def test_an_instance_that_dies_or_hangs_costs_no_request_and_is_replaced(fleet, kind, capsys):
    parts, served = fleet.part_pids, fleet.serving
    result = drilled(fleet, kind, capsys)
    assert result["load"]["errors"] == 0
    assert result["detected_s"] is not None
    assert fleet.part_pids == parts
    assert served.keys() - fleet.serving.keys() == {result["victim"]}
    assert is_gone(served[result["victim"]])


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_lost_zone_costs_no_request_and_is_brought_back(fleet, capsys):
    with Watch(fleet) as watch:
        result = drilled(fleet, "zone", capsys)
    assert result["load"]["errors"] == 0
    out = lost(watch.seen)
    assert {it.state for it in out} == {"degraded"}
    assert [len(zone.instances) for zone in out[-1].zones] == [4, 0]  # the other zone had its share
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
    assert others(parts, fleet.part_pids) == {"supervisor"}


def test_the_databases_crash_costs_no_request_and_no_row(fleet, capsys):
    parts, served, written = fleet.part_pids, fleet.serving, fleet.posts("Written before")
    assert drilled(fleet, "database", capsys)["load"]["errors"] == 0
    assert fleet.serving == served
    assert others(parts, fleet.part_pids) == {"database"}
    assert fleet.get(f"/greetings/{written['id']}").json()["text"] == "Written before"


def test_the_balancer_is_back_within_a_second_and_what_it_cost_is_told(fleet, capsys):
    parts, served = fleet.part_pids, fleet.serving
    result = drilled(fleet, "balancer", capsys)
    assert result["load"]["longest_gap_s"] <= 1.0
    assert result["after"]["failed"] == 0
    assert fleet.serving == served
    assert others(parts, fleet.part_pids) == {"balancer"}
