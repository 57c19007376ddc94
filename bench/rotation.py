"""Logs are turned over under load: 300 requests a second, while Evenly's own log keeping finds the logs too large
once a second. The access log is renamed and opened anew, those of the instances lose their older half in place.

Counted: requests that failed, and lines of the access log that are missing: there has to be one for each request,
over all the files that the log has become. The peer is the same load with the logs let alone. A run whose sender
was late is thrown away and repeated.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.figures import Bound, Findings, Measure, Of, Target, alternate, both
from bench.processes import RefusedError
from bench.product import Product
from bench.room import Room
from evenly.local.logs.rotation import Bounds
from evenly.local.paths import Paths
from evenly.local.settings import find_paths
from evenly.local.supervisor.logkeeping import LogKeeping
from evenly.verify.load import LoadPlan, LoadResult, send

PAIRS = 3
RATE = 300.0
SECONDS = 10.0
LOOK_S = 1.0
# Less than is logged in a second, and more files than the runs make: none is removed before it was counted.
BOUNDS = Bounds(file_bytes=64 * 1024, older=200)
ATTEMPTS = 3
WRITTEN_WITHIN_S = 10.0
PATH = "/greetings/1"


@dataclass(frozen=True, slots=True)
class Seen:
    """`turns`: how often the access log was opened anew. `missing`: its lines, of one for each request."""

    failed: int
    missing: int
    turns: int
    p99_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True)
class Environment:
    url: str
    ca_file: Path
    paths: Paths


def measure(room: Room) -> Findings:
    with room.folder() as folder, Product(folder).running(2) as product:
        status = product.status()
        environment = Environment(
            f"{status.urls.https.rstrip('/')}{PATH}", Path(status.ca_certificate), find_paths(folder)
        )
        room.say(f"{PAIRS} pairs of {SECONDS:g} s")
        return findings(
            *alternate(
                PAIRS, partial(_counted, environment, turns=True), partial(_counted, environment, turns=False)
            )
        )


def findings(turned: tuple[Seen, ...], quiet: tuple[Seen, ...]) -> Findings:
    none = Target(Bound.AT_MOST, 0, Of.OURS)
    return Findings(
        "the same load, the logs let alone",
        (
            Measure("the access log turned over, times a run", "", *both(turned, quiet, "turns")),
            Measure("failed requests a run", "", *both(turned, quiet, "failed"), none),
            Measure("lines missing a run", "", *both(turned, quiet, "missing"), none),
            Measure("p99", "ms", *both(turned, quiet, "p99_ms")),
            Measure("longest request", "ms", *both(turned, quiet, "longest_ms")),
        ),
    )


def lines_of(logs: Path, path: str) -> int:
    """How many requests for `path` stand in the access log, all its files taken together."""
    return sum(json.loads(line)["path"] == path for line in _lines(logs))


def _lines(logs: Path) -> Iterator[str]:
    for file in logs.glob("access.log*"):
        yield from file.read_text().splitlines()


def _counted(environment: Environment, *, turns: bool) -> Seen:
    """One run that counts. Raises RefusedError when the machine is too busy to send the load on time."""
    logs = environment.paths.logs
    for _ in range(ATTEMPTS):
        before, files = lines_of(logs, PATH), _files(logs)
        result = asyncio.run(_run(environment, turns))
        if result.void is None:
            missing = _missing(logs, before + result.requests)
            latency = result.latency
            return Seen(len(result.failed), missing, _files(logs) - files, latency.p99_ms, latency.max_ms)
    raise RefusedError(f"No run counted: {result.void} Try it on a machine with nothing else to do.")


def _missing(logs: Path, wanted: int) -> int:
    """The balancer writes its lines once a second: those that are not there in a while are lost."""
    deadline = time.monotonic() + WRITTEN_WITHIN_S
    while (missing := wanted - lines_of(logs, PATH)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return abs(missing)


def _files(logs: Path) -> int:
    return len(list(logs.glob("access.log*")))


async def _run(environment: Environment, turns: bool) -> LoadResult:
    plan = LoadPlan(environment.url, RATE, SECONDS, ca_file=environment.ca_file)
    keeping = asyncio.create_task(_keep(environment.paths)) if turns else None
    result = await send(plan)
    if keeping:
        keeping.cancel()
        await asyncio.wait({keeping})
    return result


async def _keep(paths: Paths) -> None:
    keeping = LogKeeping(paths, frozenset, BOUNDS)
    while True:
        await asyncio.sleep(LOOK_S)
        await asyncio.to_thread(keeping.look, frozenset[str]())
