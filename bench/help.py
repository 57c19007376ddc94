"""`evenly --help` against `python -c pass`: what a command costs before it does anything.

Each is a process of its own, from its start to its end: wall time, and the CPU time of its own and its children.
"""

import resource
import subprocess
import sys
import time
from dataclasses import dataclass

from bench.figures import Bound, Findings, Measure, Of, Target, alternate, both
from bench.room import Room, evenly

PAIRS = 21


@dataclass(frozen=True, slots=True)
class Cost:
    wall_ms: float
    cpu_ms: float


def measure(room: Room) -> Findings:
    ours, peer = ([str(evenly()), "--help"], [sys.executable, "-c", "pass"])
    for command in (ours, peer):
        cost(command)  # the first run writes the bytecode
    room.say(f"{PAIRS} pairs")
    mine, theirs = alternate(PAIRS, lambda: cost(ours), lambda: cost(peer))
    six_times = Target(Bound.AT_MOST, 6, Of.RATIO)
    return Findings(
        "`python -c pass`",
        (
            Measure("wall time", "ms", *both(mine, theirs, "wall_ms"), six_times),
            Measure("CPU time", "ms", *both(mine, theirs, "cpu_ms"), six_times),
        ),
    )


def cost(command: list[str]) -> Cost:
    """What one run costs. Raises CalledProcessError when it fails."""
    started, before = time.perf_counter(), _children_s()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    ended, after = time.perf_counter(), _children_s()
    return Cost((ended - started) * 1000, (after - before) * 1000)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
