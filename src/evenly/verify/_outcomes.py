"""What a load did, as data: one outcome a request, and the figures that a report shows. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

LATE_S = 0.05  # measured: a sender later than this no longer sends what was asked for


class Fault(StrEnum):
    """Why a request failed."""

    STATUS = "status"  # an answer, but not with a status that was expected: 2xx, where nothing else is said
    REFUSED = "refused"  # no connection: refused, unreachable, or no such name
    TLS = "tls"  # a connection, but no trust
    BROKEN = "broken"  # the connection broke before the whole answer had come
    TIMEOUT = "timeout"
    SCENARIO = "scenario"  # the scenario did not accept the answer: an error was raised after it
    SENDER = "sender"  # this side could not send: no file descriptor was left, say


class Outcome(Struct, frozen=True):
    """One request. `due_s`: when it should have been sent, `at_s`: when it ended; seconds from the start. `name`: what
    it is counted as, where a load makes different ones."""

    due_s: float
    at_s: float
    fault: Fault | None = None
    status: int | None = None
    instance: str | None = None
    zone: str | None = None
    name: str = ""


class Failure(Struct, frozen=True):
    """A request that failed. Times as in `Outcome`; `status` is `None` where no answer came."""

    at_s: float
    due_s: float
    what: Fault
    status: int | None


class Latency(Struct, frozen=True):
    """Milliseconds from when a request was due to its last byte, of those that succeeded; 0 if none did."""

    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    max_ms: float = 0.0


class Second(Struct, frozen=True):
    """The requests that were due in one second of the run. `by_zone`: who answered them."""

    at_s: int
    requests: int
    failed: int
    latency: Latency
    by_zone: Mapping[str, int] = field(default_factory=dict)


class StageResult(Struct, frozen=True):
    """The requests that were due in one stage: `rate` a second were asked for, from `start_s` for `duration_s`."""

    start_s: float
    duration_s: float
    rate: float
    requests: int
    failed: int
    latency: Latency
    lateness_s: float


class Part(Struct, frozen=True):
    """The requests of one name: `GET /orders`."""

    name: str
    requests: int
    failed: int
    latency: Latency


class LoadResult(Struct, frozen=True):
    """What came of a load.

    `started_s` is the monotonic clock at its start, `ended_s` how long it took, `sent_s` for how long requests were
    due. `failed`: the first 1,000 failures; `errors`: how many there were. `longest_gap_s` is the longest time in which
    no request succeeded, the run's edges included. `lateness_s` is how late the sender was at its worst. `histogram`:
    all latencies (`Histogram.compact`). `users`: how many began the scenario; `complaints`: what was raised in it, and
    how often.
    """

    started_s: float
    ended_s: float
    requests: int
    failed: tuple[Failure, ...]
    by_status: Mapping[int, int]
    by_instance: Mapping[str, int]
    by_zone: Mapping[str, int]
    latency: Latency
    longest_gap_s: float
    lateness_s: float
    timeline: tuple[Second, ...]
    sent_s: float = 0.0
    errors: int = 0
    by_fault: Mapping[Fault, int] = field(default_factory=dict)
    stages: tuple[StageResult, ...] = ()
    parts: tuple[Part, ...] = ()
    histogram: tuple[int, ...] = ()
    users: int = 0
    complaints: Mapping[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Requests that succeeded, a second."""
        return (self.requests - self.errors) / self.sent_s if self.sent_s else 0.0

    @property
    def void(self) -> str | None:
        """Why this run proves nothing, in a sentence; `None` if it counts."""
        if self.by_fault.get(Fault.SENDER):
            return "The sender had no file descriptors left."
        if self.lateness_s > LATE_S:
            late, most = self.lateness_s * 1000, LATE_S * 1000
            return f"The sender was {late:.0f} ms late; up to {most:.0f} ms counts."
        return None
