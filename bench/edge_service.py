"""Requests a second of the reference web service: Evenly's edge, all its features on, against a bare Envoy with TLS in
front of the very same instances (bench/by_hand/envoy.py).

What a user has of the edge's cost: instances and database work for each request, and they, both balancers and wrk share
the machine. `edge` measures the balancers alone, in front of instances that do nothing.
"""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import product, wrk
from bench.by_hand import envoy
from bench.by_hand.envoy import Pair
from bench.edge import PEER, REQUESTS, Run, Side, run
from bench.figures import Bound, Findings, Measure, Of, Target, alternate, both
from bench.processes import free_ports, stop, wait_for_200
from bench.room import Room
from evenly.core.status import EnvironmentStatus
from evenly.local.balancer.settings import CONCURRENCY
from evenly.local.certificates import CertificateFiles

PAIRS = 10
SECONDS = 4
WARM_UP_SECONDS = 3
INSTANCES = 2


def measure(room: Room) -> Findings:
    wrk.program()
    with room.folder() as folder, room.folder() as own, ExitStack() as cleanup:
        limited = f"http: {{limits: {{requests: {REQUESTS}}}}}\n"
        ours = cleanup.enter_context(product.Product(own).running(INSTANCES, more=limited))
        status = ours.status()
        bare = _start_bare(
            folder, status, CertificateFiles(own / ".evenly" / "local" / "certificates"), cleanup
        )
        mine = Side(status.urls.https, status.balancer.pid or 0)
        for side in (mine, bare):
            run(side, WARM_UP_SECONDS)
        room.say(f"{PAIRS} pairs of {SECONDS} s")
        return findings(*alternate(PAIRS, partial(run, mine, SECONDS), partial(run, bare, SECONDS)))


def findings(mine: tuple[Run, ...], bare: tuple[Run, ...]) -> Findings:
    lost_at_most = Target(Bound.AT_LEAST, 0.8, Of.RATIO)
    return Findings(
        f"{PEER}; the same instances",
        (
            Measure("requests a second", "", *both(mine, bare, "rate"), lost_at_most),
            Measure("the balancer's CPU a request", "µs", *both(mine, bare, "cpu_us")),
        ),
    )


def _start_bare(folder: Path, status: EnvironmentStatus, files: CertificateFiles, cleanup: ExitStack) -> Side:
    [port] = free_ports(1)
    shown, client = Pair(files.edge, files.edge_key, files.ca), Pair(files.client, files.client_key, files.ca)
    config = envoy.edge(port, [it.address for it in status.serving], shown, client)
    started = envoy.start(config, folder / "bare.json", CONCURRENCY)
    cleanup.callback(stop, started)
    url = f"https://localhost:{port}/"
    wait_for_200(url, files.ca)
    return Side(url, started.pid)
