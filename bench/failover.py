"""50 kills (SIGKILL) of the database's primary, its standby, the supervisor, and pairs of them, chosen by a printed
seed, while one client writes and another one reads, each request on a connection of its own.

Counted: writes that were acknowledged and are not there in the end, and reads that failed. Were two primaries to take
writes at once, what one of them alone holds would be lost. The longest wait of any request is told for each kind of
kill; the peer is the longest of those that came while nothing was broken. A supervisor lives for ten seconds before it
is killed: one that dies sooner, again and again, is taken to crash in a loop, and started later each time.
"""

import statistics
import time
from collections import defaultdict
from random import Random

from tests.e2e.environment import Environment, environment
from tests.e2e.killing import VICTIMS, Reader, Writer, kept, kill, wait_mended

from bench.figures import Bound, Curve, Findings, Measure, Of, Plot, Table, Target
from bench.room import Room
from evenly.local.watchdog import STABLE_AFTER_S

KILLS = 50
QUIET_S = 5.0
QUIET_RUNS = 5


def measure(room: Room) -> Findings:
    chosen = Random(room.seed)  # noqa: S311
    room.say(f"{KILLS} kills, seed {room.seed}")
    with environment() as made:
        made.up()
        made.wait_in_sync()
        with Reader(made) as reader, Writer(made, "kills") as writer:
            quiet = [_quiet(reader, writer) for _ in range(QUIET_RUNS)]
            waits = []
            for number in range(KILLS):
                victims = VICTIMS[number] if number < len(VICTIMS) else chosen.choice(VICTIMS)
                wait_s = _killed(made, victims, chosen, reader, writer)
                room.say(f"{number + 1}: {' and '.join(victims)}, {wait_s:.2f} s")
                waits.append((victims, wait_s))
        found = kept(made)
        lost = sum(found.get(id) != text for id, text in writer.acknowledged.items())
    return findings(room.seed, waits, quiet, len(writer.acknowledged), lost, len(reader.failed))


def findings(
    seed: int,
    waits: list[tuple[tuple[str, ...], float]],
    quiet: list[float],
    acknowledged: int,
    lost: int,
    failed: int,
) -> Findings:
    none = Target(Bound.AT_MOST, 0, Of.OURS)
    by_victims = defaultdict(list)
    for victims, wait_s in waits:
        by_victims[" and ".join(victims)].append(wait_s)
    rows = tuple(
        (name, f"{len(them)}", f"{statistics.median(them):.2f}", f"{max(them):.2f}")
        for name, them in by_victims.items()
    )
    longest = max(wait_s for _, wait_s in waits)
    return Findings(
        "the same requests while nothing is broken",
        (
            Measure(f"lost, of {acknowledged:,} acknowledged writes", "", (float(lost),), (0.0,), none),
            Measure("failed reads", "", (float(failed),), (0.0,), none),
            Measure("longest wait", "s", (longest,), (max(quiet),), Target(Bound.AT_MOST, 1, Of.OURS)),
        ),
        (
            Table(
                f"The longest wait of a kill (seed {seed})",
                ("killed", "times", "median, s", "longest, s"),
                rows,
            ),
        ),
        _plot([wait_s for _, wait_s in waits]),
    )


def _plot(waits: list[float]) -> Plot:
    ticks = tuple((float(at), f"{at}") for at in range(0, len(waits) + 1, 10))
    told = f"The longest wait of each kill: {min(waits):.2f} to {max(waits):.2f} s."
    return Plot(f"{len(waits)} kills", told, "kills", ticks, (Curve("longest wait, s", tuple(waits)),))


def _quiet(*clients: Reader) -> float:
    _begin(*clients)
    time.sleep(QUIET_S)
    return _longest(*clients)


def _killed(
    made: Environment, victims: tuple[str, ...], chosen: Random, reader: Reader, writer: Writer
) -> float:
    """The longest that a request took, from before the kill until the standby is in sync again."""
    if "supervisor" in victims:
        time.sleep(STABLE_AFTER_S)
    time.sleep(chosen.random())
    _begin(reader, writer)
    kill(made, *victims)
    wait_mended(made)
    return _longest(reader, writer)


def _begin(*clients: Reader) -> None:
    for it in clients:
        it.slowest_s = 0.0


def _longest(*clients: Reader) -> float:
    """What is under way is waited for."""
    answered = [it.answers for it in clients]
    while any(it.answers == before for it, before in zip(clients, answered, strict=True)):
        time.sleep(0.01)
    return max(it.slowest_s for it in clients)
