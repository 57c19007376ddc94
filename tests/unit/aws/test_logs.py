"""Logs of CloudWatch, in memory: which there are, the last of them, and what comes after."""

from itertools import islice
from typing import Any

import pytest
from tests.unit.aws.world import NAMES, FakeTime

from evenly.aws.cloud.session import Asked
from evenly.aws.operations.logs import Logs
from evenly.errors import StateError, UsageError

PREFIX = "/evenly/shop/staging/"


class FakeLogs:
    """`held`: by group, the times of its lines, in seconds since the epoch."""

    def __init__(self, **held: list[float]) -> None:
        self.held = {name.replace("__", "/"): times for name, times in held.items()}
        self.asked: list[float] = []

    def describe_log_groups(self, logGroupNamePrefix: str, nextToken: str | None = None) -> Any:  # noqa: N803
        names = [f"{PREFIX}{it}" for it in self.held]
        assert logGroupNamePrefix == PREFIX
        start = int(nextToken or 0)
        more = {"nextToken": str(start + 1)} if start + 1 < len(names) else {}
        return {"logGroups": [{"logGroupName": it} for it in names[start : start + 1]], **more}

    def filter_log_events(self, logGroupName: str, startTime: int, nextToken: str | None = None) -> Any:  # noqa: N803
        self.asked.append(startTime / 1000)
        source = logGroupName.removeprefix(PREFIX)
        told = [it for it in sorted(self.held[source]) if it * 1000 >= startTime]
        start = int(nextToken or 0)
        more = {"nextToken": str(start + 2)} if start + 2 < len(told) else {}
        return {"events": [self._event(source, it) for it in told[start : start + 2]], **more}

    def _event(self, source: str, at: float) -> Any:
        text = f"{source} at {at:g}\n"
        return {
            "eventId": f"{source}-{at}",
            "logStreamName": "task",
            "timestamp": round(at * 1000),
            "message": text,
        }


def logs(fake: FakeLogs, time: FakeTime | None = None) -> Logs:
    return Logs(Asked(fake, "logs in eu-west-1"), NAMES, (time or FakeTime()).clock)


NOW = FakeTime().at


def test_all_groups_of_the_environment_are_sources() -> None:
    assert logs(FakeLogs(app=[], workers__mail=[], jobs__clean=[])).sources(()) == (
        "app",
        "workers/mail",
        "jobs/clean",
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("app",), ("app",)),
        (("workers",), ("workers/mail", "workers/post")),
        (("mail",), ("workers/mail",)),
        (("jobs/clean", "app"), ("app", "jobs/clean")),
    ],
)
def test_one_is_named_by_kind_or_by_its_own_name(wanted: tuple[str, ...], found: tuple[str, ...]) -> None:
    fake = FakeLogs(app=[], workers__mail=[], workers__post=[], jobs__clean=[])
    assert logs(fake).sources(wanted) == found


def test_one_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        logs(FakeLogs(app=[])).sources(("database",))
    assert caught.value.what == "nothing is called database."
    assert caught.value.try_ == "There is: app."
    with pytest.raises(StateError, match="no logs yet"):
        logs(FakeLogs()).sources(())


def test_lines_are_merged_by_time() -> None:
    fake = FakeLogs(app=[NOW - 9, NOW - 5, NOW - 1], door=[NOW - 7, NOW - 3])
    found = logs(fake).since(("app", "door"), NOW - 8)
    assert [it.text for it in found] == [
        f"door at {NOW - 7:g}",
        f"app at {NOW - 5:g}",
        f"door at {NOW - 3:g}",
        f"app at {NOW - 1:g}",
    ]


def test_the_last_lines_are_looked_for_further_and_further_back() -> None:
    fake = FakeLogs(app=[NOW - 10 * 24 * 3600, NOW - 3600, NOW - 60])
    found = logs(fake)
    assert [round(NOW - it.at) for it in found.last(("app",), 1)] == [60]
    assert max(NOW - it for it in fake.asked) == 15 * 60
    assert [round(NOW - it.at) for it in found.last(("app",), 2)] == [3600, 60]
    assert len(found.last(("app",), 9)) == 3
    assert found.last(("app",), 0) == ()


def test_what_follows_is_told_once_and_what_comes_late_too() -> None:
    time = FakeTime()
    fake = FakeLogs(app=[NOW - 1])
    found = logs(fake, time)
    fresh = found.follow(("app",), found.since(("app",), NOW - 60))
    assert next(fresh) == ()
    fake.held["app"] += [time.at + 1, NOW - 20]
    assert [round(it.at - NOW) for it in next(fresh)] == [-20, 3]
    assert list(islice(fresh, 3)) == [(), (), ()]


def test_a_line_without_an_id_is_followed_once_too() -> None:
    class WithoutIds(FakeLogs):
        def _event(self, source: str, at: float) -> Any:
            return {key: it for key, it in super()._event(source, at).items() if key != "eventId"}

    time = FakeTime()
    fake = WithoutIds(app=[time.at - 1])
    reading = logs(fake, time)
    known = reading.last(("app",), 10)
    fresh = reading.follow(("app",), known)
    assert next(fresh) == ()
    fake.held["app"].append(time.at)
    assert len(next(fresh)) == 1
