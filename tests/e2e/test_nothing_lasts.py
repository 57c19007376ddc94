"""State that is deleted, sockets that are cleaned away, a machine that slept or was started anew: the data stays."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import pytest

MANIFEST = "count: {range: 2-4}\ndatabase: {multi_zone: false}\n"
NOT_STATE = ("database", "logs")
STOOD_STILL_S = 7.0  # longer than an unhealthy instance is waited for


@pytest.fixture(scope="module")
def shared(make_shared: Any) -> Any:
    made = make_shared(MANIFEST)
    made.up()
    return made


@pytest.fixture
def written(shared: Any) -> Any:
    """An environment that is up, with a greeting that has to survive."""
    shared.up()
    shared.kept = shared.posts(f"It has to survive {time.monotonic_ns()}")
    return shared


def assert_kept(made: Any) -> None:
    made.wait_healthy()
    assert made.get(f"/greetings/{made.kept['id']}").json() == made.kept


def test_all_state_that_is_deleted_while_it_is_down_is_made_anew(written: Any) -> None:
    written.down()
    for it in written.home.iterdir():
        if it.name not in NOT_STATE:
            shutil.rmtree(it) if it.is_dir() else it.unlink()
    written.up()
    assert_kept(written)


@pytest.mark.parametrize(
    "name",
    [
        *("record.json", "environment.json", "secrets.json", "deploys.json", "journal.jsonl"),
        *("wanted", "releases", "logs"),
    ],
)
def test_state_that_is_deleted_while_it_runs_ends_nothing_that_serves(written: Any, name: str) -> None:
    path, served = written.home / name, written.serving
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    assert written.get(f"/greetings/{written.kept['id']}").json() == written.kept
    assert {pid for pid in served.values() if psutil.pid_exists(pid)} == set(served.values())
    told = written.run("status")
    assert "something went wrong" not in told.stderr
    again = written.run("up", "--detach")
    if again.returncode:  # it says what is to be done
        assert "evenly down" in again.stderr, again.stderr
        written.down()
        written.up()
    assert_kept(written)


def test_a_balancer_whose_files_are_deleted_hears_of_instances_that_come(written: Any) -> None:
    shutil.rmtree(written.home / "balancer")
    written.wait_for((written.home / "balancer").is_dir, 60, "the balancer's files")
    written.wait_healthy()
    first = next(iter(written.serving))
    os.kill(written.serving[first], signal.SIGKILL)
    written.wait_for(lambda: len(written.serving.keys() - {first}) == 2, 60, "another in its place")
    assert_kept(written)


def test_sockets_that_are_cleaned_away_come_back(written: Any) -> None:
    served = written.serving
    shutil.rmtree(written.runtime)
    written.wait_for((written.runtime / "control.sock").exists, 60, "another control socket")
    written.wait_healthy()
    assert written.serving == served
    assert_kept(written)


def test_a_machine_that_was_started_anew_finds_its_data_and_touches_no_stranger(written: Any) -> None:
    written.wait_for(lambda: not end_all(written), 30, "the end of all")
    shutil.rmtree(written.runtime)
    with strangers(2) as (first, second):
        record = written.home / "record.json"
        told = json.loads(re.sub(r'"started": "[0-9a-f]{8}:', '"started": "0b007ed0:', record.read_text()))
        told["data"]["balancer"]["pid"] = first.pid
        told["data"]["fleet"]["instances"][0]["process"]["pid"] = second.pid
        record.write_text(json.dumps(told))
        written.up()
        assert (first.poll(), second.poll()) == (None, None)
    assert_kept(written)


def test_a_machine_that_stood_still_replaces_nobody(written: Any) -> None:
    written.wait_healthy()
    served, before = written.serving, len(written.journal())
    pids = written.pids()
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(STOOD_STILL_S)
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
    assert_kept(written)
    assert written.serving == served
    actions = {it["action"] for it in written.journal()[before:]}
    assert not actions & {"launch", "drain", "stop", "kill"}


def test_certificates_that_are_deleted_while_it_runs_are_there_again_and_nobody_has_to_trust_another(
    written: Any,
) -> None:
    ca = written.home / "certificates" / "ca.pem"
    trusted = ca.read_bytes()
    shutil.rmtree(ca.parent)
    with closing(written.connection(trusted)) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
    written.wait_for(ca.exists, 30, "the authority's certificate")
    assert ca.read_bytes() == trusted
    assert_kept(written)


def test_state_of_an_older_evenly_is_read_and_said_once(written: Any) -> None:
    written.down()
    for file in written.home.rglob("*.json"):  # as 0.1.0 wrote them
        file.chmod(0o600)
        file.write_text(re.sub(r'\n  "by": "[^"]*",', "", file.read_text(), count=1))
    assert "Its state was kept by another version of Evenly." in written.up().stderr
    assert "another version" not in written.up().stderr
    assert_kept(written)


def test_a_database_that_the_manifest_names_no_more_is_kept_and_said(written: Any) -> None:
    written.down()
    try:
        written.write_manifest("database: null\n")
        assert "is not used now, and stays in" in written.up().stderr
        written.down()
    finally:
        written.write_manifest(MANIFEST)
    assert "is not used now" not in written.up().stderr
    assert_kept(written)


def end_all(made: Any) -> list[int]:
    """The pids that were sent SIGKILL: each of watchdog and supervisor starts the other again."""
    pids = made.pids()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids


@contextlib.contextmanager
def strangers(count: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes that are none of ours."""
    them = [subprocess.Popen(["sleep", "600"]) for _ in range(count)]
    try:
        yield them
    finally:
        for it in them:
            it.kill()
            it.wait()
