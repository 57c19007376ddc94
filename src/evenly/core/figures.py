"""What the balancer counted of a new release's instances, and whether it is past a limit. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from evenly.manifest.types import RollbackAlarms

WINDOW_S = 5.0
LEAST_FAILURES = 3  # one or two may be anybody's
LEAST_ANSWERS = 20  # for a percentile
PERCENTILE = 0.95
LATE_MS = 2000.0  # at least: after so long the balancer asks somebody else as well, and that answer counts


class Counts(Struct, frozen=True):
    """What an instance was asked since it came up: `requests` in all, each try counted, those that `failed`: answered
    with 5XX, or broken off, and those that were `late`: somebody else was asked as well."""

    requests: int
    failed: int
    late: int = 0


class Reading(Struct, frozen=True):
    """The counts at a moment (monotonic seconds), by instance."""

    at: float
    counts: Mapping[str, Counts]


class Answer(Struct, frozen=True):
    """`at`: when it was read of (monotonic seconds); `ms`: how long the request took."""

    at: float
    ms: float


def within(readings: Sequence[Reading], now: float) -> tuple[Reading, ...]:
    """The readings of the last seconds, and the one before them, from which they count."""
    recent = [number for number, it in enumerate(readings) if now - it.at <= WINDOW_S]
    first = recent[0] if recent else len(readings)
    return tuple(readings[max(0, first - 1) :])


def alarm(
    readings: Sequence[Reading], answers: Iterable[Answer], limits: RollbackAlarms, release: int, now: float
) -> str | None:
    """Which figure of the last seconds is past its limit, as a sentence."""
    recent = within(readings, now)
    times = [it.ms for it in answers if now - it.at <= WINDOW_S] + [LATE_MS] * _grown(
        recent, lambda it: it.late
    )
    return _too_many_failures(recent, limits, release) or _too_slow(times, limits, release)


def _grown(readings: Sequence[Reading], count: Callable[[Counts], int]) -> int:
    """By how much it grew from the first to the last of them, over all instances that both have."""
    if len(readings) < 2:
        return 0
    first, last = readings[0].counts, readings[-1].counts
    return sum(count(it) - count(first[id]) for id, it in last.items() if id in first)


def _too_many_failures(readings: Sequence[Reading], limits: RollbackAlarms, release: int) -> str | None:
    requests, failed = _grown(readings, lambda it: it.requests), _grown(readings, lambda it: it.failed)
    if failed < LEAST_FAILURES or failed * 100 <= limits.errors * requests:
        return None
    share = 100 * failed / max(requests, failed)
    return (
        f"The instances of release {release} failed {share:.1f} % of their requests "
        f"({failed} of {requests}); the limit is {limits.errors:g} %."
    )


def _too_slow(times_ms: Sequence[float], limits: RollbackAlarms, release: int) -> str | None:
    if len(times_ms) < LEAST_ANSWERS:
        return None
    found = sorted(times_ms)[int(PERCENTILE * (len(times_ms) - 1))]
    if found <= limits.response_time * 1000:
        return None
    return (
        f"The instances of release {release} took {found:.0f} ms for 95 % of their requests; "
        f"the limit is {limits.response_time * 1000:g} ms."
    )
