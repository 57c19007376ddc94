"""What a drill found, as data: printed, written as JSON and drawn, each by somebody else. Pure.

All `_at_s` are seconds from the load's start, as those of the load itself.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from evenly.verify._outcomes import Latency, LoadResult, Outcome
from evenly.verify._tally import Count


class Kind(StrEnum):
    """What is broken."""

    INSTANCE = "instance"
    ZONE = "zone"
    ZONE_RETURN = "zone-return"
    HANG = "hang"
    SLOW = "slow"
    DATABASE = "database"
    DATABASE_FAILOVER = "database-failover"
    BALANCER = "balancer"
    SUPERVISOR = "supervisor"


class DrillVerdict(StrEnum):
    PASS = "pass"  # noqa: S105  a verdict, no password
    FAIL = "fail"
    VOID = "void"  # the load was not what was asked for, so nothing is proved


class Cause(StrEnum):
    """What a moment of the timeline is."""

    FAULT = "fault"
    EVENT = "event"  # the target's own journal tells of it
    DETECTED = "detected"
    FULL = "full"  # full and balanced capacity again
    UNDONE = "undone"


class Moment(Struct, frozen=True):
    """Something that happened. `what`: a sentence for a person."""

    at_s: float
    cause: Cause
    what: str
    instance: str | None = None
    zone: str | None = None


class Bounds(Struct, frozen=True):
    """What a drill may cost; `None`: measured, and not judged.

    `failed`: requests. `gap_s`: the longest time without a successful answer. `longest_s`: of a request that succeeded.
    `full_s`: from the fault until capacity is full and balanced again.
    """

    failed: int | None = 0
    gap_s: float | None = None
    longest_s: float | None = None
    full_s: float | None = None


class Phase(Struct, frozen=True):
    """The requests that were due in one part of the drill."""

    requests: int
    failed: int
    latency: Latency


class DrillResult(Struct, frozen=True):
    """One drill. `victim`: the instance or zone that was broken; `None` where there is only one such part. `before`,
    `during` and `after`: up to the fault, until capacity was full again, and from then on. `detected_s` and `full_s`
    count from the fault; `None`: not seen. `missed`: each bound that was not held, a sentence each. `void`: why it
    proves nothing. `started_at`: RFC 3339, UTC."""

    kind: Kind
    sentence: str
    victim: str | None
    verdict: DrillVerdict
    missed: tuple[str, ...]
    void: str | None
    bounds: Bounds
    rate: float
    started_at: str
    fault_at_s: float
    detected_s: float | None
    full_s: float | None
    before: Phase
    during: Phase
    after: Phase
    moments: tuple[Moment, ...]
    load: LoadResult


class SkippedDrill(Struct, frozen=True):
    """A drill that this environment does not allow. `why`: a sentence."""

    kind: Kind
    why: str


class Drills(Struct, frozen=True):
    """One run of `evenly drill`: a single drill, or all, one after the other. `broken_off`: why the rest was not
    begun, a sentence; `None` if all was."""

    url: str
    environment: str
    target: str
    started_at: str
    duration_s: float
    results: tuple[DrillResult, ...]
    skipped: tuple[SkippedDrill, ...] = ()
    broken_off: str | None = None

    def of(self, verdict: DrillVerdict) -> tuple[DrillResult, ...]:
        return tuple(it for it in self.results if it.verdict is verdict)


def phases(
    outcomes: Iterable[Outcome], fault_at_s: float, full_at_s: float | None
) -> tuple[Phase, Phase, Phase]:
    """Before, during and after, each request where it was due. Without `full_at_s` all after the fault is `during`."""
    before, during, after = Count(), Count(), Count()
    for it in outcomes:
        if it.due_s < fault_at_s:
            before.add(it)
        elif full_at_s is None or it.due_s < full_at_s:
            during.add(it)
        else:
            after.add(it)
    return _phase(before), _phase(during), _phase(after)


def _phase(found: Count) -> Phase:
    return Phase(found.requests, found.failed, found.latency)
