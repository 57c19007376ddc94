"""From an empty folder to the first answer: `evenly up --detach` against the same parts started by hand.

The clock starts when the command is started, and stops at the first verified HTTPS 200 on `/`, asked for every
10 ms. `first` is an empty folder with everything installed; `second` is after `evenly down`, with the data kept.
The peer is the floor: initdb, PostgreSQL, two uvicorns, nginx, by a script that is already running, with nothing
checked, nothing recorded, no role of least privilege and nobody to restart anything.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from bench.by_hand.stack import Stack
from bench.figures import Bound, Findings, Measure, Of, Table, Target, alternate
from bench.processes import RefusedError, status, wait_for_200
from bench.product import COMMAND_WITHIN_S, Product
from bench.room import Room
from evenly.local.certificates import CertificateFiles
from evenly.local.settings import find_paths, read_settings

PAIRS = 5
POLL_S = 0.01
LONGEST_PHASES = 40


@dataclass(frozen=True, slots=True)
class Starts:
    """Seconds to the first answer, in an empty folder and after `down`; the first one's phases."""

    first_s: float
    second_s: float
    phases: tuple[tuple[float, str], ...] = ()


def measure(room: Room) -> Findings:
    python = room.peer_python()
    room.say(f"{PAIRS} pairs")
    mine, theirs = alternate(PAIRS, partial(_ours, room), partial(_by_hand, room, python))
    firsts = (tuple(each.first_s for each in mine), tuple(each.first_s for each in theirs))
    seconds = (tuple(each.second_s for each in mine), tuple(each.second_s for each in theirs))
    return Findings(
        "initdb, PostgreSQL, 2 x uvicorn, nginx by hand",
        (
            Measure("first answer, empty folder", "s", *firsts, Target(Bound.AT_MOST, 2.5, Of.OURS)),
            Measure("first answer, second time", "s", *seconds, Target(Bound.AT_MOST, 1.5, Of.OURS)),
        ),
        (_phases(mine),),
    )


def _ours(room: Room) -> Starts:
    with room.folder() as folder:
        product = Product(folder)
        try:
            first, phases = _up(product)
            product.down()
            second, _ = _up(product)
        finally:
            product.delete()
        return Starts(first, second, phases)


def _up(product: Product) -> tuple[float, tuple[tuple[float, str], ...]]:
    """Seconds from the command to the first 200, and what was done when (seconds from the command)."""
    at, started = time.time(), time.monotonic()
    command = product.start_up()
    answered = _first_200(product.folder, started + COMMAND_WITHIN_S)
    if command.wait(COMMAND_WITHIN_S):
        raise RefusedError(f"evenly up failed: {(product.folder / 'up.log').read_text().strip()}")
    return answered - started, _done_since(product, at)


def _first_200(folder: Path, deadline: float) -> float:
    while time.monotonic() < deadline:
        where = _address(folder)
        if where and status(*where) == 200:
            return time.monotonic()
        time.sleep(POLL_S)
    raise RefusedError(f"evenly up gave no 200 within {COMMAND_WITHIN_S:g} s.")


def _address(folder: Path) -> tuple[str, Path] | None:
    """The address and the authority, once the environment has chosen them."""
    paths = find_paths(folder)
    settings = read_settings(paths)
    if settings is None:
        return None
    return f"https://localhost:{settings.https_port}/", CertificateFiles(paths.certificates).ca


def _done_since(product: Product, at: float) -> tuple[tuple[float, str], ...]:
    lines = ((datetime.fromisoformat(str(line["at"])).timestamp() - at, line) for line in product.journal())
    return tuple((round(after, 3), str(line["action"])) for after, line in lines if after >= 0)


def _by_hand(room: Room, python: Path) -> Starts:
    with room.folder() as folder:
        stack = Stack(folder, python)
        return Starts(_start(stack), _start(stack))


def _start(stack: Stack) -> float:
    started = time.monotonic()
    with stack.running() as running:
        return wait_for_200(running.url, running.ca_file) - started


def _phases(runs: tuple[Starts, ...]) -> Table:
    """The run in the middle, as its journal tells it."""
    typical = sorted(runs, key=lambda each: each.first_s)[len(runs) // 2]
    rows = [(f"{after:.2f}", action) for after, action in typical.phases if after <= typical.first_s]
    return Table(
        "Where the time goes (the median run in an empty folder)",
        ("s", "done"),
        (*rows[:LONGEST_PHASES], (f"{typical.first_s:.2f}", "first answer")),
    )
