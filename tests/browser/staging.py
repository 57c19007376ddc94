"""What a dashboard's tests play: environments made from a few words, and the process that shows them."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from tests.browser.stage import DRILL, Scene, play

from evenly.core.facts import Happening
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

ROOT = Path(__file__).parents[2]
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
class Theatre:
    """A dashboard that runs, and what it shows. It can end and come again at the same address."""

    folder: Path
    scene: Scene = field(default_factory=lambda: Scene(status()))
    url: str = ""
    process: subprocess.Popen[str] | None = None

    def open(self) -> None:
        play(self.folder, self.scene)
        (self.folder / DRILL).touch()
        command = [sys.executable, "-m", "tests.browser.stage", str(self.folder)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()

    def close(self) -> None:
        assert self.process and self.process.stdout
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def play(self, status: EnvironmentStatus | None, **more: Any) -> None:
        """From now on. What is not told stays."""
        self.scene = msgspec.structs.replace(self.scene, status=status, **more)
        play(self.folder, self.scene)

    def change(self, **more: Any) -> None:
        assert self.scene.status
        self.play(replace(self.scene.status, **more))

    def tell(self, *lines: str) -> None:
        """What a drill says next."""
        with (self.folder / DRILL).open("a") as file:
            file.writelines(f"{it}\n" for it in lines)

    @property
    def ordered(self) -> Any:
        return msgspec.json.decode((self.folder / "ordered").read_bytes())
