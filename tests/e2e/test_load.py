"""`evenly load` at the product itself: every zone answers, and what happened there meanwhile is told."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.environment import Environment

from evenly.verify.keeping import kept, reports_folder

RATE, SECONDS = 50, 4
MAYBE_VOID = (0, 3)  # a machine that is busy is not always on time, and this is not what is proved here
SCENARIO = """
async def scenario(user):
    page = await user.get("/")
    assert page.json()["instance_id"].startswith("i-")
    new = await user.post("/greetings", json={"language": "Test", "text": f"user {user.number}"}, expect=201)
    await user.get(f"/greetings/{new.json()['id']}", name="GET /greetings/{id}")
"""


@pytest.fixture(scope="module")
def made(make_shared: Callable[..., Environment]) -> Environment:
    shared = make_shared("count: 4")
    shared.up()
    shared.wait_healthy()
    return shared


def test_a_load_is_answered_by_every_zone_and_tells_what_happened(made: Environment) -> None:
    victim, pid = min(made.serving.items())
    seen = (made.home / "logs" / "access.log").stat().st_size
    loading = subprocess.Popen(
        [sys.executable, "-m", "evenly", "load", "--rate", f"{RATE}", "--for", f"{SECONDS}s", "--json"],
        cwd=made.folder,
        stdout=subprocess.PIPE,
    )
    with loading:
        made.wait_for(lambda: (made.home / "logs" / "access.log").stat().st_size > seen, what="a request")
        os.killpg(pid, signal.SIGKILL)
        out, _ = loading.communicate(timeout=90)
    assert loading.returncode in MAYBE_VOID
    report = json.loads(out)
    result = report["result"]
    assert (report["environment"], report["target"]) == ("local", "local")
    assert (result["requests"], result["errors"]) == (RATE * SECONDS, 0)
    assert set(result["by_zone"]) == {zone.name for zone in made.look().zones}
    assert sum(result["by_zone"].values()) == sum(result["by_instance"].values()) == RATE * SECONDS
    assert any(it["instance"] == victim for it in report["events"])
    assert all(it["at"] >= report["started_at"] for it in report["events"])
    assert [it.kind for it in kept(reports_folder(made.folder))] == ["load"]


def test_a_scenario_writes_and_reads_back(made: Environment) -> None:
    made.wait_healthy()
    Path(made.folder, "shop_load.py").write_text(SCENARIO)
    done = made.run("load", "--scenario", "shop_load.py", "--rate", "10", "--for", "2s", "--json")
    assert done.returncode in MAYBE_VOID, done.stderr
    result = json.loads(done.stdout)["result"]
    assert (result["users"], result["requests"], result["errors"]) == (20, 60, 0)
    assert {part["name"] for part in result["parts"]} == {"GET /", "POST /greetings", "GET /greetings/{id}"}
    made.down()
    assert made.run("load").returncode == 3
