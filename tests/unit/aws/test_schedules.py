"""A job comes due on AWS when it does on this machine: each expression is read by both rules and compared, minute by
minute."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from evenly.aws.schedules import LONGEST, expression
from evenly.errors import UsageError

BEGIN = datetime(2027, 12, 1, tzinfo=UTC)  # over a leap year's February
DAYS = 120


def due(schedule: str, days: int = DAYS) -> list[datetime]:
    """By the local target's rules."""
    found, until = [], BEGIN + timedelta(days=days)
    for it in CronSim(schedule, BEGIN):
        if it >= until:
            return found
        found.append(it)
    return found


def due_there(said: str, days: int = DAYS) -> list[datetime]:
    """By EventBridge's: six fields, of lists of numbers, with `*`, `?`, L, LW and #."""
    minute, hour, day, month, weekday, year = said.removeprefix("cron(").removesuffix(")").split()
    assert year == "*"
    assert (day == "?") is not (weekday == "?")
    times = [(h, m) for h in range(24) if _in(h, hour) for m in range(60) if _in(m, minute)]
    every = [BEGIN + timedelta(days=number) for number in range(days)]
    wanted = [it for it in every if _in(it.month, month) and _on(it, day) and _of_week(it, weekday)]
    found = [it.replace(hour=h, minute=m) for it in wanted for h, m in times]
    return [it for it in found if it > BEGIN]


def _in(value: int, field: str) -> bool:
    return field in ("*", "?") or value in map(int, field.split(","))


def _last(day: datetime) -> datetime:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _on(day: datetime, field: str) -> bool:
    last = _last(day)
    if field == "L":
        return day.day == last.day
    if field == "LW":
        back = {5: 1, 6: 2}.get(last.weekday(), 0)
        return day.day == (last - timedelta(days=back)).day
    return _in(day.day, field)


def _of_week(day: datetime, field: str) -> bool:
    number = day.isoweekday() % 7 + 1  # 1 is Sunday
    if found := re.fullmatch(r"(\d)#(\d)", field):
        return number == int(found[1]) and (day.day - 1) // 7 + 1 == int(found[2])
    if found := re.fullmatch(r"(\d)L", field):
        return number == int(found[1]) and day.day + 7 > _last(day).day
    return _in(number, field)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("30 2 * * *", "cron(30 2 * * ? *)"),
        ("*/15 * * * *", "cron(0,15,30,45 * * * ? *)"),
        ("0 9-17/4 * * *", "cron(0 9,13,17 * * ? *)"),
        ("0 0 1,15 * *", "cron(0 0 1,15 * ? *)"),
        ("0 0 L * *", "cron(0 0 L * ? *)"),
        ("0 0 LW * *", "cron(0 0 LW * ? *)"),
        ("0 6 * * 1-5", "cron(0 6 ? * 2,3,4,5,6 *)"),
        ("0 6 * * 0", "cron(0 6 ? * 1 *)"),
        ("0 6 * * 7", "cron(0 6 ? * 1 *)"),
        ("0 6 * * SAT,SUN", "cron(0 6 ? * 1,7 *)"),
        ("0 6 * 2 1#2", "cron(0 6 ? 2 2#2 *)"),
        ("0 6 * * 5L", "cron(0 6 ? * 6L *)"),
        ("0 6 * * 0-7", "cron(0 6 * * ? *)"),
        ("0 6 1-31 * MON", "cron(0 6 * * ? *)"),  # days of one kind or the other: every day
        ("0 6 1,2 * 0-6", "cron(0 6 * * ? *)"),
        ("* * * * *", "cron(* * * * ? *)"),
    ],
)
def test_it_is_due_at_the_same_times(schedule: str, said: str) -> None:
    assert expression(schedule, "jobs.tidy.schedule") == said
    assert due_there(said) == due(schedule)


def fields(least: int, most: int) -> st.SearchStrategy[str]:
    values = st.integers(least, most)
    ranges = st.tuples(values, values).map(lambda it: f"{min(it)}-{max(it)}")
    stepped = st.tuples(ranges, st.integers(1, 7)).map(lambda it: f"{it[0]}/{it[1]}")
    one = st.one_of(values.map(str), ranges, stepped)
    return st.one_of(st.just("*"), st.lists(one, min_size=1, max_size=3).map(",".join))


@settings(max_examples=25, deadline=None)
@given(fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 7), st.booleans())
def test_any_schedule_is_due_at_the_same_times(
    minute: str, hour: str, day: str, month: str, weekday: str, by_day: bool
) -> None:
    schedule = f"{minute} {hour} {day if by_day else '*'} {month} {'*' if by_day else weekday}"
    try:
        said = expression(schedule, "x")
    except UsageError as error:
        assert "longer than AWS takes" in error.what
        return
    assert len(said) <= LONGEST
    assert due_there(said, days=40) == due(schedule, days=40)


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("0 0 */2 * 1", "days of the month and days of the week"),
        ("0 0 1 * 1", "days of the month and days of the week"),
        ("0 0 1,L * *", "the last day of the month and others"),
        ("0 0 * * 1#1,3", "a weekday of one week and others"),
        ("0-58 0-22 1-27 1-11 *", "longer than AWS takes"),
    ],
)
def test_what_eventbridge_can_not_have_is_refused_by_its_place(schedule: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        expression(schedule, "jobs.tidy.schedule")
    assert raised.value.where == "jobs.tidy.schedule"
    assert why in raised.value.what
    assert raised.value.try_
