"""What a dashboard's tests play: environments made from a few words, and the process that shows them."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.dashboard_world import FakeTarget, free_port, served

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
from evenly.errors import StateError

BOUNDS_MS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
UNTIL_MS = 20.0
LINES = "lines"
# Says what is written to a file as it is written, prints the result that ends it, and is interrupted as the command is.
DRILL = f"""
import os, pathlib, sys, threading, time
threading.Thread(target=lambda: sys.stdin.read() or os._exit(130), daemon=True).start()  # nobody is left to hear
lines, told = pathlib.Path(FOLDER, {LINES!r}), 0
pathlib.Path(FOLDER, "order").write_text(" ".join(sys.argv[1:]))
pathlib.Path(FOLDER, "order").rename(pathlib.Path(FOLDER, "ordered"))
try:
    while True:
        written = lines.read_text().splitlines(keepends=True)
        for line in written[told:]:
            if line.startswith("{{"):
                print(line)
                raise SystemExit(0)
            print(line, end="", file=sys.stderr, flush=True)
        told = len(written)
        time.sleep(0.02)
except KeyboardInterrupt:
    print("  put right", file=sys.stderr, flush=True)
    raise SystemExit(130)
"""
AGE = timedelta(minutes=5)
LAUNCHING, HEALTHY, UNHEALTHY, DRAINING = (
    InstanceState.LAUNCHING,
    InstanceState.HEALTHY,
    InstanceState.UNHEALTHY,
    InstanceState.DRAINING,
)


def instance(number: int, state: InstanceState = HEALTHY) -> InstanceStatus:
    started = timestamp(datetime.now(UTC).replace(microsecond=0) - AGE)
    return InstanceStatus(id_of(number), state, 4000 + number, f"127.0.0.1:{20_000 + number}", 3, started)


def id_of(number: int) -> str:
    return f"i-0a1b2c3d4e5f{number:05x}"


def zone(name: str, *numbers: int, available: bool = True, **states: InstanceState) -> ZoneStatus:
    """`states`: `i2=DRAINING`."""
    held = tuple(instance(it, states.get(f"i{it}", HEALTHY)) for it in numbers)
    return ZoneStatus(name, available, held)


def status(*zones: ZoneStatus, state: str = "healthy", desired: int = 4, **more: Any) -> EnvironmentStatus:
    """Four healthy instances in two zones, unless said otherwise."""
    held = zones or (zone("local-a", 1, 2), zone("local-b", 3, 4))
    parts = {
        name: PartStatus(PartState.RUNNING, 100 + place)
        for place, name in enumerate(("balancer", "database", "supervisor"))
    }
    urls = Urls("https://localhost:8443/", "http://localhost:8080/")
    return EnvironmentStatus(
        "local", "local", EnvironmentState(state), urls, "ca.pem", 3, desired, held, **{**parts, **more}
    )


def half_lost(**more: Any) -> EnvironmentStatus:
    """The zone local-b is out; two new instances launch in the other."""
    left = zone("local-a", 1, 2, 5, 6, i5=LAUNCHING, i6=LAUNCHING)
    return status(left, zone("local-b", available=False), state="degraded", **more)


def crowd(count: int = 64) -> EnvironmentStatus:
    half = count // 2
    return status(zone("local-a", *range(half)), zone("local-b", *range(half, count)), desired=count)


def happening(number: int, action: str, what: str, *, ago_s: float = 0.0, **more: Any) -> Happening:
    return Happening(number, timestamp(datetime.now(UTC) - timedelta(seconds=ago_s)), action, what, **more)


def launches(numbers: Sequence[int], first: int = 1) -> tuple[Happening, ...]:
    return tuple(
        happening(
            first + place,
            "launch",
            f"instance {id_of(it)} launching: 4 are wanted",
            instance=id_of(it),
            zone="local-a",
        )
        for place, it in enumerate(numbers)
    )


@dataclass
class Actor(FakeTarget):
    """Requests come all the time: `rate` a second, `errors` of which fail, answered evenly within `UNTIL_MS`. `rate`
    `None`: the balancer does not answer."""

    name: str = "hello"
    rate: float | None = 200.0
    errors: float = 0.0
    requests: float = 0.0
    failed: float = 0.0
    at: float = 0.0

    def traffic(self) -> Traffic:
        before, self.at = self.at, time.monotonic()
        if self.rate is None:
            raise StateError("the balancer does not answer")
        passed_s = self.at - before if before else 0.0
        self.requests += self.rate * passed_s
        self.failed += self.errors * passed_s
        shares = ((it, int(self.requests * min(1.0, it / UNTIL_MS))) for it in BOUNDS_MS)
        return Traffic(int(self.requests), int(self.failed), 3, tuple(shares))

    def release(self, number: int) -> ReleaseFact:
        return ReleaseFact(number, timestamp(datetime.now(UTC).replace(microsecond=0) - AGE))


@dataclass
class Theatre:
    """A dashboard that is served, and what it shows. It can end and come again at the same address."""

    folder: Path
    target: Actor = field(default_factory=lambda: Actor(told=status()))
    url: str = ""
    port: int = field(default_factory=free_port)
    running: ExitStack = field(default_factory=ExitStack)

    def open(self) -> None:
        (self.folder / LINES).touch()
        script = f"FOLDER = {str(self.folder)!r}\n{DRILL}"
        self.url, _ = self.running.enter_context(served(self.target, self.folder, script, port=self.port))

    def close(self) -> None:
        self.running.close()

    def play(self, status: EnvironmentStatus | None, **facts: Any) -> None:
        """From now on. `facts`: of `Actor`; what is not told stays."""
        for name, value in facts.items():
            setattr(self.target, name, value)
        self.target.told = status or StateError("there is no environment here", try_="evenly up")

    def change(self, **more: Any) -> None:
        self.target.change(**more)

    def happen(self, *events: Happening) -> None:
        self.target.happened.extend(events)

    def tell(self, *lines: str) -> None:
        """What a drill says next; a result ends it."""
        with (self.folder / LINES).open("a") as file:
            file.writelines(f"{it}\n" for it in lines)

    @property
    def ordered(self) -> list[str]:
        """The drill that was begun: kind and rate."""
        while not (told := self.folder / "ordered").exists():
            time.sleep(0.02)
        return told.read_text().split()
