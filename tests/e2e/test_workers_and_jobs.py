"""Workers and jobs through the commands: they reach the database, are held, adopted, moved, stopped, and told of."""

import contextlib
import json
import os
import signal
import sys
from collections import Counter

import psutil
import pytest

from evenly.local import environment as local

WRITE = """\
import asyncio, asyncpg, os, signal, sys, time

async def write(text):
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("INSERT INTO greetings (language, text) VALUES ($1, $2)", "Test", text)
    await connection.close()

text = " ".join((sys.argv[1], os.environ["EVENLY_INSTANCE_ID"], os.environ["EVENLY_ZONE"]))
asyncio.run(write(text))
print(text, flush=True)

def leave(*_):
    print("asked to stop", flush=True)
    sys.exit()

if sys.argv[1] == "worker":
    signal.signal(signal.SIGTERM, leave)
    time.sleep(100_000)
"""
MANIFEST = f"""\
workers:
  scribe: {{command: [{sys.executable}, write.py, worker], count: 2}}
jobs:
  once: {{command: [{sys.executable}, write.py, job], schedule: "0 0 1 1 *"}}
  fails: {{command: [sh, -c, "echo told; exit 3"], schedule: "0 0 1 1 *"}}
  waits: {{command: [sh, -c, "while [ ! -e $HERE/go ]; do sleep 0.05; done; exit 7"], schedule: "0 0 1 1 *"}}
variables: {{HERE: "%s"}}
"""


@pytest.fixture(scope="module")
def shared(make_shared):
    made = make_shared(files={"write.py": WRITE})
    made.write_manifest(MANIFEST % made.folder)
    made.up()
    return made


def greetings(made) -> list[str]:
    return [it["text"] for it in made.get("/greetings?limit=100").json()["greetings"]]


def worker(made):
    return next(it for it in made.look().workers if it.name == "scribe")


def job(made, name: str):
    return next(it for it in made.look().jobs if it.name == name)


def workers_by_zone(made) -> Counter:
    """What runs in truth, by the marks of the processes."""
    zones: Counter = Counter()
    for pid in made.pids("worker"):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since
            zones[psutil.Process(pid).environ()["EVENLY_ZONE"]] += 1
    return zones


def test_workers_run_evenly_and_reach_the_database(shared):
    status = shared.status()
    told = status["workers"][0]
    assert status["state"] == "healthy"
    assert (told["name"], told["desired"], told["running"]) == ("scribe", 2, {"local-a": 1, "local-b": 1})
    written = {f"worker {it['id']} {it['zone']}" for it in told["processes"]}
    shared.wait_for(lambda: written <= set(greetings(shared)), what="both workers' greetings")
    assert "worker scribe  2 of 2 running" in shared.run("status").stdout
    assert "worker w-" in shared.run("logs", "scribe").stdout


def test_a_job_runs_when_asked_to_and_is_in_the_history(shared):
    done = shared.run("jobs", "run", "once", "--follow")
    assert done.returncode == 0, done.stderr
    text = done.stdout.strip()
    assert text in greetings(shared)
    history = json.loads(shared.run("jobs", "history", "once", "--json").stdout)
    assert [(it["outcome"], it["code"], it["attempts"]) for it in history] == [("succeeded", 0, 1)]
    assert history[0]["id"] in text
    assert text in shared.run("logs", history[0]["id"]).stdout
    assert job(shared, "once").next_at.endswith("-01-01T00:00:00.000Z")
    assert "succeeded" in shared.run("jobs").stdout


def test_a_job_that_fails_is_told_and_degrades_nothing(shared):
    done = shared.run("jobs", "run", "fails", "-f")
    assert (done.returncode, done.stdout) == (1, "told\n")
    assert "exited with code 3" in done.stderr
    assert shared.status()["state"] == "healthy"
    assert shared.run("jobs", "run", "nothing").returncode == 3


def test_a_killed_worker_is_back(shared):
    before = {it.pid for it in worker(shared).processes}
    os.kill(min(before), signal.SIGKILL)
    shared.wait_for(lambda: len({it.pid for it in worker(shared).processes} - before) == 1)
    shared.wait_healthy()
    assert workers_by_zone(shared) == {"local-a": 1, "local-b": 1}


def test_a_killed_supervisor_leaves_all_running_and_the_next_goes_on(shared):
    assert shared.run("jobs", "run", "waits").returncode == 0
    shared.wait_for(lambda: len(shared.pids("job")) >= 2, what="the job's program")
    before = (sorted(shared.pids("worker")), shared.pids("job")[0], job(shared, "waits").running.id)
    supervisor = shared.part_pids["supervisor"]
    os.kill(supervisor, signal.SIGKILL)
    shared.wait_for(
        lambda: shared.part_pids["supervisor"] not in (supervisor, None), what="another supervisor"
    )
    shared.wait_healthy()
    assert (sorted(shared.pids("worker")), shared.pids("job")[0], job(shared, "waits").running.id) == before
    assert shared.run("jobs", "run", "waits").returncode == 3
    (shared.folder / "go").touch()
    shared.wait_for(lambda: job(shared, "waits").last, what="the end of the run")
    last = job(shared, "waits").last
    assert (last.id, last.outcome, last.code, last.attempts) == (before[2], "failed", 7, 1)
    (shared.folder / "go").unlink()


def test_a_lost_zone_costs_no_worker(shared):
    local.set_zone(shared.folder, "local-b", False)
    shared.wait_for(lambda: sum(worker(shared).running.values()) == 2, what="both workers in one zone")
    assert workers_by_zone(shared) == {"local-a": 2}
    local.set_zone(shared.folder, "local-b", True)
    shared.wait_healthy()
    shared.wait_for(lambda: workers_by_zone(shared) == {"local-a": 1, "local-b": 1}, what="an even spread")


def test_down_stops_them_and_the_history_stays(shared):
    shared.run("jobs", "run", "waits")
    shared.wait_for(lambda: len(shared.pids("job")) >= 2, what="the job's program")
    assert "2 instances, 2 worker processes, 1 job, the balancer" in shared.down().stdout
    assert shared.leftovers() == []
    assert shared.run("logs", "scribe").stdout.count("asked to stop") >= 2
    shared.up()
    assert [it.outcome for it in local.job_history(shared.folder, "waits")] == ["failed", "stopped"]
    assert job(shared, "waits").running is None
    assert len(shared.pids("worker")) == 2


def test_a_worker_that_does_not_stay_up_is_an_error(make):
    made = make('workers: {scribe: {command: [sh, -c, "echo no ink; exit 4"]}}')
    done = made.up(code=3)
    assert "workers.scribe: the worker does not stay up" in done.stderr
    assert "no ink" in done.stderr
    assert made.leftovers() == []
