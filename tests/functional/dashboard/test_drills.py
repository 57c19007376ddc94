"""Drills that are asked for on the page: a process of their own, one at a time, ended when they should be."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests import report_data as data
from tests.dashboard_world import FakeTarget, served
from tests.functional.dashboard.reading import ask, wait_for, watching

from evenly.core.status import EnvironmentState
from evenly.verify.keeping import keep

TELLS = """
import sys
print("zone: Zone local-b is lost.", file=sys.stderr, flush=True)
print("   0.10 s  fault", file=sys.stderr, flush=True)
print(open({result!r}).read())
"""
WAITS = """
import os, signal, sys, time
from pathlib import Path
mark = Path({mark!r})
def end(why):
    mark.write_text(mark.read_text() + why)
    time.sleep(1.5)
    sys.exit(130)
signal.signal(signal.SIGINT, lambda *_: end("interrupted"))
mark.write_text(f"{{os.getpid()}} {{sys.argv[1]}} {{sys.argv[2]}} ")
print("waiting", file=sys.stderr, flush=True)
os.read(0, 1) or end("stdin ended")
"""
REFUSES = """
import sys
print("evenly: another drill is under way in this environment\\nTry: wait", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture
def waits(tmp_path: Path) -> tuple[str, Path]:
    mark = tmp_path / "mark"
    return WAITS.format(mark=str(mark)), mark


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_its_course_is_told_to_all_and_to_who_comes_later(serve: Any, tmp_path: Path) -> None:
    result = data.drills(data.failed_drill())
    (tmp_path / "result").write_bytes(msgspec.json.encode(result))
    kept = keep(tmp_path, "drill", result, "<p>it</p>", datetime.fromisoformat(result.started_at))
    url, _ = serve(drill=TELLS.format(result=str(tmp_path / "result")))
    with watching(url) as stream:
        stream.until("view")
        assert ask(url + "drills", "POST", {"kind": "zone", "rate": 50}).status == 202
        done = stream.until("drill", lambda it: it["state"] == "done")
        states = [it["state"] for name, it in stream.events if name == "drill"]
    assert states[0] == "idle" and set(states[1:-1]) == {"running"}
    assert done["lines"] == ["zone: Zone local-b is lost.", "0.10 s  fault"]
    assert (done["kind"], done["passed"], done["void"]) == ("zone", False, False)
    assert "failed" in done["sentence"] and done["report"] == f"./reports/{kept.page.name}"
    assert ask(url + done["report"].removeprefix("./")).body == b"<p>it</p>"
    with watching(url) as later:
        assert later.until("drill") == done


def test_one_at_a_time_and_its_end_can_be_asked_for(serve: Any, waits: tuple[str, Path]) -> None:
    script, mark = waits
    url, _ = serve(drill=script)
    with watching(url) as stream:
        assert ask(url + "drills", "POST", {"kind": "hang", "rate": 75.5}).status == 202
        stream.until("drill", lambda it: it["lines"] == ["waiting"])
        second = ask(url + "drills", "POST", {"kind": "zone"})
        assert (second.status, second.json()["what"]) == (409, "A drill is under way.") and second.json()[
            "try"
        ]
        assert ask(url + "drills", "DELETE").status == 202
        wait_for(lambda: "interrupted" in mark.read_text())
        assert ask(url + "drills", "DELETE").status == 202
        done = stream.until("drill", lambda it: it["state"] == "done")
    assert mark.read_text().split()[1:] == ["hang", "75.5", "interrupted"]
    assert (done["passed"], done["sentence"]) == (
        None,
        "It was ended before its time. What was broken is put right.",
    )
    assert ask(url + "drills", "DELETE").status == 409


def test_many_that_ask_at_once_get_one(target: FakeTarget, serve: Any, waits: tuple[str, Path]) -> None:
    target.takes_s = 0.2
    url, _ = serve(drill=waits[0])
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: ask(url + "drills", "POST", {"kind": "zone"}).status, range(8)))
    assert sorted(told) == [202] + [409] * 7
    ask(url + "drills", "DELETE")


def test_what_is_refused_here_or_there_is_told(target: FakeTarget, serve: Any) -> None:
    url, _ = serve(drill=REFUSES)
    target.change(state=EnvironmentState.DEGRADED)
    refused = ask(url + "drills", "POST", {"kind": "zone"})
    assert refused.status == 409
    assert refused.json() == {
        "what": "The environment is degraded; a drill begins with a healthy one.",
        "try": "evenly status",
    }
    target.change(state=EnvironmentState.HEALTHY)
    with watching(url) as stream:
        assert ask(url + "drills", "POST", {"kind": "zone"}).status == 202
        told = stream.until("drill", lambda it: it["state"] == "refused")
    assert told["sentence"] == "Another drill is under way in this environment."
    assert ask(url + "drills", "POST", {"kind": "zone"}).status == 202


def test_production_is_not_drilled_from_a_page(target: FakeTarget, url: str) -> None:
    target.is_production = True
    assert ask(url + "drills", "POST", {"kind": "zone"}).status == 409


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"kind": "all"}',
        b'{"kind": "zone", "rate": 1e9}',
        b'{"kind": "zone"}' + b" " * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_drill_is_refused(target: FakeTarget, url: str, body: bytes) -> None:
    answer = ask(url + "drills", "POST", body)
    assert answer.status == 422 and answer.json()["what"] == "This is no drill." and target.asked == 0


def test_a_drill_that_dies_says_how_to_put_right_what_it_left(serve: Any, waits: tuple[str, Path]) -> None:
    script, mark = waits
    url, _ = serve(drill=script)
    with watching(url) as stream:
        ask(url + "drills", "POST", {"kind": "zone"})
        stream.until("drill", lambda it: it["lines"] == ["waiting"])
        os.kill(int(mark.read_text().split()[0]), signal.SIGKILL)
        assert "evenly drill --restore" in stream.until("drill", lambda it: it["state"] == "done")["sentence"]


def test_it_ends_with_the_dashboard(target: FakeTarget, tmp_path: Path, waits: tuple[str, Path]) -> None:
    script, mark = waits
    with served(target, tmp_path, script) as (url, _), watching(url) as stream:
        ask(url + "drills", "POST", {"kind": "zone"})
        stream.until("drill", lambda it: it["lines"] == ["waiting"])
        began = time.monotonic()
    assert time.monotonic() - began < 3
    pid, *_, why = mark.read_text().split(maxsplit=3)
    assert why == "stdin ended" and not is_running(int(pid))


def test_a_drill_prints_as_much_as_it_likes(serve: Any, tmp_path: Path) -> None:
    result = data.drills(data.failed_drill())
    whole = json.loads(msgspec.json.encode(result))
    whole["results"] *= 40
    (tmp_path / "result").write_text(json.dumps(whole) + " " * 5_000_000)
    url, _ = serve(drill=TELLS.format(result=str(tmp_path / "result")))
    with watching(url) as stream:
        ask(url + "drills", "POST", {"kind": "zone"})
        assert stream.until("drill", lambda it: it["state"] == "done")["passed"] is False
