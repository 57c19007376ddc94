"""A job's schedule as EventBridge Scheduler writes it. Pure.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based: minutes, hours, day of the month,
month, day of the week (1 is Sunday) and year; one of the two kinds of days has to be `?`. Every field is written as the
values that it stands for: steps and ranges differ between the dialects, numbers do not.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from cronsim import CronSim

from evenly.errors import UsageError

ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_WEEKDAY = frozenset(range(7))  # cron has two Sundays, 0 and 7
LONGEST = 256  # characters; https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html


def expression(schedule: str, where: str) -> str:
    """`cron(...)` with the due times of `schedule`. Raises UsageError, which names `where`, for one that EventBridge
    can't have."""
    parsed = CronSim(schedule, ANY_TIME)
    days, weekdays = _one_kind(_days(parsed, where), _weekdays(parsed, where), where, both=parsed.day_and)
    minutes, hours, months = (
        _listed(*it)
        for it in ((parsed.minutes, range(60)), (parsed.hours, range(24)), (parsed.months, range(1, 13)))
    )
    made = f"cron({minutes} {hours} {days} {months} {weekdays} *)"
    if len(made) > LONGEST:
        raise _refused(where, f"is longer than AWS takes: {len(made)} characters, of {LONGEST}.")
    return made


def _one_kind(days: str, weekdays: str, where: str, *, both: bool) -> tuple[str, str]:
    """One of the two as `?`. `both`: a due day has to be of both; else, as in Debian's cron where neither begins with a
    star, of one of them."""
    if weekdays == "*" or (days == "*" and not both):
        return (days if both else "*"), "?"
    if days == "*":
        return "?", weekdays
    raise _refused(where, "names days of the month and days of the week, and AWS takes one of them.")


def _days(parsed: CronSim, where: str) -> str:
    special = {CronSim.LAST: "L", CronSim.LAST_WEEKDAY: "LW"}
    found = [special[it] for it in parsed.days if it in special]
    if not found:
        return _listed(parsed.days, range(1, 32))
    if len(parsed.days) > 1:
        raise _refused(where, "names the last day of the month and others, and AWS takes it alone.")
    return found[0]


def _weekdays(parsed: CronSim, where: str) -> str:
    plain = {it % 7 for it in parsed.weekdays if isinstance(it, int)}
    special = [it for it in parsed.weekdays if not isinstance(it, int)]
    if not special:
        return _listed({it + 1 for it in plain}, {it + 1 for it in EVERY_WEEKDAY})
    if len(parsed.weekdays) > 1:
        raise _refused(where, "names a weekday of one week and others, and AWS takes it alone.")
    day, which = special[0]
    return f"{day % 7 + 1}L" if which == CronSim.LAST else f"{day % 7 + 1}#{which}"


def _listed(values: Iterable[int], every: Collection[int]) -> str:
    found = sorted(set(values))
    return "*" if set(found) == set(every) else ",".join(map(str, found))


def _refused(where: str, why: str) -> UsageError:
    return UsageError(f"this schedule {why}", where=where, try_="Write two jobs, one for each.")
