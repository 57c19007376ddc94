"""wrk, the load of the throughput benchmark: closed loop, by kept connections, as fast as it is answered."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.by_hand.stack import program as find_program
from bench.processes import RefusedError

CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Seen:
    """`good` answers were not errors, `bad` were, or never came. Latencies count from when wrk sent the request."""

    good: int
    bad: int
    seconds: float
    p50_ms: float
    p99_ms: float


class _Counted(msgspec.Struct):
    microseconds: int
    answers: int
    not_ok: int
    connect: int
    read: int
    write: int
    timeout: int
    p50: int
    p99: int


def program() -> str:
    """The path of wrk. Raises RefusedError where it is not installed."""
    return find_program("wrk")


def run(url: str, seconds: int, headers: Sequence[str] = (), connections: int = CONNECTIONS) -> Seen:
    """Ask for `seconds`, with these headers (`Name: value`) as well.

    wrk takes a status of 400 and more for a failure: the address must not redirect.
    """
    options = ["--threads=1", f"--connections={connections}", f"--duration={seconds}s", f"--script={SCRIPT}"]
    done = subprocess.run(
        [program(), *options, *(f"--header={each}" for each in ("Accept: application/json", *headers)), url],
        capture_output=True,
        text=True,
        timeout=seconds + 30,
    )
    return read(done.stdout or done.stderr)


def read(said: str) -> Seen:
    """What wrk.lua has written. Raises RefusedError if it has not."""
    line = next((each for each in said.splitlines() if each.startswith("counted ")), None)
    if line is None:
        raise RefusedError(f"wrk did not finish: {said.strip().splitlines()[-1:]}")
    counted = msgspec.json.decode(line.removeprefix("counted "), type=_Counted)
    lost = counted.connect + counted.read + counted.write + counted.timeout
    return Seen(
        good=counted.answers - counted.not_ok,
        bad=counted.not_ok + lost,
        seconds=counted.microseconds / 1e6,
        p50_ms=counted.p50 / 1000,
        p99_ms=counted.p99 / 1000,
    )
