"""The supervisor at rest, with 2 and with 8 instances: CPU over 30 s, and resident memory.

The peer is the least that a supervisor in Python can be: `python -c` with asyncio's loop, asleep. The
watchdog, the other process that only waits, is listed beside it.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Bound, Findings, Measure, Of, Table, Target
from bench.processes import RefusedError, cpu_seconds, resident_mb, stop
from bench.product import Product, is_whole, parts
from bench.room import Room

COUNTS = (2, 8)
SECONDS = 30.0
SETTLE_S = 5.0  # what a launch has left to do
HEALTHY_WITHIN_S = 60.0
ASLEEP = "import asyncio; asyncio.run(asyncio.sleep(3600))"


@dataclass(frozen=True, slots=True)
class Rest:
    """`cpu`: percent of a core."""

    cpu: float
    memory_mb: float


def measure(room: Room) -> Findings:
    with room.folder() as folder, asleep() as peer, Product(folder).running(*COUNTS) as product:
        seen = {}
        for count in COUNTS:
            room.say(f"{count} instances, {SECONDS:g} s")
            seen[count] = _at_rest(product, folder, count, peer)
    return findings(seen)


def findings(seen: dict[int, dict[str, Rest]]) -> Findings:
    """`seen`: by count of instances, then by name of the process: supervisor, watchdog, peer."""
    measures = []
    for count, rest in seen.items():
        ours, peer = rest["supervisor"], rest["peer"]
        one_percent, memory = Target(Bound.AT_MOST, 1, Of.OURS), Target(Bound.AT_MOST, 80, Of.OURS)
        measures += [
            Measure(f"CPU, {count} instances", "% of a core", (ours.cpu,), (peer.cpu,), one_percent),
            Measure(f"memory, {count} instances", "MB", (ours.memory_mb,), (peer.memory_mb,), memory),
        ]
    rows = [(f"{count}", *_told(rest["watchdog"])) for count, rest in seen.items() if "watchdog" in rest]
    table = Table("The watchdog", ("instances", "CPU, % of a core", "memory, MB"), tuple(rows))
    return Findings("an asyncio loop asleep", tuple(measures), (table,) if rows else ())


def _at_rest(product: Product, folder: Path, count: int, peer: int) -> dict[str, Rest]:
    product.scale(count)
    wait_until_whole(product)
    time.sleep(SETTLE_S)
    running = parts(product.status(), folder)
    pids = {name: running[name][0] for name in ("supervisor", "watchdog") if running[name]} | {"peer": peer}
    return rest(pids, SECONDS)


def rest(pids: dict[str, int], seconds: float) -> dict[str, Rest]:
    """What each of these processes costs in so many seconds, from now on, without its children."""
    before = {name: _cpu_s(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    return {
        name: Rest((_cpu_s(pid) - before[name]) / seconds * 100, resident_mb(pid))
        for name, pid in pids.items()
    }


def _cpu_s(pid: int) -> float:
    return cpu_seconds([pid], with_children=False)


def wait_until_whole(product: Product) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while not is_whole(product.status()):
        if time.monotonic() > deadline:
            raise RefusedError(f"The environment was not healthy within {HEALTHY_WITHIN_S:g} s.")
        time.sleep(0.5)


@contextmanager
def asleep() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", ASLEEP], stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        stop(process)


def _told(rest: Rest) -> tuple[str, str]:
    return f"{rest.cpu:.2f}", f"{rest.memory_mb:.0f}"
