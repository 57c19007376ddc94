"""Requests a second through the edge, all its features on, against a bare Envoy with TLS (bench/by_hand/envoy.py).

Evenly's configuration is the one that its own code writes. Both are the same Envoy with as many threads, speak
mutual TLS to the same two instances, and are asked by wrk with 32 kept TLS connections. The instances answer at
once. They and wrk have a core for themselves, and the balancers another one, so that a balancer is all that is
measured; where cores can't be assigned, all of them share the machine.
"""

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench import wrk
from bench.by_hand import envoy
from bench.by_hand.envoy import Pair
from bench.figures import Bound, Findings, Measure, Of, Target, alternate, both
from bench.processes import (
    RefusedError,
    cpu_seconds,
    free_ports,
    on_cores,
    resident_mb,
    stop,
    usable_cores,
    wait_for_200,
)
from bench.room import Room
from evenly.core.topology import local_topology
from evenly.local.balancer import (
    BalancerSettings,
    Endpoint,
    balancer_settings,
    command,
    publish_endpoints,
    write_configuration,
)
from evenly.local.certificates import (
    Authority,
    CertificateFiles,
    CertificateNames,
    issue_instance,
    open_authority,
)
from evenly.manifest.types import Http, Limits, Manifest

PAIRS = 15
SECONDS = 2
WARM_UP_SECONDS = 2
INSTANCES = 2
PEER = "the same Envoy with TLS and a router, nothing else"
# As a browser asks, so that compression has to decide.
HEADERS = ("Accept-Encoding: gzip, deflate, br, zstd", "User-Agent: wrk")
# Counted for every request and never reached: a refusal would be no request served.
REQUESTS = 100_000
MANIFEST = Manifest(name="bench", http=Http(limits=Limits(requests=REQUESTS)))


@dataclass(frozen=True, slots=True)
class Side:
    url: str
    pid: int


@dataclass(frozen=True, slots=True)
class Run:
    """`rate`: 200s a second. `cpu_us`: microseconds of the balancer's CPU time a request."""

    rate: float
    cpu_us: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the balancers have, and which all others."""

    balancers: tuple[int, ...]
    others: tuple[int, ...]


def measure(room: Room) -> Findings:
    wrk.program()
    cores = divided(usable_cores())
    with room.folder() as folder, ExitStack() as cleanup, on_cores(cores.others):
        mine, bare = _start(folder, cores, cleanup)
        for side in (mine, bare):
            run(side, WARM_UP_SECONDS)
        room.say(f"{PAIRS} pairs of {SECONDS} s")
        return findings(*alternate(PAIRS, partial(run, mine, SECONDS), partial(run, bare, SECONDS)))


def findings(mine: tuple[Run, ...], bare: tuple[Run, ...]) -> Findings:
    return Findings(
        PEER,
        (
            Measure(
                "requests a second", "", *both(mine, bare, "rate"), Target(Bound.AT_LEAST, 0.8, Of.RATIO)
            ),
            Measure("the balancer's CPU a request", "µs", *both(mine, bare, "cpu_us")),
            Measure("the balancer's memory", "MB", *both(mine, bare, "memory_mb")),
        ),
    )


def run(side: Side, seconds: int) -> Run:
    """One run of wrk. Raises RefusedError if a request failed: then something else than the edge was measured."""
    before = cpu_seconds([side.pid])
    seen = wrk.run(side.url, seconds, HEADERS)
    used = cpu_seconds([side.pid]) - before
    if seen.bad or not seen.good:
        raise RefusedError(f"{side.url}: {seen.bad} of {seen.good + seen.bad} requests failed.")
    return Run(seen.good / seen.seconds, used / seen.good * 1e6, resident_mb(side.pid))


def divided(usable: Sequence[int]) -> Cores:
    """One core for the balancers and the rest for all others; the same for both where there is no rest."""
    first, *others = sorted(usable)
    return Cores((first,), tuple(others)) if others else Cores((first,), (first,))


def edge_settings(folder: Path, https_port: int, http_port: int, files: CertificateFiles) -> BalancerSettings:
    """Evenly's own, as `evenly up` has them."""
    return balancer_settings(
        local_topology(MANIFEST),
        https_port=https_port,
        http_port=http_port,
        folder=folder / "balancer",
        admin_socket=folder / "admin.sock",
        access_log=folder / "access.log",
        certificates=files,
    )


def _start(folder: Path, cores: Cores, cleanup: ExitStack) -> tuple[Side, Side]:
    authority = open_authority(folder / "certificates", CertificateNames(MANIFEST.name), datetime.now(UTC))
    https_port, http_port, bare_port, *ports = free_ports(3 + INSTANCES)
    endpoints = [
        Endpoint(f"i-{number:017x}", f"local-{'ab'[number % 2]}", "127.0.0.1", port)
        for number, port in enumerate(ports)
    ]
    cleanup.callback(stop, _start_instances(endpoints, authority, folder))
    settings = edge_settings(folder, https_port, http_port, authority.files)
    with on_cores(cores.balancers):
        mine = _start_ours(settings, endpoints)
        cleanup.callback(stop, mine)
        bare = _start_bare(bare_port, endpoints, settings)
        cleanup.callback(stop, bare)
    sides = (
        Side(f"https://localhost:{https_port}/", mine.pid),
        Side(f"https://localhost:{bare_port}/", bare.pid),
    )
    for side in sides:
        wait_for_200(side.url, authority.files.ca)
    return sides


def _start_instances(
    endpoints: list[Endpoint], authority: Authority, folder: Path
) -> "subprocess.Popen[bytes]":
    pairs = []
    for endpoint in endpoints:
        files = issue_instance(authority, endpoint.id, folder / "instances", datetime.now(UTC))
        pairs.append((endpoint.port, Pair(files.certificate, files.key, files.ca)))
    return envoy.start(envoy.instances(pairs), folder / "instances.json", 1)


def _start_ours(settings: BalancerSettings, endpoints: list[Endpoint]) -> "subprocess.Popen[bytes]":
    write_configuration(settings)
    publish_endpoints(settings, endpoints)
    with (settings.folder.parent / "balancer.log").open("ab") as log:
        return subprocess.Popen(command(settings), stderr=log)


def _start_bare(port: int, endpoints: list[Endpoint], like: BalancerSettings) -> "subprocess.Popen[bytes]":
    files = like.certificates
    shown, client = Pair(files.edge, files.edge_key, files.ca), Pair(files.client, files.client_key, files.ca)
    config = envoy.edge(port, [f"{each.address}:{each.port}" for each in endpoints], shown, client)
    return envoy.start(config, like.folder.parent / "bare.json", like.concurrency)
