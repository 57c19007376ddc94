"""When a job is due: cron expressions of five fields, in UTC. Pure. Moments are seconds since 1970."""

from collections.abc import Iterator
from datetime import UTC, datetime

from cronsim import CronSim


def due_after(schedule: str, moment: float) -> Iterator[float]:
    """The due times later than `moment`, in order. Ends where there is none for 50 years."""
    for each in CronSim(schedule, _whole(moment)):
        yield each.timestamp()


def last_due(schedule: str, moment: float) -> float | None:
    """The last due time not later than `moment`."""
    backwards = CronSim(schedule, _whole(moment + 1), reverse=True)
    found = next(backwards, None)
    return found.timestamp() if found else None


def _whole(moment: float) -> datetime:
    return datetime.fromtimestamp(int(moment), UTC)
