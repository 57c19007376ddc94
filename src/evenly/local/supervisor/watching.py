"""Reads what the balancer counts of a new release's instances, as long as they have traffic that is watched."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

import msgspec

from evenly.core.deploying import Deploy, has_traffic
from evenly.core.figures import WINDOW_S, Answer, Counts, Reading, alarm
from evenly.core.fleet import Instance
from evenly.local.balancer.admin import AdminClient, AdminError
from evenly.local.logs.book import Source
from evenly.local.logs.following import Follower
from evenly.local.paths import Paths
from evenly.manifest.types import RollbackAlarms

LOOK_S = 0.5
SWITCHED = 101  # a WebSocket's "request" lasts as long as it is open


class _Line(msgspec.Struct):
    """What is read of a line of the access log."""

    status: int = 0
    duration_ms: float = 0.0
    instance: str | None = None


class TrafficWatch:
    """`limits`: those of a release. Looks run in a thread, since they wait for another process."""

    def __init__(
        self,
        paths: Paths,
        limits: Callable[[int], RollbackAlarms],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admin = AdminClient(paths.admin_socket)
        self._source = Source("access", paths.logs / "access.log")
        self._limits = limits
        self._clock = clock
        self._watched: tuple[Instance, ...] = ()
        self._readings: deque[Reading] = deque()
        self._answers: deque[Answer] = deque()

    def alarm(self, deploy: Deploy, new: Iterable[Instance], now: float) -> str | None:
        """Which figure of the new instances is past its limit, as a sentence; `None` while they have no traffic."""
        self._watched = tuple(new) if has_traffic(deploy) else ()
        if not self._watched:
            return None
        return alarm(tuple(self._readings), self._answers, self._limits(deploy.release), deploy.release, now)

    async def run(self) -> None:
        """Look, for ever, while there is something to watch."""
        follower: Follower | None = None
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._watched:
                if follower:
                    follower.close()
                    follower = None
                self._readings.clear()
                self._answers.clear()
                continue
            follower = follower or Follower([self._source])
            reading, answers = await asyncio.to_thread(self._look, follower, self._watched)
            self._readings += reading
            self._answers += answers
            now = self._clock()
            _forget(self._readings, now)
            _forget(self._answers, now)

    def _look(
        self, follower: Follower, watched: tuple[Instance, ...]
    ) -> tuple[tuple[Reading, ...], tuple[Answer, ...]]:
        now, ids = self._clock(), {it.id for it in watched}
        read = [_read(line.text) for line in follower.look([self._source])]
        answers = tuple(
            Answer(now, it.duration_ms) for it in read if it.instance in ids and it.status != SWITCHED
        )
        try:
            return (Reading(now, self._counts(watched)),), answers
        except AdminError:
            return (), answers

    def _counts(self, watched: Iterable[Instance]) -> Mapping[str, Counts]:
        seen = self._admin.endpoint_health()
        known = {it.id: seen.get(it.address) for it in watched}
        return {id: Counts(it.requests, it.failed, it.late) for id, it in known.items() if it is not None}


def _read(text: str) -> _Line:
    try:
        return msgspec.json.decode(text, type=_Line)
    except msgspec.MsgspecError:
        return _Line()


def _forget(kept: deque[Reading] | deque[Answer], now: float) -> None:
    while kept and now - kept[0].at > 2 * WINDOW_S:
        kept.popleft()
