"""The dashboard: CPU over 20 s and resident memory, with nobody and with one viewer; and how late its view is.

The peer of its cost is the least that a server in Python can be: `python -c` with asyncio's loop, asleep. Lateness is
from the moment an instance is killed until a viewer reads the event; the peer is whoever reads the supervisor's
journal itself, every millisecond: what is between the two is the dashboard's own.
"""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.figures import Bound, Findings, Measure, Of, Target, both
from bench.idle import Rest, asleep, rest, wait_until_whole
from bench.processes import RefusedError
from bench.product import Product, healthy_ids, parts
from bench.room import Room

COUNT = 4
SECONDS = 20.0
SETTLE_S = 5.0
KILLS = 10
SEEN_WITHIN_S = 10.0
POLL_S = 0.001


@dataclass(frozen=True, slots=True)
class Late:
    """Seconds from the kill until it was known."""

    seen_s: float


class Viewer:
    """Reads the stream in a thread, and knows when it first told of what."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self._connection = http.client.HTTPConnection(at.netloc, timeout=60)
        self._connection.request("GET", f"{at.path}events")
        self._answer = self._connection.getresponse()
        self._told: dict[str, float] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def when_told(self, id: str) -> float | None:
        """When the first event of that instance's end was read; monotonic seconds."""
        return self._told.get(id)

    def _read(self) -> None:
        for line in self._answer:
            at = time.monotonic()
            if line.startswith(b"data: ["):
                for event in json.loads(line[6:]):
                    if event["action"] == "ended-instance":
                        self._told.setdefault(event["instance"], at)


def measure(room: Room) -> Findings:
    with room.folder() as folder, asleep() as peer, Product(folder).running(COUNT) as product:
        url = product.dashboard()
        dashboard = parts(product.status(), folder)["dashboard"][0]
        pids = {"dashboard": dashboard, "peer": peer}
        time.sleep(SETTLE_S)
        room.say(f"nobody looks, {SECONDS:g} s")
        alone = rest(pids, SECONDS)
        viewer = Viewer(url)
        time.sleep(SETTLE_S)
        room.say(f"one viewer, {SECONDS:g} s")
        watched = rest(pids, SECONDS)
        room.say(f"{KILLS} instances killed")
        seen = [_killed(product, folder, viewer) for _ in range(KILLS)]
    return findings(alone, watched, [it[0] for it in seen], [it[1] for it in seen])


def findings(
    alone: dict[str, Rest], watched: dict[str, Rest], ours: Sequence[Late], journal: Sequence[Late]
) -> Findings:
    """`alone` and `watched`: by name, `dashboard` and `peer`."""
    at_most = {"nobody": Target(Bound.AT_MOST, 2, Of.OURS)}
    measures = [
        each
        for who, seen in (("nobody", alone), ("one viewer", watched))
        for each in _costs(who, seen["dashboard"], seen["peer"], at_most.get(who))
    ]
    within = Target(Bound.AT_MOST, 1, Of.OURS)
    late = Measure("from the kill to the view", "s", *both(ours, journal, "seen_s"), within)
    return Findings("an asyncio loop asleep; for the view, a reader of the journal", (*measures, late))


def _costs(who: str, ours: Rest, peer: Rest, target: Target | None) -> tuple[Measure, Measure]:
    return (
        Measure(f"CPU, {who}", "% of a core", (ours.cpu,), (peer.cpu,), target),
        Measure(f"memory, {who}", "MB", (ours.memory_mb,), (peer.memory_mb,)),
    )


def _killed(product: Product, folder: Path, viewer: Viewer) -> tuple[Late, Late]:
    """One instance dies: when a viewer knew, and when the journal did."""
    wait_until_whole(product)
    time.sleep(SETTLE_S)  # what dies young is taken for a failed start
    status = product.status()
    victim = min(healthy_ids(status))
    pid = next(it.pid for zone in status.zones for it in zone.instances if it.id == victim)
    with _end_of_journal(folder / ".evenly" / "local" / "journal.jsonl") as told:
        began = time.monotonic()
        os.killpg(pid or 0, signal.SIGKILL)
        written = None
        while (seen := viewer.when_told(victim)) is None or written is None:
            if written is None and _tells_of(told.read(), victim):
                written = time.monotonic()
            if time.monotonic() > began + SEEN_WITHIN_S:
                raise RefusedError(f"The end of an instance was not seen within {SEEN_WITHIN_S:g} s.")
            time.sleep(POLL_S)
    return Late(seen - began), Late(written - began)


class _Tail:
    """What was written to a file since it was opened, as one text."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._file.seek(0, os.SEEK_END)
        self._text = b""

    def read(self) -> bytes:
        self._text += self._file.read()
        return self._text

    def close(self) -> None:
        self._file.close()


@contextmanager
def _end_of_journal(path: Path) -> Iterator[_Tail]:
    tail = _Tail(path)
    try:
        yield tail
    finally:
        tail.close()


def _tells_of(text: bytes, id: str) -> bool:
    return any(b"ended-instance" in line and id.encode() in line for line in text.splitlines())
