"""An HDR histogram of latencies: whole microseconds from 1 us to 1 h, each kept to three significant digits. Pure.

The buckets are those of HdrHistogram (hdrhistogram.org) for that range and precision: 2,048 one microsecond wide, then
1,024 more for each doubling, each twice as wide as those before. What is counted in it, here and there, has the same
percentiles. It holds only the buckets that are in use, and so a second of a load is small.
"""

from collections.abc import Iterable, Sequence

HOUR_US = 3_600_000_000
_BITS = 11  # 2**11 > 2 * 10**3: values that differ in their third digit are in different buckets
_FINE = (1 << _BITS) - 1


class Histogram:
    """How often each latency was seen. Adding is all that changes it."""

    __slots__ = ("_counts", "_total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        return self._total

    @property
    def max_us(self) -> int:
        """The largest, at the upper edge of its bucket; 0 if there is none."""
        return _upper_edge(max(self._counts)) if self._counts else 0

    def record(self, microseconds: int, count: int = 1) -> None:
        """What is below 1 us or above 1 h counts as that. `count` is at least 1."""
        index = _index(min(max(microseconds, 1), HOUR_US))
        self._counts[index] = self._counts.get(index, 0) + count
        self._total += count

    def merge(self, other: "Histogram") -> None:
        for index, count in other._counts.items():
            self._counts[index] = self._counts.get(index, 0) + count
        self._total += other._total

    def percentile_us(self, percent: float) -> int:
        """See `percentiles_us`."""
        return self.percentiles_us((percent,))[0]

    def percentiles_us(self, percents: Sequence[float]) -> tuple[int, ...]:
        """For each of `percents`, which ascend (0 to 100): the upper edge of the bucket that this share of the
        latencies reaches; 0 if there is none."""
        if not self._counts:
            return (0,) * len(percents)
        wanted = [max(1, int(percent * self._total / 100 + 0.5)) for percent in percents]
        return tuple(self._reached(wanted))

    def _reached(self, wanted: Iterable[int]) -> Iterable[int]:
        indexes = iter(sorted(self._counts))
        index, seen = -1, 0
        for each in wanted:
            while seen < each:
                index = next(indexes)
                seen += self._counts[index]
            yield _upper_edge(index)

    def compact(self) -> tuple[int, ...]:
        """As whole numbers in pairs, for JSON: how far it is from the bucket before to this one, and its count."""
        pairs: list[int] = []
        before = 0
        for index in sorted(self._counts):
            pairs += (index - before, self._counts[index])
            before = index
        return tuple(pairs)

    @classmethod
    def of_compact(cls, pairs: Sequence[int]) -> "Histogram":
        """What `compact` was called on. Raises ValueError for what it can't have made."""
        made = cls()
        index = 0
        for step, count in zip(pairs[::2], pairs[1::2], strict=True):
            index += step
            if count < 1 or step < 1 or index > _LAST:
                raise ValueError("This is no compact histogram.")
            made._counts[index] = count
            made._total += count
        return made

    def __eq__(self, other: object) -> bool:
        return self._counts == other._counts if isinstance(other, Histogram) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes


def _index(value: int) -> int:
    shift = (value | _FINE).bit_length() - _BITS
    return (shift << (_BITS - 1)) + (value >> shift)


def _upper_edge(index: int) -> int:
    """The largest value in the bucket."""
    shift = max(0, (index >> (_BITS - 1)) - 1)
    return (((index - (shift << (_BITS - 1))) + 1) << shift) - 1


_LAST = _index(HOUR_US)
