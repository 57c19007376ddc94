"""A dashboard of a target in memory, served for real: for the tests of its back end and of its page."""

import asyncio
import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from evenly.core.facts import Happening, ReleaseFact
from evenly.core.moments import timestamp
from evenly.core.status import (
    EnvironmentState,
    EnvironmentStatus,
    InstanceState,
    InstanceStatus,
    PartState,
    PartStatus,
    Urls,
    ZoneStatus,
)
from evenly.core.traffic import Traffic
from evenly.dashboard.app import STATIC, Dashboard, make_dashboard
from evenly.dashboard.course import Order
from evenly.dashboard.drills import Program
from evenly.dashboard.guard import Door
from evenly.dashboard.serving import serve
from evenly.errors import StateError

TOKEN = "a-token-of-32-characters-or-more-"
RUNS = PartStatus(PartState.RUNNING, 4711)
MADE_AT = "2026-03-01T11:00:00.000Z"


def instance(zone: str, number: int, state: InstanceState = InstanceState.HEALTHY) -> InstanceStatus:
    return InstanceStatus(f"i-{zone[-1]}{number:016x}", state, 100 + number, "127.0.1.10:20000", 1, MADE_AT)


def healthy_status() -> EnvironmentStatus:
    zones = tuple(
        ZoneStatus(name, True, tuple(instance(name, it) for it in range(2)))
        for name in ("local-a", "local-b")
    )
    return EnvironmentStatus(
        environment="local",
        target="local",
        state=EnvironmentState.HEALTHY,
        urls=Urls("https://localhost:8443/", "http://localhost:8080/"),
        ca_certificate="",
        release=3,
        desired=4,
        zones=zones,
        balancer=RUNS,
        database=RUNS,
        supervisor=RUNS,
    )


@dataclass
class FakeTarget:
    """All is well, until what it tells is replaced: assign to `told`, `counted`, or call `happen`. An error in the
    place of a fact is raised. `takes_s`: how long it thinks about its status."""

    name: str = "shop"
    environment: str = "local"
    kind: str = "local"
    is_production: bool = False
    url: str = "https://localhost:8443/"
    plain_url: str = "http://localhost:8080/"
    ca_file: Path | None = None
    told: EnvironmentStatus | Exception = field(default_factory=healthy_status)
    counted: Traffic | Exception = field(default_factory=lambda: Traffic(0, 0, 0))
    happened: list[Happening] = field(default_factory=list)
    asked: int = 0
    takes_s: float = 0.0

    def status(self) -> EnvironmentStatus:
        self.asked += 1
        time.sleep(self.takes_s)
        if isinstance(self.told, Exception):
            raise self.told
        return self.told

    def traffic(self) -> Traffic:
        if isinstance(self.counted, Exception):
            raise self.counted
        return self.counted

    def release(self, number: int) -> ReleaseFact:
        if number < 1:
            raise StateError(f"release {number} is not there")
        return ReleaseFact(number, MADE_AT)

    def events(self, after: int = 0, since: datetime | None = None) -> Sequence[Happening]:
        return tuple(
            it
            for it in self.happened
            if it.number > after and (since is None or datetime.fromisoformat(it.at) >= since)
        )

    # --- what tests do to it

    def happen(self, what: str, action: str = "launch", **more: str) -> Happening:
        now = datetime.now(UTC)
        number = round(now.timestamp() * 1000) * 1000 + len(self.happened)
        event = Happening(number, timestamp(now), action, what, **more)  # type: ignore[arg-type]
        self.happened.append(event)
        return event

    def change(self, **facts: object) -> None:
        """Replace facts of the status."""
        assert isinstance(self.told, EnvironmentStatus)
        self.told = replace(self.told, **facts)  # type: ignore[arg-type]

    def serve_requests(self, count: int, errors: int = 0, milliseconds: float = 2.0) -> None:
        """That many more requests were answered, each in about that time."""
        assert isinstance(self.counted, Traffic)
        before = self.counted
        bounds = (1.0, 2.5, 5.0, 10.0, 25.0, 100.0, 1000.0)
        old = dict(before.buckets)
        buckets = tuple((it, old.get(it, 0) + (count if it >= milliseconds else 0)) for it in bounds)
        self.counted = Traffic(before.requests + count, before.errors + errors, 1, buckets)


def program(script: str, folder: Path) -> Program:
    """A drill that is this Python script: `sys.argv[1:]` are kind and rate."""

    def command(order: Order) -> tuple[str, ...]:
        return (sys.executable, "-c", script, str(order.kind), f"{order.rate:g}")

    return Program(command, dict(os.environ), folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(
    target: FakeTarget,
    folder: Path,
    drill: str = "raise SystemExit(3)",
    static: Path = STATIC,
    port: int | None = None,
) -> Iterator[tuple[str, Dashboard]]:
    """Its URL, with the token, while it is served in a thread. `folder`: where reports are kept. `drill`: a script
    that stands in for `evenly drill`. `port`: any that is free, unless it is told."""
    door = Door(port or free_port(), TOKEN)
    dashboard = make_dashboard(target, door, program(drill, folder), folder, static)  # type: ignore[arg-type]
    ready = threading.Event()
    held: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        stopping = asyncio.Event()
        held.append((asyncio.get_running_loop(), stopping))
        ready.set()
        await serve(dashboard, door.port, stopping)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    ready.wait(5)
    try:
        _await_listening(door.port)
        yield door.url, dashboard
    finally:
        loop, stopping = held[0]
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)


def _await_listening(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        threading.Event().wait(0.02)
    raise AssertionError("the dashboard did not come up")
