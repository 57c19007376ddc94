"""One environment's life through the command line. The tests of this file follow each other: one environment."""

import json
import signal
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module", autouse=True)
def brought_up(project: Any) -> Iterator[subprocess.CompletedProcess[str]]:
    up = project.run("up", "--detach")
    assert up.returncode == 0, up.stderr
    yield up


def ask(status: Mapping[str, Any]) -> None:
    context = ssl.create_default_context(cafile=status["ca_certificate"])
    with urllib.request.urlopen(status["urls"]["https"], context=context, timeout=10) as answer:  # noqa: S310
        assert answer.status == 200


def test_up_says_what_there_is_and_what_next(brought_up: subprocess.CompletedProcess[str]) -> None:
    out, err = brought_up.stdout, brought_up.stderr
    assert out.startswith("local is healthy: 2 of 2 instances serve, evenly over 2 zones.\n")
    assert "  local-a  i-" in out and "  local-b  i-" in out
    assert "  curl --cacert .evenly/local/certificates/ca.pem https://localhost:" in out
    assert out.splitlines()[-1] == "Next: evenly status, evenly logs --follow, evenly open, evenly down"
    for phase in (
        "database in local-a ready",
        "balancer ready",
        "migration 0001_greetings.sql applied",
        "healthy",
    ):
        assert f" s  {phase}\n" in err
    assert "\x1b" not in out + err


def test_up_again_changes_nothing_and_says_so(project: Any) -> None:
    before = project.settled()
    again = project.run("up")
    assert again.returncode == 0
    assert "It was up already: nothing was changed.\n" in again.stderr
    assert "There is no terminal for the live view" in again.stderr
    assert project.status() == before


def test_the_manifest_edited_is_shown_and_not_applied(project: Any) -> None:
    manifest = project.folder / "evenly.yaml"
    text = manifest.read_text()
    before = project.status()
    try:
        manifest.write_text(text.replace("range: 2-4", "range: 3-4"))
        up, plan = project.run("up", "-d"), project.run("plan")
    finally:
        manifest.write_text(text)
    assert "  count.range: 2-4 -> 3-4\n" in up.stderr
    assert "evenly scale 3" in up.stderr
    assert plan.stderr == "To do it: evenly deploy\n"
    assert project.status() == before


def test_plan_then_scale_then_status(project: Any) -> None:
    plan = project.run("plan", "--count", "4")
    assert plan.stdout.count("launch 1 instance in local-") == 2
    assert plan.stderr == "To do it: evenly scale 4\n"
    scaled = project.run("scale", "4", "--json")
    zones = json.loads(scaled.stdout)["zones"]
    assert [[it["state"] for it in zone["instances"]] for zone in zones] == [["healthy"] * 2] * 2
    assert project.run("plan", "--count", "4").stdout == "Nothing to do: it runs as the manifest says.\n"
    back = json.loads(project.run("scale", "2", "--json").stdout)
    assert [len(zone["instances"]) for zone in back["zones"]] == [1, 1]  # those that drained are gone
    assert project.run("scale", "9").returncode == 2


def test_logs_of_everybody(project: Any) -> None:
    status = project.status()
    ask(status)
    id = status["zones"][0]["instances"][0]["id"]
    deadline = time.monotonic() + 30
    while "GET / 200" not in project.run("logs", "access").stdout:  # the balancer writes once a second
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "PostgreSQL 18" in project.run("logs", "database", "--lines", "100000").stdout  # its first line
    assert f"launch instance={id}" in project.run("logs", "supervisor").stdout
    assert all(
        json.loads(it)["source"] == id for it in project.run("logs", id[:9], "--json").stdout.splitlines()
    )
    assert project.run("logs", "nobody").returncode == 2


def test_following_tells_of_instances_that_come_later_and_ends_calmly(project: Any) -> None:
    follow = project.command("logs", "--follow", "--lines", "0", "supervisor")
    running = subprocess.Popen(follow, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert running.stdout is not None
        time.sleep(0.5)  # until it follows; if it is slower it shows the same, for lines are whole
        project.run("scale", "3", "--no-wait")
        assert b"scale count=3" in running.stdout.readline()
        assert b"launch instance=i-" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    finally:
        running.kill()
        running.wait()
    assert (running.returncode, err) == (0, b"")
    project.run("scale", "2")


def test_doctor_knows_its_own_ports(project: Any) -> None:
    ran = project.run("doctor", "--json")
    found = {it["topic"]: it for it in json.loads(ran.stdout)}
    assert ran.returncode == 0, ran.stdout
    assert found["port of HTTPS"]["what"].endswith(", held by this environment")
    assert found["balancer"]["what"].startswith("Envoy 1.")
    assert found["database"]["what"].startswith("postgres (PostgreSQL) 18")


def test_open_service_prints_the_url(project: Any) -> None:
    printed = project.run("open", "--print", "service").stdout
    assert printed == f"{project.status()['urls']['https']}\n"


def test_down_says_what_was_stopped_and_keeps_the_data(project: Any) -> None:
    down = project.run("down")
    assert down.stdout == (
        "Stopped 2 instances, the balancer, the database, the supervisor and the watchdog.\n"
    )
    assert down.stderr == "Its data stays.\nNext: evenly up, evenly down --delete-data\n"
    assert Path(project.folder / ".evenly" / "local" / "secrets.json").exists()
    assert project.run("status").stdout.startswith("local is down: nothing serves.\n")
    assert project.run("open").returncode == 3
    assert "use release 1" in project.run("plan").stdout
