"""`evenly load` as an instrument: how much it can send on time, and how wrong its figures are.

The ceiling: `evenly load` at one rate after the other, upwards, at an nginx that answers by itself, over TLS; the last
rate before it was more than 50 ms late, or a request failed. The peer is what wrk gets out of the same nginx, closed
loop.

The error: 500 requests a second at a server that writes down how long each answer took it (bench/known_server.py). The
peer is wrk at about the same rate. All runs on the same cores.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from bench import wrk
from bench.by_hand.certificates import write_certificates
from bench.by_hand.stack import program
from bench.figures import Bound, Findings, Measure, Of, Table, Target, alternate
from bench.processes import RefusedError, free_ports, stop, wait_for_200
from bench.room import Room, evenly
from evenly.verify.loadreport import LoadReport

PAIRS = 3
RATES = (*range(500, 2000, 250), *range(2000, 6001, 500))
SECONDS = 4
KNOWN_RATE = 500
KNOWN_CONNECTIONS = 6  # 500/s at 11.8 ms each
CONFIG = """daemon off; pid $(folder)/nginx.pid; error_log $(folder)/nginx-error.log warn; worker_processes 1;
events { worker_connections 8192; }
http {
    access_log off; keepalive_requests 1000000;
    client_body_temp_path $(folder)/body; proxy_temp_path $(folder)/proxy; fastcgi_temp_path $(folder)/fastcgi;
    uwsgi_temp_path $(folder)/uwsgi; scgi_temp_path $(folder)/scgi;
    server {
        listen 127.0.0.1:$(port) ssl backlog=4096;
        ssl_certificate $(folder)/edge.pem; ssl_certificate_key $(folder)/edge.key;
        default_type application/json;
        return 200 '{"instance_id":"i-00000000000000001","zone":"local-a"}';
    }
}
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One rate that was tried."""

    rate: float
    late_ms: float
    failed: int


@dataclass(frozen=True, slots=True)
class Error:
    """How far a figure was from the server's own, in ms."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Seen:
    """Two percentiles, as a client saw them, or as the server wrote them down."""

    p50_ms: float
    p99_ms: float


def measure(room: Room) -> Findings:
    wrk.program()
    with room.folder() as folder:
        with _nginx(folder) as url:
            room.say(f"the ceiling, {PAIRS} pairs")
            climbs, most = alternate(PAIRS, partial(_climb, folder, url), lambda: _most(url))
        room.say(f"the error, {PAIRS} pairs")
        ours, peer = alternate(PAIRS, lambda: _error(partial(_ours, folder)), lambda: _error(_peer))
    return findings(climbs, most, ours, peer)


def findings(
    climbs: Sequence[tuple[Step, ...]], most: Sequence[float], ours: Sequence[Error], peer: Sequence[Error]
) -> Findings:
    """`most`: requests a second that wrk got."""
    least = Target(Bound.AT_LEAST, 1000, Of.OURS)  # twice the rate at which the drills promise something
    within = Target(Bound.AT_MOST, 1, Of.OURS)
    return Findings(
        "wrk",
        (
            Measure("requests a second, on time", "", tuple(map(ceiling, climbs)), tuple(most), least),
            _errors("error of p50", "p50_ms", ours, peer, within),
            _errors("error of p99", "p99_ms", ours, peer, None),
        ),
        (_table(climbs),),
    )


def ceiling(climb: Sequence[Step]) -> float:
    """The highest rate that was sent on time and answered whole, with every one below it; 0 if there is none."""
    last = 0.0
    for step in climb:
        if not is_held(step):
            break
        last = step.rate
    return last


def is_held(step: Step) -> bool:
    return step.late_ms <= 50 and not step.failed


def _errors(
    what: str, figure: str, ours: Sequence[Error], peer: Sequence[Error], target: Target | None
) -> Measure:
    mine, theirs = (tuple(getattr(each, figure) for each in errors) for errors in (ours, peer))
    return Measure(what, "ms", mine, theirs, target)


def _table(climbs: Sequence[tuple[Step, ...]]) -> Table:
    """Each rate, and how late the sender was at its worst in each run that came so far."""
    rates = sorted({step.rate for climb in climbs for step in climb})
    rows = []
    for rate in rates:
        tried = [step for climb in climbs for step in climb if step.rate == rate]
        rows.append((f"{rate:g}", ", ".join(f"{step.late_ms:.0f}" for step in tried)))
    return Table(
        "How late the sender was at its worst, in ms, run by run", ("requests a second", "late"), tuple(rows)
    )


def _climb(folder: Path, url: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for rate in RATES:
        result = _load(folder, url, rate, SECONDS).result
        steps.append(Step(rate, result.lateness_s * 1000, result.errors))
        if not is_held(steps[-1]):
            break
    return tuple(steps)


def _most(url: str) -> float:
    seen = wrk.run(url, SECONDS)
    if seen.bad:
        raise RefusedError(f"wrk had {seen.bad} failed requests.")
    return seen.good / seen.seconds


def _error(sent: Callable[[str], Seen]) -> Error:
    """What was measured from outside, less what the server has written down."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.known_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin and server.stdout
        try:
            seen = sent(f"http://127.0.0.1:{int(server.stdout.readline())}/")
            server.stdin.close()
            known = msgspec.json.decode(server.stdout.read(), type=Seen)
        finally:
            server.kill()
    return Error(abs(seen.p50_ms - known.p50_ms), abs(seen.p99_ms - known.p99_ms))


def _ours(folder: Path, url: str) -> Seen:
    report = _load(folder, url, KNOWN_RATE, SECONDS)
    if report.void:
        raise RefusedError(f"{report.void} Try it on a machine with nothing else to do.")
    return Seen(report.result.latency.p50_ms, report.result.latency.p99_ms)


def _peer(url: str) -> Seen:
    seen = wrk.run(url, SECONDS, connections=KNOWN_CONNECTIONS)
    return Seen(seen.p50_ms, seen.p99_ms)


def _load(folder: Path, url: str, rate: float, seconds: float) -> LoadReport:
    command = [str(evenly()), "load", "--url", url, "--rate", f"{rate:g}", "--for", f"{seconds:g}s", "--json"]
    if (folder / "ca.pem").exists() and url.startswith("https:"):
        command += ["--ca", str(folder / "ca.pem")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds + 60)
    if not done.stdout:
        raise RefusedError(f"evenly load failed: {done.stderr.strip()}")
    return msgspec.json.decode(done.stdout, type=LoadReport)


@contextmanager
def _nginx(folder: Path) -> Iterator[str]:
    """An nginx that answers by itself, over TLS."""
    write_certificates(folder)
    [port] = free_ports(1)
    file = folder / "nginx.conf"
    file.write_text(CONFIG.replace("$(folder)", str(folder)).replace("$(port)", str(port)))
    with (folder / "nginx.log").open("ab") as output:
        server = subprocess.Popen(
            [program("nginx"), "-c", str(file), "-e", str(folder / "nginx-error.log")],
            stdout=output,
            stderr=output,
        )
    try:
        wait_for_200(f"https://localhost:{port}/", folder / "ca.pem")
        yield f"https://localhost:{port}/"
    finally:
        stop(server)
