"""What a load did, in numbers: from one outcome a request to the figures that a report shows. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, pairwise

from hdrh.histogram import HdrHistogram

HOUR_US = 3_600_000_000
LATE_S = 0.05  # measured: a sender later than this no longer sends what was asked for


class Fault(StrEnum):
    """Why a request failed."""

    STATUS = "status"  # an answer, but not a 2xx
    REFUSED = "refused"  # no connection: refused, unreachable, or no such name
    TLS = "tls"  # a connection, but no trust
    BROKEN = "broken"  # the connection broke before the whole answer had come
    TIMEOUT = "timeout"
    SENDER = "sender"  # this side could not send: no file descriptor was left, say


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request. `due_s`: when it should have been sent, `at_s`: when it ended; seconds from the start."""

    due_s: float
    at_s: float
    fault: Fault | None = None
    status: int | None = None
    instance: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed. Times as in `Outcome`; `status` is `None` where no answer came."""

    at_s: float
    due_s: float
    what: Fault
    status: int | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from when a request was due to its last byte, of those that succeeded; 0 if none did."""

    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    max_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Second:
    """The requests that were due in one second of the run."""

    at_s: int
    requests: int
    failed: int
    latency: Latency


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a load.

    `started_s` is the monotonic clock at its start, `ended_s` how long it took. `longest_gap_s` is the
    longest time in which no request succeeded, the run's edges included. `lateness_s` is how late the sender
    was at its worst.
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

    @property
    def void(self) -> str | None:
        """Why this run proves nothing, in a sentence; `None` if it counts."""
        if any(failure.what is Fault.SENDER for failure in self.failed):
            return "The sender had no file descriptors left."
        if self.lateness_s > LATE_S:
            late, most = self.lateness_s * 1000, LATE_S * 1000
            return f"The sender was {late:.0f} ms late; up to {most:.0f} ms counts."
        return None


def summarize(
    outcomes: Sequence[Outcome], *, started_s: float, ended_s: float, lateness_s: float
) -> LoadResult:
    """The figures of a run. `outcomes` in any order."""
    return LoadResult(
        started_s=started_s,
        ended_s=ended_s,
        requests=len(outcomes),
        failed=_failures(outcomes),
        by_status=Counter(each.status for each in outcomes if each.status is not None),
        by_instance=Counter(each.instance for each in outcomes if each.instance is not None),
        by_zone=Counter(each.zone for each in outcomes if each.zone is not None),
        latency=_latency(outcomes),
        longest_gap_s=_longest_gap(outcomes, ended_s),
        lateness_s=lateness_s,
        timeline=_timeline(outcomes),
    )


def _failures(outcomes: Iterable[Outcome]) -> tuple[Failure, ...]:
    failed = (
        Failure(each.at_s, each.due_s, each.fault, each.status) for each in outcomes if each.fault is not None
    )
    return tuple(sorted(failed, key=lambda failure: failure.at_s))


def _latency(outcomes: Iterable[Outcome]) -> Latency:
    histogram = HdrHistogram(1, HOUR_US, 3)
    for each in outcomes:
        if each.fault is None:
            histogram.record_value(max(1, round((each.at_s - each.due_s) * 1e6)))
    if not histogram.get_total_count():
        return Latency()
    found = histogram.get_percentile_to_value_dict([50, 90, 95, 99, 99.9, 100])
    return Latency(*(found[percent] / 1000 for percent in (50, 90, 95, 99, 99.9, 100)))


def _longest_gap(outcomes: Iterable[Outcome], ended_s: float) -> float:
    answered = sorted(each.at_s for each in outcomes if each.fault is None)
    return max(later - earlier for earlier, later in pairwise(chain([0.0], answered, [ended_s])))


def _timeline(outcomes: Iterable[Outcome]) -> tuple[Second, ...]:
    seconds: defaultdict[int, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        seconds[int(each.due_s)].append(each)
    return tuple(_second(at_s, seconds[at_s]) for at_s in sorted(seconds))


def _second(at_s: int, outcomes: Sequence[Outcome]) -> Second:
    failed = sum(each.fault is not None for each in outcomes)
    return Second(at_s, len(outcomes), failed, _latency(outcomes))
