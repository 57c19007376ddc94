"""A zone dies under load: four instances, both of one zone killed with SIGKILL at 500 requests a second.

Counted: the requests that failed, and the seconds from the kill until as many instances are healthy as before,
none of them one of the killed (the supervisor is asked every 20 ms). The peer is the same load on the same
environment with nothing killed. A run whose sender was late is thrown away and repeated.
"""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.figures import Bound, Findings, Measure, Of, Target, alternate, both
from bench.processes import RefusedError
from bench.product import Product, healthy_ids, is_whole
from bench.room import Room
from evenly.core.status import EnvironmentStatus, ZoneStatus
from evenly.local.control import AskStatus, ask
from evenly.local.settings import find_paths
from evenly.verify.load import LoadPlan, LoadResult, send

PAIRS = 5
RATE = 500.0
SECONDS = 8.0
KILL_AFTER_S = 2.0
ATTEMPTS = 3
POLL_S = 0.02
BACK_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """`back_s`: from the kill to full capacity; 0 where nothing was killed."""

    failed: int
    back_s: float
    p99_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True)
class Environment:
    url: str
    ca_file: Path
    control: Path

    def status(self) -> EnvironmentStatus:
        return ask(self.control, AskStatus()).status


def measure(room: Room) -> Findings:
    with room.folder() as folder, Product(folder).running(4) as product:
        status = product.status()
        control = find_paths(folder).control_socket
        environment = Environment(status.urls.https, Path(status.ca_certificate), control)
        room.say(f"{PAIRS} pairs of {SECONDS:g} s")
        killed, quiet = alternate(
            PAIRS, partial(_counted, environment, kills=True), partial(_counted, environment, kills=False)
        )
    return findings(killed, quiet)


def findings(killed: tuple[Seen, ...], quiet: tuple[Seen, ...]) -> Findings:
    none_failed = Target(Bound.AT_MOST, 0, Of.OURS)
    back = Target(Bound.AT_MOST, 1.5, Of.OURS)
    return Findings(
        "the same load with nothing killed",
        (
            Measure("failed requests a run", "", *both(killed, quiet, "failed"), none_failed),
            Measure("capacity back after", "s", *both(killed, quiet, "back_s"), back),
            Measure("p99", "ms", *both(killed, quiet, "p99_ms")),
            Measure("longest request", "ms", *both(killed, quiet, "longest_ms")),
        ),
    )


def _counted(environment: Environment, *, kills: bool) -> Seen:
    """One run that counts. Raises RefusedError when the machine is too busy to send the load on time."""
    for _ in range(ATTEMPTS):
        _wait_until_whole(environment)
        result, back_s = asyncio.run(_run(environment, kills))
        if result.void is None:
            return Seen(len(result.failed), back_s, result.latency.p99_ms, result.latency.max_ms)
    raise RefusedError(f"No run counted: {result.void} Try it on a machine with nothing else to do.")


async def _run(environment: Environment, kills: bool) -> tuple[LoadResult, float]:
    plan = LoadPlan(environment.url, RATE, SECONDS, ca_file=environment.ca_file)
    async with asyncio.TaskGroup() as tasks:
        load = tasks.create_task(send(plan))
        back = tasks.create_task(_kill_a_zone(environment)) if kills else None
    return load.result(), back.result() if back else 0.0


async def _kill_a_zone(environment: Environment) -> float:
    """Kill it, and wait for the capacity to be back; how many seconds that took."""
    await asyncio.sleep(KILL_AFTER_S)
    zone = _fullest(await asyncio.to_thread(environment.status))
    dead = {instance.id for instance in zone.instances}
    for instance in zone.instances:
        if instance.pid:
            os.killpg(instance.pid, signal.SIGKILL)
    killed = time.monotonic()
    while time.monotonic() < killed + BACK_WITHIN_S:
        status = await asyncio.to_thread(environment.status)
        if len(healthy_ids(status) - dead) >= status.desired:
            return time.monotonic() - killed
        await asyncio.sleep(POLL_S)
    raise RefusedError(f"The capacity was not back {BACK_WITHIN_S:g} s after the kill.")


def _fullest(status: EnvironmentStatus) -> ZoneStatus:
    return max(status.zones, key=lambda zone: len(zone.instances))


def _wait_until_whole(environment: Environment) -> None:
    deadline = time.monotonic() + BACK_WITHIN_S
    while not is_whole(environment.status()):
        if time.monotonic() > deadline:
            raise RefusedError(f"The environment was not healthy {BACK_WITHIN_S:g} s after a run.")
        time.sleep(POLL_S)
