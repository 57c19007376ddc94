"""The dashboard of a real environment: started once, live, outliving what it shows, and gone with `evenly down`."""

import contextlib
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from tests.functional.dashboard.reading import ask, watching

from evenly.verify.drillresult import Kind

RATE = 50
ROLE = "dashboard"


@pytest.fixture(scope="module")
def fleet(make_shared: Any) -> Any:
    made = make_shared("count: {range: 4-8}")
    made.up()
    return made


@pytest.fixture
def url(fleet: Any) -> Iterator[str]:
    """Of a dashboard; whatever a test did to the environment, it is healthy for the next."""
    yield opened(fleet)
    fleet.wait_healthy()
    fleet.wait_for(lambda: len(fleet.serving) == len(fleet.instances()) == 4, 60, "the settled fleet")


def opened(made: Any) -> str:
    done = made.run("open", "--print")
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


def kill(made: Any) -> None:
    for pid in made.pids(ROLE):
        os.kill(pid, signal.SIGKILL)
    made.wait_for(lambda: not made.pids(ROLE), 5, "the dashboard's end")


def available(made: Any) -> list[bool]:
    return [it.available for it in made.look().zones]


def test_opened_twice_at_once_it_is_one(fleet: Any) -> None:
    began = [fleet.start("open", "--print") for _ in range(3)]
    assert [it.wait(60) for it in began] == [0, 0, 0]
    pids = fleet.pids(ROLE)
    assert len(pids) == 1
    assert opened(fleet) == opened(fleet) and fleet.pids(ROLE) == pids


def test_its_token_is_the_users_alone(fleet: Any, url: str) -> None:
    token = url.split("/")[3]
    assert len(token) >= 32
    file = fleet.runtime / "dashboard.json"
    assert token in file.read_text() and stat.S_IMODE(file.stat().st_mode) == 0o600
    with watching(url) as stream:
        stream.until("view")
        ask(url + "drills", "POST", b"rubbish")
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            assert token not in " ".join(process.cmdline())
    for pid in fleet.pids(ROLE):
        assert token not in str(psutil.Process(pid).environ())
    texts = [it.read_text(errors="replace") for it in fleet.home.rglob("*.log")]
    assert texts and not any(token in it for it in texts)


def test_it_listens_on_this_machine_alone(fleet: Any, url: str) -> None:
    found = [it for pid in fleet.pids(ROLE) for it in psutil.Process(pid).net_connections("inet")]
    listening = {it.laddr.ip for it in found if it.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_it_tells_of_a_killed_instance_and_of_traffic(fleet: Any, url: str) -> None:
    with watching(url) as stream:
        hello = stream.until("hello")
        assert (hello["name"], hello["environment"], len(hello["drills"])) == ("hello", "local", len(Kind))
        view = stream.until("view", lambda it: it["status"]["state"] == "healthy")
        assert view["release"]["number"] == 1 and view["release"]["made_at"]
        assert view["status"] == fleet.status()
        stream.until("traffic")
        for _ in range(20):
            fleet.get("/")
        assert stream.until("traffic", lambda it: it["requests_per_s"])["p99_ms"] is not False
        victim, pid = next(iter(fleet.serving.items()))
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        stream.until("events", lambda it: any(each["instance"] == victim for each in it))
        assert time.monotonic() - began < 2
        stream.until("view", lambda it: victim not in str(it["status"]["zones"]))


def test_it_outlives_its_supervisor_and_its_balancer(fleet: Any, url: str) -> None:
    with watching(url) as stream:
        before = stream.until("view")["status"]
        os.kill(before["supervisor"]["pid"], signal.SIGKILL)
        stream.until("view", lambda it: it["stale"], 5)
        after = stream.until("view", lambda it: not it["stale"], 30)["status"]
        assert after["supervisor"]["pid"] != before["supervisor"]["pid"]
        fleet.wait_healthy()
        balancer = fleet.part_pids["balancer"]
        os.kill(balancer, signal.SIGKILL)
        stream.until("view", lambda it: it["status"]["balancer"]["pid"] not in (None, balancer), 30)
        fleet.wait_healthy()
        stream.until("traffic", lambda it: fleet.get("/").status == 200 and it["requests_per_s"], 10)


def test_a_supervisor_that_hangs_makes_it_stale_not_late(fleet: Any, url: str) -> None:
    supervisor = fleet.part_pids["supervisor"]
    with watching(url) as stream:
        stream.until("view")
        os.kill(supervisor, signal.SIGSTOP)
        began = time.monotonic()
        try:
            stream.until("view", lambda it: it["stale"], 5)
            assert time.monotonic() - began < 2
        finally:
            os.kill(supervisor, signal.SIGCONT)
        stream.until("view", lambda it: not it["stale"])


def test_a_drill_runs_is_ended_and_is_put_right_also_when_the_dashboard_dies(fleet: Any, url: str) -> None:
    with watching(url) as stream:
        stream.until("view")
        assert ask(url + "drills", "POST", {"kind": "zone", "rate": RATE}).status == 202
        stream.until("view", lambda it: not all(zone["available"] for zone in it["status"]["zones"]), 30)
        assert ask(url + "drills", "DELETE").status == 202
        done = stream.until("drill", lambda it: it["state"] == "done", 30)
        assert (done["passed"], done["report"]) == (None, None) and "put right" in done["sentence"]
    assert available(fleet) == [True, True]
    fleet.wait_for(lambda: len(fleet.serving) == len(fleet.instances()) == 4, 60, "the settled fleet")

    assert ask(url + "drills", "POST", {"kind": "zone", "rate": RATE}).status == 202
    fleet.wait_for(lambda: available(fleet) == [True, False], 30, "the lost zone")
    kill(fleet)
    fleet.wait_for(lambda: available(fleet) == [True, True], 10, "the zone's return")
    fleet.wait_for(lambda: not fleet.pids("drill"), 30, "the drill's end")
    assert not (fleet.home / "drill.json").exists()
    assert opened(fleet) == url


def test_a_drill_to_its_end_leaves_a_report(fleet: Any, url: str) -> None:
    with watching(url) as stream:
        assert ask(url + "drills", "POST", {"kind": "instance", "rate": RATE}).status == 202
        done = stream.until("drill", lambda it: it["state"] == "done", 60)
    assert done["void"] or done["passed"] is True, done
    report = ask(url + done["report"].removeprefix("./"))
    assert report.status == 200 and b"Drill instance" in report.body


def test_killed_it_comes_back_where_it_was_or_elsewhere_with_another_token(fleet: Any, url: str) -> None:
    kill(fleet)
    assert opened(fleet) == url
    kill(fleet)
    port = int(url.split(":")[2].partition("/")[0])
    with fleet.wait_for(lambda: taken(port), 30, "the end of what had the port"):
        elsewhere = opened(fleet)
    assert elsewhere.split("/")[2:4] != url.split("/")[2:4]
    assert url.split("/")[3] not in elsewhere
    assert ask(elsewhere).status == 200


def taken(port: int) -> socket.socket | None:
    """The port, held by this test; `None` while somebody has it."""
    squatter = socket.socket()
    squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        squatter.bind(("127.0.0.1", port))
    except OSError:
        squatter.close()
        return None
    squatter.listen()
    return squatter


def test_the_service_has_its_own_word(fleet: Any) -> None:
    for words in (("open", "service", "--print"), ("open", "--print", "service")):
        done = fleet.run(*words)
        assert (done.returncode, done.stdout) == (0, f"https://localhost:{fleet.https_port}/\n")
    assert fleet.run("open", "reports", "--print").returncode == 0


def test_it_goes_down_with_the_environment_and_so_does_its_drill(fleet: Any) -> None:
    url = opened(fleet)
    assert ask(url + "drills", "POST", {"kind": "hang", "rate": RATE}).status == 202
    fleet.wait_for(lambda: (fleet.home / "drill.json").exists(), 30, "the hanging instance")
    done = fleet.down()
    assert "the dashboard" in done.stdout
    assert fleet.pids() == []
    refused = fleet.run("open", "--print")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "the environment is down" in refused.stderr
    assert fleet.pids() == []
