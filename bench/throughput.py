"""Requests a second on `/`, Evenly against uvicorn + FastAPI + asyncpg behind nginx (bench/by_hand).

Both: two instances, TLS at the edge and mutual TLS to the instances, a JSON access log, the same PostgreSQL, the
same role, the same query, JSON of the same shape. They run side by side, and wrk asks one at a time by 32 kept
TLS connections. Only answers with status 200 count. The CPU time of each part, a request, says where the rest
of the machine goes; wrk's own is in it, because it runs on the same cores.

The peer is measured twice: as uvicorn comes, with a line a request in the app's log as ours writes one, and
without that line.
"""

import resource
import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from bench import product, wrk
from bench.by_hand.stack import Running, Stack
from bench.figures import Bound, Findings, Measure, Of, Table, Target, alternate
from bench.processes import RefusedError, cpu_seconds, wait_for_200
from bench.room import Room

PAIRS = 5
SECONDS = 8
WARM_UP_SECONDS = 3
LOAD = "wrk"
ALONE = ("supervisor", "watchdog")
PEER = "nginx, 2 x uvicorn[standard], FastAPI, asyncpg; same PostgreSQL"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: where it answers, and which processes are its parts."""

    url: str
    parts: Mapping[str, list[int]]


@dataclass(frozen=True, slots=True)
class Run:
    """`rate`: 200s a second. `cpu_us`: microseconds of CPU time a request, by part."""

    rate: float
    cpu_us: Mapping[str, float]


def measure(room: Room) -> Findings:
    python = room.peer_python()
    wrk.program()
    with room.folder() as folder, room.folder() as own, ExitStack() as running:
        ours = running.enter_context(product.Product(own).running(2))
        status = ours.status()
        mine = Side(status.urls.https, product.parts(status, own))
        url = product.database_url(status)
        compared = []
        for has_log in (True, False):
            room.say(f"{PAIRS} pairs, uvicorn's access log {'on' if has_log else 'off'}")
            with Stack(folder, python, url, access_log=has_log).running() as by_hand:
                wait_for_200(by_hand.url, by_hand.ca_file)
                compared.append(compare(mine, peer_side(by_hand, mine)))
    return findings(*compared)


def peer_side(running: Running, ours: Side | None = None) -> Side:
    """The database is the peer's own, or else ours."""
    database = [running.database] if running.database else list(ours.parts["database"] if ours else [])
    return Side(
        running.url, {"balancer": [running.balancer], "app": list(running.instances), "database": database}
    )


def compare(mine: Side, theirs: Side) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    for side in (mine, theirs):
        run(side, WARM_UP_SECONDS)
    return alternate(PAIRS, partial(run, mine, SECONDS), partial(run, theirs, SECONDS))


def run(side: Side, seconds: int) -> Run:
    """One run of wrk. Raises RefusedError if it was answered with nothing but failures."""
    before = _cpu_by_part(side)
    seen = wrk.run(side.url, seconds)
    after = _cpu_by_part(side)
    if not seen.good:
        raise RefusedError(f"{side.url} gave no 200: {seen.bad} requests failed.")
    total = seen.good + seen.bad
    return Run(seen.good / seen.seconds, {part: (after[part] - before[part]) / total * 1e6 for part in after})


def findings(*compared: tuple[tuple[Run, ...], tuple[Run, ...]]) -> Findings:
    (ours, peer), (ours_again, peer_silent) = compared
    target = Target(Bound.AT_LEAST, 1.2, Of.RATIO)
    return Findings(
        PEER,
        (
            _rates("requests a second, uvicorn's access log on", ours, peer, target),
            _rates("requests a second, uvicorn's access log off", ours_again, peer_silent, None),
            _costs("CPU a request, uvicorn's access log on", ours, peer),
            _costs("CPU a request, uvicorn's access log off", ours_again, peer_silent),
        ),
        (_profile((*ours, *ours_again), peer, peer_silent),),
    )


def _rates(what: str, ours: tuple[Run, ...], peer: tuple[Run, ...], target: Target | None) -> Measure:
    return Measure(what, "", tuple(each.rate for each in ours), tuple(each.rate for each in peer), target)


def _costs(what: str, ours: tuple[Run, ...], peer: tuple[Run, ...]) -> Measure:
    mine, theirs = (tuple(sum(each.cpu_us.values()) for each in runs) for runs in (ours, peer))
    return Measure(what, "µs", mine, theirs)


def _profile(ours: tuple[Run, ...], peer: tuple[Run, ...], silent: tuple[Run, ...]) -> Table:
    parts = list(dict.fromkeys(part for each in (*ours, *peer) for part in each.cpu_us))
    rows = [(part, *(_median(runs, part) for runs in (ours, peer, silent))) for part in parts]
    sums = ("all", *(_number(sum(_medians(runs).values())) for runs in (ours, peer, silent)))
    return Table(
        "CPU time a request, in microseconds (medians)",
        ("part", "Evenly", "peer", "peer without the app's log"),
        (*rows, sums),
    )


def _medians(runs: tuple[Run, ...]) -> dict[str, float]:
    return {part: statistics.median(each.cpu_us[part] for each in runs) for part in runs[0].cpu_us}


def _median(runs: tuple[Run, ...], part: str) -> str:
    medians = _medians(runs)
    return _number(medians[part]) if part in medians else ""


def _number(microseconds: float) -> str:
    return f"{microseconds:.0f}"


def _cpu_by_part(side: Side) -> dict[str, float]:
    """Seconds so far. The supervisor has started all the others: of it, only its own count."""
    load = resource.getrusage(resource.RUSAGE_CHILDREN)
    parts = {part: cpu_seconds(pids, with_children=part not in ALONE) for part, pids in side.parts.items()}
    return parts | {LOAD: load.ru_utime + load.ru_stime}
