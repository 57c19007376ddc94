"""`evenly load` as people run it, at a server of known behaviour."""

import asyncio
import json
import os
import pty
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evenly.verify.loadreport import LoadReport

Serve = Callable[..., Awaitable[Any]]  # see conftest.py: a KnownServer
WITHIN_S = 60
# What measures is busy beside other tests: where a run's lateness is not what a test is about, it may be void.
MAYBE_VOID = (0, 3)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def evenly(tmp_path: Path) -> Callable[..., Awaitable[Ran]]:
    """Runs `evenly load`. `typed`: what its stdin holds; `after`: what is done to it, while it runs."""

    async def ran(*words: str, typed: str = "", after: Callable[[Any], Awaitable[None]] | None = None) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "evenly",
            "load",
            *words,
            cwd=tmp_path,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        if after:
            await after(process)
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), WITHIN_S)
        return Ran(process.returncode or 0, out.decode(), err.decode())

    return ran


async def quickly(_: int) -> int:
    return 200


async def every_tenth_fails(number: int) -> int:
    return 503 if number % 10 == 0 else 200


async def test_it_says_what_it_sent_and_how_it_was_answered(
    serve: Serve, evenly: Any, tmp_path: Path
) -> None:
    server = await serve(every_tenth_fails)
    ran = await evenly("--url", server.url, "--rate", "50", "--for", "1s", "--report", "load.html")
    assert ran.code in MAYBE_VOID, ran.err
    assert ran.out.startswith(f"{server.url}: 50/s for 1 s\n")
    assert "50 requests, 5 failed (10 %)" in ran.out
    assert "5 failed: not the expected status (503 5 times)" in ran.out
    assert "zones: local-a 50" in ran.out
    assert "Next: evenly open reports" in ran.err
    assert (tmp_path / "load.html").read_text().startswith("<!doctype html>")
    assert server.requests == 50


async def test_as_json_it_is_the_report_that_is_kept(serve: Serve, evenly: Any, tmp_path: Path) -> None:
    server = await serve(quickly)
    ran = await evenly(
        "/orders", "--url", server.url, "--rate", "20,40", "--for", "1s,500ms", "--seed", "3", "--json"
    )
    report = ran.report
    assert ran.code in MAYBE_VOID, ran.err
    assert report["plan"]["url"] == f"{server.url}orders"
    assert report["plan"]["stages"] == [{"rate": 20.0, "duration_s": 1.0}, {"rate": 40.0, "duration_s": 0.5}]
    assert report["plan"]["seed"] == 3
    assert report["result"]["requests"] == server.requests
    assert [stage["rate"] for stage in report["result"]["stages"]] == [20, 40]
    assert (report["environment"], report["events"], report["interrupted"]) == (None, [], False)
    kept = list((tmp_path / ".evenly" / "reports").glob("*-load.json"))
    assert [json.loads(it.read_text())["result"] for it in kept] == [report]
    assert kept[0].with_suffix(".html").exists()
    assert set(LoadReport.__struct_fields__) == set(report)


async def test_a_broken_limit_is_exit_code_1_and_says_which(serve: Serve, evenly: Any) -> None:
    server = await serve(every_tenth_fails)
    where = ("--url", server.url, "--rate", "50", "--for", "1s")
    limits = ("--fail-if", "errors > 0.1%", "--fail-if", "errors > 50%", "--fail-if", "rate < 400")
    ran = await evenly(*where, *limits)
    assert ran.code in (1, 3), ran.err
    assert ran.code == 3 or "2 limits broken" in ran.out
    assert "errors > 0.1%: 10%" in ran.out
    assert "rate < 400: 45/s" in ran.out
    assert "errors > 50%:" not in ran.out
    ran = await evenly(*where, "--fail-if", "errors > 50%")
    assert ran.code in MAYBE_VOID


async def test_a_void_run_is_exit_code_3_whatever_it_found(serve: Serve, evenly: Any, tmp_path: Path) -> None:
    server = await serve(every_tenth_fails)
    (tmp_path / "slow.py").write_text(
        "import time\nasync def scenario(user):\n    time.sleep(0.2)\n    await user.get('/')\n"
    )
    limit = ("--fail-if", "errors > 0%")
    ran = await evenly("--url", server.url, "--scenario", "slow.py", "--rate", "20", "--for", "1s", *limit)
    assert ran.code == 3
    assert "Void: The sender was" in ran.out


async def test_a_broken_scenario_is_exit_code_2(serve: Serve, evenly: Any, tmp_path: Path) -> None:
    server = await serve(quickly)
    (tmp_path / "shop.py").write_text("async def scenario(user):\n    await usr.get('/')\n")
    ran = await evenly("--url", server.url, "--scenario", "shop.py")
    assert (ran.code, ran.out) == (2, "")
    assert "shop.py:2: the scenario is broken: NameError: name 'usr' is not defined" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_it_ends_early_with_the_figures_so_far(
    serve: Serve, evenly: Any, number: signal.Signals
) -> None:
    server = await serve(quickly)

    async def interrupt(process: Any) -> None:
        while server.requests < 10:
            await asyncio.sleep(0.02)
        process.send_signal(number)

    ran = await evenly("--url", server.url, "--rate", "20", "--for", "1h", after=interrupt)
    assert ran.code == 130
    assert re.search(rf"Ended early: {server.requests} requests, 0 failed", ran.out)


async def test_a_server_elsewhere_needs_consent(evenly: Any) -> None:
    elsewhere = "http://192.0.2.1/"  # reserved for documentation: nobody is there (RFC 5737)
    ran = await evenly("--url", elsewhere, "--rate", "5", "--for", "200ms", typed="yes\n")
    assert (ran.code, ran.out) == (2, "")
    assert "192.0.2.1 is not this machine. This sends it 5/s for 0.2 s" in ran.err
    assert "yes is not 192.0.2.1, which is not this machine: nothing was sent." in ran.err
    assert "--confirm 192.0.2.1" in ran.err
    ran = await evenly("--url", elsewhere, "--confirm", "example.com")
    assert ran.code == 2
    few = ("--rate", "5", "--for", "200ms", "--timeout", "200ms", "--json")
    for consent in ({"typed": "192.0.2.1\n"}, {}):
        words = () if consent else ("--confirm", "192.0.2.1")
        ran = await evenly("--url", elsewhere, *few, *words, **consent)
        assert ran.code in MAYBE_VOID, ran.err
        assert ran.report["result"]["errors"] == 1


async def test_headers_and_bodies_come_from_files_and_stay_out_of_the_report(
    serve: Serve, evenly: Any, tmp_path: Path
) -> None:
    server = await serve(quickly)
    (tmp_path / "headers.txt").write_text("Authorization: Bearer hunter2\n\nX-Trace: 7\n")
    (tmp_path / "order.json").write_text('{"password": "hunter2"}')
    ran = await evenly(
        *("--url", server.url, "--rate", "10", "--for", "300ms", "--method", "post", "--json"),
        *("--header", "@headers.txt", "--header", "Accept: text/html", "--body", "@order.json"),
    )
    assert ran.code in MAYBE_VOID, ran.err
    assert ran.report["plan"]["headers"] == ["Accept", "Authorization", "Content-Type", "X-Trace"]
    assert (ran.report["plan"]["method"], ran.report["plan"]["body_bytes"]) == ("POST", 23)
    assert "hunter2" not in ran.out + ran.err + "".join(
        file.read_text() for file in (tmp_path / ".evenly" / "reports").iterdir()
    )
    head, body = server.seen[0]
    assert {b"POST / HTTP/1.1", b"Authorization: Bearer hunter2", b"X-Trace: 7", b"Accept: text/html"} <= set(
        head
    )
    assert b"Content-Type: application/json" in head
    assert body == b'{"password": "hunter2"}'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--rate", "fast"), "--rate: 'fast' is no rate"),
        (("--for", "1"), "--for: '1' is no duration"),
        (("--fail-if", "p99 > 250"), "--fail-if: 'p99 > 250' needs a time"),
        (("--url", "localhost"), "--url: localhost is no address to send to."),
        (("--url", "ftp://localhost/"), "--url: ftp://localhost/ is no address"),
        (("orders", "--url", "http://localhost/"), "PATH: orders is no path"),
        (("--header", "no header", "--url", "http://localhost/"), "--header: this is no header."),
        (("--header", "@nothing.txt", "--url", "http://localhost/"), "--header: nothing.txt can't be read"),
        (("--timeout", "0s", "--url", "http://localhost/"), "--timeout: '0s' is no time to wait."),
        (("--method", "G T", "--url", "http://localhost/"), "--method: 'G T' is no method."),
        (("--confirm", "localhost"), "--confirm: it belongs to --url."),
        (("--scenario", "nothing.py"), "nothing.py"),
    ],
)
async def test_wrong_use_is_exit_code_2_and_sends_nothing(
    evenly: Any, words: tuple[str, ...], told: str
) -> None:
    ran = await evenly(*words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


async def test_without_an_environment_it_is_exit_code_3(evenly: Any) -> None:
    ran = await evenly()
    assert ran.code == 3
    assert "evenly up" in ran.err


async def test_on_a_terminal_it_tells_how_it_goes_at_most_five_times_a_second(
    serve: Serve, tmp_path: Path
) -> None:
    server = await serve(quickly)
    ours, theirs = pty.openpty()
    words = ("load", "--url", server.url, "--rate", "50", "--for", "2s")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evenly", *words, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    out, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    told = os.read(ours, 1 << 16).decode()
    os.close(ours)
    lines = re.findall(r"\d+ of 2 s  [\d,]+/s  p50 [\d.]+ m?s  p99 [\d.]+ m?s  0 errors", told)
    assert 1 <= len(lines) <= 2 * 5 + 2
    assert told.endswith("\r\x1b[KNext: evenly open reports\r\n")
    assert b"100 requests, 0 failed" in out
