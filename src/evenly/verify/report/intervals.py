"""The seconds of a load as a plot shows them: as they are, or several together where there are many. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import Struct

from evenly.verify._outcomes import LoadResult, Second

MOST = 240
_WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_LEAST_S = 0.2  # the rate of a shorter piece, at the end of a load, is no more than chance


class Interval(Struct, frozen=True):
    """The requests that were due from `start_s` to `end_s`. Of several seconds together: the median of their p50, the
    worst of their p99. `None` where no request succeeded."""

    start_s: float
    end_s: float
    requests: int
    failed: int
    p50_ms: float | None
    p99_ms: float | None
    by_zone: Mapping[str, int]

    @property
    def is_whole(self) -> bool:
        """Whether it lasts long enough for a rate."""
        return self.end_s - self.start_s >= _LEAST_S

    def rate(self, requests: int) -> float:
        return requests / (self.end_s - self.start_s)


def intervals(load: LoadResult) -> tuple[Interval, ...]:
    """All of the load, in `MOST` pieces of one width at the most."""
    if not load.timeline:
        return ()
    last_s = load.timeline[-1].at_s
    # What a scenario asks for after the last stage is due after it: only a second that the load ends in is cut short.
    end_s = load.sent_s if last_s < load.sent_s < last_s + 1 else last_s + 1.0
    width_s = _width_s(last_s + 1)
    grouped: dict[int, list[Second]] = {}
    for second in load.timeline:
        grouped.setdefault(second.at_s // width_s, []).append(second)
    return tuple(_interval(it * width_s, width_s, end_s, seconds) for it, seconds in grouped.items())


def width_s(found: Sequence[Interval]) -> int:
    """How many seconds each of them stands for."""
    return max((round(it.end_s - it.start_s) for it in found), default=1) or 1


def _width_s(seconds: int) -> int:
    return next((it for it in _WIDTHS_S if seconds / it <= MOST), -(-seconds // MOST))


def _interval(start_s: int, width_s: int, end_s: float, seconds: Sequence[Second]) -> Interval:
    good = [it.latency for it in seconds if it.requests > it.failed]
    zones: Counter[str] = Counter()
    for it in seconds:
        zones.update(it.by_zone)
    return Interval(
        start_s=start_s,
        end_s=min(float(start_s + width_s), end_s),
        requests=sum(it.requests for it in seconds),
        failed=sum(it.failed for it in seconds),
        p50_ms=median(it.p50_ms for it in good) if good else None,
        p99_ms=max(it.p99_ms for it in good) if good else None,
        by_zone=dict(zones),
    )
