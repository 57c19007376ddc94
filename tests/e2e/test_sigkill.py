"""SIGKILL at any moment, of any part and of all of them: the next `up` or `down` puts it right."""

import contextlib
import os
import random
import signal
import subprocess

import pytest

MOMENTS_S = [round(number * 0.15 + random.Random(number).random() * 0.15, 3) for number in range(10)]  # noqa: S311


@pytest.fixture(scope="module")
def shared(make_shared):
    return make_shared()


def kill_after(command: subprocess.Popen, moment_s: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        command.wait(moment_s)
    command.kill()
    command.wait()


def kill_all(made) -> None:
    """Everything that carries the environment's mark, until there is nothing more."""

    def none_left() -> bool:
        for pid in made.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return not made.pids()

    made.wait_for(none_left, what="the end of everything")


@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_up_is_killed(shared, moment_s):
    """Every other time from nothing at all, with the database still to be made."""
    starting = shared.start("up", "--detach")
    kill_after(starting, moment_s)
    shared.up()
    assert shared.get("/").status == 200
    shared.down()
    assert shared.leftovers() == []
    if MOMENTS_S.index(moment_s) % 2:
        done = shared.run("down", "--delete-data", "--confirm", "local")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("moment_s", MOMENTS_S[1::3])
def test_up_is_killed_and_down_cleans(shared, moment_s):
    starting = shared.start("up", "--detach")
    kill_after(starting, moment_s)
    shared.down()
    assert shared.leftovers() == []


@pytest.mark.parametrize("moment_s", MOMENTS_S[::4])
def test_everything_is_killed_while_it_starts(shared, moment_s):
    starting = shared.start("up", "--detach")
    kill_after(starting, moment_s)
    kill_all(shared)
    shared.up()
    assert shared.get("/").status == 200


def test_everything_is_killed_while_it_serves(shared):
    shared.up()
    greeting = shared.posts("Written before everything was killed")
    kill_all(shared)
    assert shared.status()["state"] == "down"
    shared.up()
    assert shared.get(f"/greetings/{greeting['id']}").json() == greeting


def test_down_is_killed(shared):
    for moment_s in MOMENTS_S[:4]:
        shared.up()
        stopping = shared.start("down")
        kill_after(stopping, moment_s)
    shared.down()
    assert shared.leftovers() == []


def test_what_a_killed_down_left_is_not_taken_over(shared):
    """It got no further than the supervisor: what still serves belongs to what was to end."""
    shared.up()
    before = shared.pids("instance") + shared.pids("balancer") + shared.pids("database")
    (shared.home / "wanted").unlink()
    for pid in shared.pids("supervisor") + shared.pids("watchdog"):
        os.kill(pid, signal.SIGKILL)
    shared.up()
    assert not set(before) & set(shared.pids())
    assert shared.get("/").status == 200


def test_two_ups_at_once(shared):
    first, second = shared.start("up", "--detach"), shared.start("up", "--detach")
    codes = {first.wait(60), second.wait(60)}
    assert codes <= {0, 3}
    assert 0 in codes
    assert len(shared.pids("supervisor")) == 1
    assert shared.wait_healthy().desired == 2


def test_down_ends_what_hangs(shared):
    shared.up()
    for role in ("supervisor", "balancer", "instance"):
        for pid in shared.pids(role):
            os.kill(pid, signal.SIGSTOP)
    shared.down()
    assert shared.leftovers() == []
