"""What a load does right now: rate, latency and errors of its last seconds. Pure; it hears of each outcome."""

from collections import deque

from msgspec import Struct

from evenly.verify._outcomes import Latency, Outcome
from evenly.verify._tally import Count

WINDOW_S = 3


class Reading(Struct, frozen=True):
    """`rate`: answers a second, and their `latency`, over the last 3 s; `requests` and `failed` since the start."""

    rate: float
    latency: Latency
    requests: int
    failed: int


class Meter:
    """Counts by the second in which requests ended."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, Count]] = deque(maxlen=WINDOW_S + 2)
        self._requests = 0
        self._failed = 0

    def tell(self, outcome: Outcome) -> None:
        self._requests += 1
        self._failed += outcome.fault is not None
        second = int(outcome.at_s)
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, Count()))
        self._seconds[-1][1].add(outcome)

    def read(self, now_s: float) -> Reading:
        """`now_s`: seconds from the start."""
        first = int(now_s) - WINDOW_S + 1
        recent = Count()
        for second, count in self._seconds:
            if second >= first:
                recent.merge(count)
        lasting = min(now_s, now_s - first)
        return Reading(
            recent.requests / lasting if lasting > 0 else 0.0, recent.latency, self._requests, self._failed
        )
