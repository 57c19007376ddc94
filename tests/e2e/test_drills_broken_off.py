"""Drills that are broken off, and those that are refused: nothing stays broken."""

import contextlib
import signal
import subprocess

import psutil
import pytest
from tests.e2e.fleets import all_available, settled

from evenly.local.target import LocalTarget


@pytest.fixture(scope="module")
def shared(make_shared):
    made = make_shared("count: {range: 4-8}")
    made.up()
    made.wait_for(lambda: settled(made, 4), 60, "the settled fleet")
    return made


@pytest.fixture
def fleet(shared):
    """Whatever a test did: the next one finds four instances, evenly."""
    yield shared
    shared.wait_for(lambda: settled(shared, 4), 60, "the settled fleet")


@pytest.fixture
def begun(fleet):
    """Begins a drill, and gives its command once it has put its fault in. It is ended with the test."""
    with contextlib.ExitStack() as stack:

        def begin(kind: str, is_broken) -> "subprocess.Popen[bytes]":
            command = stack.enter_context(fleet.start("drill", kind, "--rate", "50"))
            stack.callback(command.kill)
            fleet.wait_for(lambda: is_broken() or command.poll() is not None, 60, "the fault")
            assert command.poll() is None
            return command

        yield begin


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_brings_the_zone_back(fleet, begun, number):
    command = begun("zone", lambda: not all_available(fleet.look()))
    command.send_signal(number)
    assert command.wait(30) == 130
    assert all_available(fleet.look())
    assert not (fleet.home / "drill.json").exists()


def test_what_a_killed_drill_left_is_put_right_by_the_next_command(fleet, begun):
    command = begun("zone", lambda: not all_available(fleet.look()))
    command.kill()
    command.wait()
    assert not all_available(fleet.look())
    assert fleet.run("scale", "4").returncode == 0
    assert all_available(fleet.look())


def test_what_a_killed_drill_left_is_put_right_when_that_is_asked_for(fleet, begun):
    command = begun("hang", lambda: standing_still(fleet))
    command.kill()
    command.wait()
    assert standing_still(fleet)
    told = fleet.run("drill", "--restore")
    assert (told.returncode, told.stdout) == (0, "What was broken is put right.\n")
    assert not standing_still(fleet)
    assert fleet.run("drill", "--restore").stdout == "Nothing is left broken.\n"


def test_a_killed_drill_leaves_no_instance_slow(fleet, begun):
    command = begun("slow", lambda: fleet.pids("drill"))
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
