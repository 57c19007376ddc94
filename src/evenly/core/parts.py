"""The parts that an environment has one of, balancer and database: when one that died is started again. Pure."""

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.fleet import ProcessRef

STABLE_AFTER_S = 10.0
LONGEST_BACKOFF_S = 10.0


class Part(Struct, frozen=True):
    """`process` is `None` while it is down. `failures`: deaths in a row, each soon after a start.

    `start_at`: not to be started before (monotonic seconds). `why`: how the last one ended, a sentence.
    """

    process: ProcessRef | None = None
    ready: bool = False
    started_at: float = 0.0
    failures: int = 0
    start_at: float = 0.0
    why: str | None = None


def started(part: Part, process: ProcessRef, now: float) -> Part:
    return replace(part, process=process, ready=False, started_at=now)


def ready(part: Part) -> Part:
    return replace(part, ready=True)


def handed_over(process: ProcessRef, now: float) -> Part:
    """Another process holds the part, and works already."""
    return Part(process, ready=True, started_at=now)


def ended(part: Part, why: str, now: float) -> Part:
    """The part after its process ended: to be started again at once, or later if it keeps dying."""
    failures = 0 if now - part.started_at >= STABLE_AFTER_S else part.failures + 1
    return Part(failures=failures, start_at=now + restart_delay_s(failures), why=why)


def not_started(part: Part, why: str, now: float) -> Part:
    """The part after there was nothing to start: as if it had ended at once."""
    return ended(replace(part, started_at=now), why, now)


def restart_delay_s(failures: int) -> float:
    """0 for the first deaths, then 0.25, 0.5, 1 ... 10 s."""
    return 0.0 if failures < 2 else min(0.25 * 2.0 ** (failures - 2), LONGEST_BACKOFF_S)
