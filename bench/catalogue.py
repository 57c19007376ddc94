"""`evenly verify` on a healthy environment of two instances: how long the whole catalogue takes.

The peer is the same command with one check, so that what a command and a target cost by themselves can be seen.
"""

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.figures import Bound, Findings, Measure, Of, Table, Target, alternate
from bench.processes import RefusedError
from bench.product import Product
from bench.room import Room, evenly

PAIRS = 3
ONE = "health"
SLOWEST = 8


@dataclass(frozen=True, slots=True)
class Run:
    """`wall_s`: of the command; `checks`: the id of each, and its seconds."""

    wall_s: float
    checks: Mapping[str, float]


def measure(room: Room) -> Findings:
    with room.folder() as folder, Product(folder).running(2):
        room.say(f"{PAIRS} pairs")
        return findings(*alternate(PAIRS, partial(_run, folder), partial(_run, folder, ONE)))


def findings(ours: Sequence[Run], peer: Sequence[Run]) -> Findings:
    count = len(ours[0].checks)
    seconds = (tuple(each.wall_s for each in ours), tuple(each.wall_s for each in peer))
    target = Target(Bound.AT_MOST, 15, Of.OURS)
    return Findings(
        f"`evenly verify {ONE}`", (Measure(f"all {count} checks", "s", *seconds, target),), (_slowest(ours),)
    )


def _slowest(runs: Sequence[Run]) -> Table:
    """Of the run in the middle."""
    typical = sorted(runs, key=lambda each: each.wall_s)[len(runs) // 2]
    ordered = sorted(typical.checks.items(), key=lambda each: -each[1])[:SLOWEST]
    rows = tuple((id, f"{seconds:.2f}") for id, seconds in ordered)
    return Table("The slowest checks (the run in the middle; four run side by side)", ("check", "s"), rows)


def _run(folder: Path, *words: str) -> Run:
    """Raises RefusedError when a check fails: then it is not a healthy environment that was measured."""
    began = time.monotonic()
    done = subprocess.run(
        [str(evenly()), "verify", *words, "--json"], cwd=folder, capture_output=True, text=True, timeout=180
    )
    wall_s = time.monotonic() - began
    if not done.stdout:
        raise RefusedError(f"evenly verify failed: {done.stderr.strip()}")
    return read(wall_s, json.loads(done.stdout))


def read(wall_s: float, told: Mapping[str, Any]) -> Run:
    """Of what `evenly verify --json` printed."""
    results = told["results"]
    failed = [it["id"] for it in results if it["verdict"] == "fail"]
    if failed or not results:
        raise RefusedError(f"evenly verify failed: {', '.join(failed) or 'no check ran'}.")
    return Run(wall_s, {it["id"]: it["duration_s"] for it in results})
