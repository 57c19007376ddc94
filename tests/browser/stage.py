"""Serves the real dashboard of an environment that is whatever a file says: a process of its own, for the tests in a
browser, whose own event loop Playwright holds.

    python -m tests.browser.stage FOLDER     prints the URL; reads FOLDER/scene.json at every look
"""

import asyncio
import itertools
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from evenly.core.facts import Happening, ReleaseFact
from evenly.core.moments import timestamp
from evenly.core.status import EnvironmentStatus
from evenly.core.traffic import Traffic
from evenly.dashboard.app import make_dashboard
from evenly.dashboard.course import Order
from evenly.dashboard.drills import Program
from evenly.dashboard.guard import Door
from evenly.dashboard.serving import serve_until_signal
from evenly.errors import StateError

SCENE, DRILL, TOKEN = "scene.json", "drill", "t" * 43
BOUNDS_MS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
AGE = timedelta(minutes=5)  # of the release
UNTIL_MS = 20.0  # answers are spread evenly up to here


class Scene(msgspec.Struct, frozen=True):
    """What is so now. `status` `None`: no supervisor and no record. `rate`, `errors`: a second; `rate` `None`: the
    balancer does not answer."""

    status: EnvironmentStatus | None
    events: tuple[Happening, ...] = ()
    rate: float | None = 200.0
    errors: float = 0.0
    production: bool = False
    name: str = "hello"


def play(folder: Path, scene: Scene) -> None:
    """The scene from now on."""
    beside = folder / "next.json"
    beside.write_bytes(msgspec.json.encode(scene))
    beside.rename(folder / SCENE)


@dataclass
class Actor:
    """Those of the facts that a dashboard asks for."""

    folder: Path
    environment: str = "local"
    kind: str = "local"
    url: str = "https://localhost:8443/"
    requests: float = 0.0
    failed: float = 0.0
    at: float = 0.0

    @property
    def name(self) -> str:
        return self._scene().name

    @property
    def is_production(self) -> bool:
        return self._scene().production

    def status(self) -> EnvironmentStatus:
        if (found := self._scene().status) is None:
            raise StateError("there is no environment here", try_="evenly up")
        return found

    def events(self, after: int = 0, since: datetime | None = None) -> Sequence[Happening]:
        return tuple(it for it in self._scene().events if it.number > after)

    def traffic(self) -> Traffic:
        scene, before = self._scene(), self.at
        self.at = time.monotonic()
        if scene.rate is None:
            raise StateError("the balancer does not answer")
        passed_s = self.at - before if before else 0.0
        self.requests += scene.rate * passed_s
        self.failed += scene.errors * passed_s
        shares = ((it, int(self.requests * min(1.0, it / UNTIL_MS))) for it in BOUNDS_MS)
        return Traffic(int(self.requests), int(self.failed), 3, tuple(shares))

    def release(self, number: int) -> ReleaseFact:
        return ReleaseFact(number, timestamp(datetime.now(UTC).replace(microsecond=0) - AGE))

    def _scene(self) -> Scene:
        return msgspec.json.decode((self.folder / SCENE).read_bytes(), type=Scene)


def drill(folder: Path) -> None:
    """Tells the lines of FOLDER/drill as they are written there, and prints the result that ends it. SIGINT ends it
    as it does the command."""
    lines = folder / DRILL
    told = 0
    try:
        while True:
            written = lines.read_text().splitlines(keepends=True)
            for line in itertools.islice(written, told, None):
                if line.startswith("{"):
                    print(line)
                    return
                print(line, end="", file=sys.stderr, flush=True)
            told = len(written)
            time.sleep(0.02)
    except KeyboardInterrupt:
        print("  put right", file=sys.stderr, flush=True)
        sys.exit(130)


def main(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = folder / "port"
    port = int(told.read_text()) if told.exists() else port  # the same when it comes again
    told.write_text(str(port))
    door = Door(port, TOKEN)

    def command(order: Order) -> tuple[str, ...]:
        (folder / "ordered").write_bytes(msgspec.json.encode({"kind": order.kind, "rate": order.rate}))
        return (sys.executable, "-m", "tests.browser.stage", str(folder), "drill")

    program = Program(command, {}, Path.cwd())
    dashboard = make_dashboard(Actor(folder), door, program, folder / "reports")
    print(door.url, flush=True)
    asyncio.run(serve_until_signal(dashboard, port))


if __name__ == "__main__":
    (drill if sys.argv[2:] == ["drill"] else main)(Path(sys.argv[1]))
