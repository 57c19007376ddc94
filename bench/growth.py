"""2 to 64 instances of a small program: what planning, a status, a reconfiguration and the supervisor's memory and CPU
cost with each. The peer is growth in proportion: an exponent of 1, after what there is with no instance at all.

Planning is timed by itself, on a fleet of which every instance has to be replaced. A reconfiguration is from the kill
of an instance until the balancer has it no more: the supervisor hears of it, plans, records, and writes.
"""

import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from bench.figures import Bound, Curve, Findings, Measure, Of, Plot, Table, Target
from bench.fitting import exponent
from bench.idle import rest, wait_until_whole
from bench.processes import RefusedError
from bench.product import Product, healthy_ids
from bench.room import HERE, Room
from evenly.core.fleet import Fleet, Instance, ProcessRef, ZoneFact
from evenly.core.planning import FleetPolicy, plan
from evenly.core.status import InstanceState
from evenly.local.balancer.admin import AdminClient
from evenly.local.control import AskStatus, ask
from evenly.local.paths import Paths
from evenly.local.settings import find_paths
from evenly.local.supervisor.record import read_record

COUNTS = (2, 4, 8, 16, 32, 64)
PLANS, STATUSES, KILLS = 200, 30, 5
REST_S = 20.0
SETTLE_S = 4.0  # what dies younger is taken for a failed start
GONE_WITHIN_S = 30.0
PROGRAM = HERE.parent / "tests" / "e2e" / "apps" / "release.py"
MANIFEST = "app: {command: [python3, release.py]}\ndatabase: null\n"
TITLES = {
    "plan_ms": "a plan, ms",
    "status_ms": "a status, ms",
    "reconfigured_ms": "a reconfiguration, ms",
    "memory_mb": "memory of the supervisor, MB",
    "cpu": "CPU of the supervisor at rest, % of a core",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """With so many instances. Times are the least of those seen: in the others is what else the machine had to do.
    `cpu`: percent of a core."""

    plan_ms: float
    status_ms: float
    reconfigured_ms: float
    memory_mb: float
    cpu: float


def measure(room: Room) -> Findings:
    with room.folder() as folder:
        shutil.copy(PROGRAM, folder)
        with Product(folder).running(COUNTS[0], COUNTS[-1], MANIFEST) as product:
            plans = planning_ms(COUNTS)
            return findings({count: _cost(room, product, folder, count, plans[count]) for count in COUNTS})


def findings(seen: dict[int, Cost]) -> Findings:
    at_most = Target(Bound.AT_MOST, 1.1, Of.OURS)
    names = [it.name for it in fields(Cost)]
    series = {name: tuple(getattr(it, name) for it in seen.values()) for name in names}
    measures = tuple(
        Measure(
            f"exponent of {TITLES[name].partition(',')[0]}",
            "",
            (exponent(tuple(seen), them),),
            (1.0,),
            at_most,
        )
        for name, them in series.items()
    )
    rows = tuple((f"{count}", *(f"{getattr(it, name):.2f}" for name in names)) for count, it in seen.items())
    table = Table(
        "By instances (times: the least of those seen)", ("instances", *(TITLES[it] for it in names)), rows
    )
    return Findings("growth in proportion", measures, (table,), _plot(tuple(seen), series))


def _plot(counts: Sequence[int], series: dict[str, tuple[float, ...]]) -> Plot:
    """Drawn against the count: what is linear is a straight flight of steps, each twice as wide as the one before."""
    each = [next(at for at, it in enumerate(counts) if it >= n) for n in range(1, counts[-1] + 1)]
    curves = tuple(Curve(TITLES[name], tuple(them[at] for at in each)) for name, them in series.items())
    first, last = counts[0], counts[-1]
    told = "; ".join(f"{TITLES[name]}: {them[0]:.2f} to {them[-1]:.2f}" for name, them in series.items())
    ticks = tuple((float(it), f"{it}") for it in counts)
    return Plot(f"From {first} to {last} instances", told, "instances", ticks, curves)


def planning_ms(counts: Sequence[int], clock: Callable[[], float] = time.perf_counter) -> dict[int, float]:
    """The least time of a plan for so many instances, all of which have to be replaced. The counts take turns, so that
    a machine that is slow for a moment is so for all of them."""
    fleets, policy = {count: _fleet(count) for count in counts}, FleetPolicy()
    taken: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(PLANS):
        for count, fleet in fleets.items():
            began = clock()
            plan(fleet, policy, 1000.0)
            taken[count].append(clock() - began)
    return {count: min(them) * 1000 for count, them in taken.items()}


def _fleet(count: int) -> Fleet:
    zones = (ZoneFact("local-a"), ZoneFact("local-b"))
    instances = tuple(
        Instance(
            id=f"i-{number:017x}",
            zone=zones[number % 2].name,
            address=f"127.0.0.1:{20000 + number}",
            release=1,
            state=InstanceState.HEALTHY,
            launched_at=float(number),
            started_at="2026-01-01T00:00:00Z",
            since=float(number),
            process=ProcessRef(number + 1, "t"),
            listening=True,
            healthy_since=float(number),
            outdated="its certificate ends",
        )
        for number in range(count)
    )
    return Fleet(desired=count, release=1, zones=zones, instances=instances)


def _cost(room: Room, product: Product, folder: Path, count: int, plan_ms: float) -> Cost:
    room.say(f"{count} instances")
    product.scale(count)
    wait_until_whole(product)
    time.sleep(SETTLE_S)
    paths = find_paths(folder)
    supervisor = product.status().supervisor.pid
    if supervisor is None:
        raise RefusedError("The supervisor does not run.")
    at_rest = rest({"supervisor": supervisor}, REST_S)["supervisor"]
    return Cost(
        plan_ms,
        _status_ms(paths),
        _reconfigured_ms(product, paths),
        at_rest.memory_mb,
        at_rest.cpu,
    )


def _status_ms(paths: Paths) -> float:
    taken = []
    for _ in range(STATUSES):
        began = time.perf_counter()
        ask(paths.control_socket, AskStatus())
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def _reconfigured_ms(product: Product, paths: Paths) -> float:
    taken = []
    for _ in range(KILLS):
        wait_until_whole(product)
        time.sleep(SETTLE_S)
        taken.append(_killed_ms(product, paths))
    return min(taken)


def _killed_ms(product: Product, paths: Paths) -> float:
    record = read_record(paths)
    serving = healthy_ids(product.status())
    victim = next(it for it in (record.fleet.instances if record else ()) if it.id in serving and it.process)
    admin = AdminClient(paths.admin_socket)
    began = time.perf_counter()
    os.killpg(victim.process.pid if victim.process else 0, signal.SIGKILL)
    while victim.address in admin.endpoint_health():
        if time.perf_counter() - began > GONE_WITHIN_S:
            raise RefusedError(f"The balancer had a dead instance still after {GONE_WITHIN_S:g} s.")
        time.sleep(0.001)
    return (time.perf_counter() - began) * 1000
