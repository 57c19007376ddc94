"""The logs of an environment on AWS: the groups of CloudWatch that are under its name, read, merged by time, followed.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from evenly.aws.cloud.session import Asked
from evenly.aws.naming import Names
from evenly.aws.operations.clock import Clock
from evenly.errors import StateError, UsageError

# How far back to look for the last so many lines, in seconds, until there are as many.
WINDOWS = (15 * 60, 2 * 3600, 24 * 3600, 14 * 24 * 3600)
POLL_S = 2.0
LATE_S = 30.0  # a line may come so much later than what it says


class LogLine(Struct, frozen=True):
    """`source`: what the group is of: `app`, `workers/NAME`, `migration`, ... `stream`: of which task or host. `at`:
    seconds since the epoch."""

    id: str
    source: str
    stream: str
    at: float
    text: str


class Logs:
    """`asked`: a client of CloudWatch Logs."""

    def __init__(self, asked: Asked, names: Names, clock: Clock) -> None:
        self._asked = asked
        self._prefix = names.log_group("")
        self._clock = clock

    def sources(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Those that there are, and of them the wanted, if any are named. Raises UsageError for one that is not there,
        StateError where there are none."""
        there = tuple(self._there())
        if not there:
            what = "there are no logs yet."
            raise StateError(what, where=self._prefix, try_="They come with the first deploy.")
        for name in wanted:
            if not any(_is_of(it, name) for it in there):
                raise UsageError(
                    f"nothing is called {name}.", where="WHAT", try_=f"There is: {', '.join(there)}."
                )
        return tuple(it for it in there if not wanted or any(_is_of(it, name) for name in wanted))

    def _there(self) -> Iterator[str]:
        for page in self._asked.pages("describe_log_groups", "nextToken", logGroupNamePrefix=self._prefix):
            for it in page["logGroups"]:
                yield it["logGroupName"].removeprefix(self._prefix)

    def last(self, sources: Sequence[str], count: int) -> tuple[LogLine, ...]:
        """The last `count` lines of all of them."""
        found: tuple[LogLine, ...] = ()
        for window in WINDOWS:
            found = self.since(sources, self._clock.now() - window)
            if len(found) >= count:
                break
        return found[len(found) - min(count, len(found)) :]

    def since(self, sources: Sequence[str], at: float) -> tuple[LogLine, ...]:
        """All lines from the time `at` on, merged."""
        found = (line for it in sources for line in self._of(it, at))
        return tuple(sorted(found, key=lambda it: it.at))

    def _of(self, source: str, at: float) -> Iterator[LogLine]:
        for page in self._asked.pages(
            "filter_log_events",
            "nextToken",
            logGroupName=f"{self._prefix}{source}",
            startTime=max(round(at * 1000), 0),
        ):
            yield from (_line(source, it) for it in page.get("events", ()))

    def follow(self, sources: Sequence[str], known: Sequence[LogLine]) -> Iterator[tuple[LogLine, ...]]:
        """What is new, again and again, and nothing that is `known`; never ends."""
        seen = {it.id: it.at for it in known}
        while True:
            self._clock.pause(POLL_S)
            from_ = self._clock.now() - LATE_S - POLL_S
            fresh = tuple(it for it in self.since(sources, from_) if it.id not in seen)
            seen = {id_: at for id_, at in seen.items() if at >= from_} | {it.id: it.at for it in fresh}
            yield fresh


def _is_of(source: str, name: str) -> bool:
    """`workers` means all of them, and so does `mail` the worker or job of that name."""
    return name in (source, source.partition("/")[0], source.rpartition("/")[2])


def _line(source: str, said: dict[str, Any]) -> LogLine:
    """One without an id, which AWS does not promise, is known by all that it says."""
    stream = said.get("logStreamName", "")
    return LogLine(
        said.get("eventId") or f"{source} {stream} {said['timestamp']} {said['message']}",
        source,
        stream,
        said["timestamp"] / 1000,
        said["message"].rstrip("\n"),
    )
