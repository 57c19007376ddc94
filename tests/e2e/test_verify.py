"""`evenly verify` on real environments: all is well, and then each of four real faults is found by its check."""

import json
import os
import signal
from pathlib import Path

import pytest

from evenly.local.environment import set_zone

PROGRAM = (Path(__file__).parent / "apps" / "program.py").read_text()
OPEN_PROGRAM = PROGRAM.replace("ssl.CERT_REQUIRED", "ssl.CERT_NONE")
OWN_CHECK = """\
from evenly.verify import Evidence, FailError, Probe, check


@check("shop.sums", "The page can sum")
def sums(probe: Probe) -> Evidence:
    answer = probe.service.get("/")
    if probe.needs_target().environment != "local" or answer.status != 200:
        raise FailError("It can not.", answer.evidence)
    return answer.evidence
"""


def verify(made, *words: str, code: int) -> dict:
    done = made.run("verify", "--json", *words)
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    results = json.loads(done.stdout)["results"]
    return {it["id"]: it for it in results}


def of(results: dict, verdict: str) -> set[str]:
    return {id for id, it in results.items() if it["verdict"] == verdict}


@pytest.fixture(scope="module")
def reference(make_shared):
    made = make_shared("", files={"checks/shop.py": OWN_CHECK})
    made.up()
    return made


def test_a_healthy_environment_passes_and_the_result_is_kept(reference):
    results = verify(reference, code=0)
    assert (of(results, "fail"), of(results, "skipped")) == (set(), set()), results
    assert results["shop.sums"]["verdict"] == "pass"
    reports = reference.folder / ".evenly" / "reports"
    (data,) = reports.glob("*-verify.json")
    assert {it["id"] for it in json.loads(data.read_text())["result"]["results"]} == set(results)
    assert data.with_suffix(".html").read_text().startswith("<!doctype html>")
    assert not list(reports.glob("*.log"))


def test_an_app_that_may_create_tables_is_found(reference):
    may = ("database", "shell", "--as-owner", "-c")
    assert reference.run(*may, "GRANT CREATE ON SCHEMA public TO app").returncode == 0
    results = verify(reference, "target", code=1)
    assert of(results, "fail") == {"target.schema-fixed"}
    (evidence,) = results["target.schema-fixed"]["evidence"]
    assert evidence["request"] == "CREATE TABLE evenly_verify (id int)"
    tables = reference.run(*may, r"\dt *.evenly_verify")
    assert "Did not find any" in tables.stderr
    assert reference.run(*may, "REVOKE CREATE ON SCHEMA public FROM app").returncode == 0
    assert of(verify(reference, "target.schema", code=0), "pass") == {"target.schema-fixed"}


def test_a_lost_zone_is_found(reference):
    set_zone(reference.folder, "local-b", False)
    try:
        results = verify(reference, "target", code=1)
        assert {"target.zones-balanced", "target.healthy"} == of(results, "fail")
        assert results["target.zones-balanced"]["why"] == "local-b is out."
    finally:
        set_zone(reference.folder, "local-b", True)
        reference.wait_healthy()
    assert of(verify(reference, "target", code=0), "fail") == set()


def test_an_instance_that_answers_everybody_and_one_that_crashes_are_found(make):
    made = make("app: {command: [python3, program.py]}\ndatabase: null", files={"program.py": OPEN_PROGRAM})
    made.up()
    results = verify(made, "target", code=1)
    assert of(results, "fail") == {"target.instances-closed"}
    asked = {
        it["request"].partition(" of i-")[2].partition(" ")[2]
        for it in results["target.instances-closed"]["evidence"]
    }
    assert asked == {
        "without a certificate",
        "with a stranger's certificate",
        "with an instance's certificate",
    }
    assert of(results, "skipped") == {"target.database-closed", "target.schema-fixed"}
    assert results["target.schema-fixed"]["why"] == "This environment has no database."
    for _ in range(3):
        pid = next(iter(made.serving.values()))
        os.kill(pid, signal.SIGKILL)
        made.wait_for(lambda pid=pid: pid not in made.serving.values() and len(made.serving) == 2)
    assert of(verify(made, "target.no-crash-loop", code=1), "fail") == {"target.no-crash-loop"}
    made.down()
    done = made.run("verify")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the environment is down" in done.stderr
