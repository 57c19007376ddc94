"""From a save to the new code: `evenly up --watch` against `uvicorn --reload`, over the same app.

The clock starts when the file is renamed into place, as editors save, and stops at the first answer of the new code,
asked for every 5 ms on a connection of its own. Evenly has its balancer, TLS, two instances in two zones and its
database with a standby; the old instances serve until the new ones do. The peer is the floor: one process on one port
without TLS, which is ended and started anew; what is asked meanwhile waits, or is refused.
"""

import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench.figures import Bound, Findings, Measure, Of, Target, alternate
from bench.processes import RefusedError, free_ports, stop
from bench.product import Product
from bench.room import Room, evenly

PAIRS = 15
POLL_S = 0.005
SERVED_WITHIN_S = 60.0
REST_S = 2.0  # between two saves: what follows a reload is no part of it
APP = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"version %d."})
"""


@dataclass
class Side:
    """A folder whose `main.py` is saved, and how its answer is asked for."""

    folder: Path
    ask: Callable[[], bytes]
    version: int = 1

    def save(self) -> bytes:
        """The next version; what it answers."""
        self.version += 1
        beside = self.folder / "main.py.new~"
        beside.write_text(APP % self.version)
        beside.rename(self.folder / "main.py")
        return b"version %d." % self.version

    def served_s(self) -> float:
        """How long after a save the new code answers, in seconds."""
        time.sleep(REST_S)
        wanted, began = self.save(), time.monotonic()
        self.until(wanted)
        return time.monotonic() - began

    def until(self, wanted: bytes) -> None:
        deadline = time.monotonic() + SERVED_WITHIN_S
        while time.monotonic() < deadline:
            with suppress(URLError, OSError):
                if self.ask() == wanted:
                    return
            time.sleep(POLL_S)
        raise RefusedError(f"The new code did not answer within {SERVED_WITHIN_S:g} s.")


def measure(room: Room) -> Findings:
    python = room.peer_python()
    with room.folder() as ours, room.folder() as theirs, _evenly(ours) as mine, _peer(theirs, python) as peer:
        room.say(f"{PAIRS} pairs")
        return findings(*alternate(PAIRS, mine.served_s, peer.served_s))


def findings(ours: tuple[float, ...], peer: tuple[float, ...]) -> Findings:
    target = Target(Bound.AT_MOST, 1, Of.OURS)
    return Findings("`uvicorn --reload`", (Measure("save to served", "s", ours, peer, target),))


@contextmanager
def _evenly(folder: Path) -> Iterator[Side]:
    product = Product(folder)
    (folder / "main.py").write_text(APP % 1)
    with product.running(2, more="app: {serve: main:app}\n"):
        trust = ssl.create_default_context(cafile=product.status().ca_certificate)
        url = product.status().urls.https
        with _running(folder, str(evenly()), "up", "--watch"):
            side = Side(folder, lambda: bytes(urlopen(url, timeout=5, context=trust).read()))  # noqa: S310
            side.until(side.save())
            yield side


@contextmanager
def _peer(folder: Path, python: Path) -> Iterator[Side]:
    (folder / "main.py").write_text(APP % 1)
    port = free_ports(1)[0]
    with _running(folder, str(python), "-m", "uvicorn", "main:app", "--reload", "--port", str(port)):
        side = Side(folder, lambda: bytes(urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()))
        side.until(b"version 1.")
        side.until(side.save())
        yield side


@contextmanager
def _running(folder: Path, *command: str) -> Iterator[None]:
    log = folder.parent / f"{folder.name}.log"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        try:
            yield
        except RefusedError as error:
            raise RefusedError(f"{error} {log.read_text(errors='replace')[-1000:]}") from error
        finally:
            stop(process)
    finally:
        log.unlink(missing_ok=True)
