"""How much came in, and how long it took: readings of growing counters, and what lies between two of them. Pure."""

from collections import deque
from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct


class Traffic(Struct, frozen=True):
    """Counts since the balancer started. `errors` are answers of 500 and above, `active` what is under way.

    `buckets` are (upper bound in milliseconds, answers that took no longer), both growing; what took longer
    than the last bound is in none. They may be a second older than the counts. `epoch`: of the balancer's process; the
    next one begins to count anew.
    """

    requests: int
    errors: int
    active: int
    buckets: tuple[tuple[float, int], ...] = ()
    epoch: int = 0

    @property
    def timed(self) -> int:
        """The answers in all of the buckets."""
        return self.buckets[-1][1] if self.buckets else 0


class Answers(Struct, frozen=True):
    """What the instances answered since the balancer started, each request once, however often it was tried, and how
    long they took from the end of the request to the end of the answer. `active`: under way; `buckets` and `epoch`: as
    of `Traffic`."""

    count: int
    active: int = 0
    buckets: tuple[tuple[float, int], ...] = ()
    epoch: int = 0

    @property
    def came(self) -> int:
        """The requests that came to the instances."""
        return self.count + self.active

    @property
    def timed(self) -> int:
        return self.buckets[-1][1] if self.buckets else 0


class Rates(Struct, frozen=True):
    """Traffic of the last seconds. Times in milliseconds: `None` without an answer. `error_share`: 0 to 1. `errors`:
    since the balancer started."""

    per_second: float
    errors_per_second: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    error_share: float
    errors: int
    active: int


class Reading(Struct, frozen=True):
    """`at`: monotonic seconds."""

    at: float
    traffic: Traffic


class Window:
    """The readings of the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._readings: deque[Reading] = deque()

    def add(self, reading: Reading) -> Rates | None:
        """What came in over the window, now that it ends with `reading`; `None` without two to compare."""
        self._readings.append(reading)
        while len(self._readings) > 2 and reading.at - self._readings[1].at >= self._seconds:
            self._readings.popleft()
        return rates(self._readings[0], reading)

    def clear(self) -> None:
        """The next reading is the first one."""
        self._readings.clear()


def rates(first: Reading, last: Reading) -> Rates | None:
    """What came in between two readings; `None` if they are one. A restarted balancer counts from 0 again."""
    seconds = last.at - first.at
    if seconds <= 0:
        return None
    before, after = first.traffic, last.traffic
    if before.epoch != after.epoch:
        before = Traffic(0, 0, 0, epoch=after.epoch)
    answered, failed = _grown(before.requests, after.requests), _grown(before.errors, after.errors)
    return Rates(
        per_second=answered / seconds,
        errors_per_second=failed / seconds,
        p50_ms=quantile(before, after, 0.5),
        p95_ms=quantile(before, after, 0.95),
        p99_ms=quantile(before, after, 0.99),
        error_share=min(1.0, failed / answered) if answered else 0.0,
        errors=after.errors,
        active=after.active,
    )


def quantile(before: Traffic | Answers, after: Traffic | Answers, share: float) -> float | None:
    """The time in milliseconds that `share` (0 to 1) of the answers between two readings did not exceed.

    Straight lines between the bounds of the buckets; `None` without any answer.
    """
    grown = _between(before, after)
    wanted = share * grown[-1][1] if grown else 0.0
    for (low, below), (high, upto) in pairwise([(0.0, 0), *grown]):
        if upto >= wanted and upto > below:
            return low + (high - low) * max(wanted - below, 0) / (upto - below)
    return None


def _grown(before: int, after: int) -> int:
    return after - before if after >= before else after


def _between(before: Traffic | Answers, after: Traffic | Answers) -> list[tuple[float, int]]:
    restarted = after.timed < before.timed
    known: Mapping[float, int] = {} if restarted else dict(before.buckets)
    return [(bound, count - known.get(bound, 0)) for bound, count in after.buckets]
