"""What was seen of the environment, and what of it is news: change detection and the order of events. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.facts import Happening, ReleaseFact
from evenly.core.moments import timestamp
from evenly.core.status import EnvironmentState, EnvironmentStatus, PartState
from evenly.core.traffic import Rates
from evenly.dashboard.frames import encoded
from evenly.dashboard.values import Point, View

AT_LEAST_EVERY_S = 2.0
EVENTS = 100  # that are kept for who comes later
KNOWN = 1000  # that are told from new ones
SET_BACK_S = 1.0  # more than clocks are trimmed by
DOWN = "The environment is down. Bring it up: evenly up"
UNANSWERED = "The supervisor does not answer; this is what its record says."


class Seen(Struct, frozen=True):
    """One look. `problem`: why there is no status, a sentence."""

    status: EnvironmentStatus | None
    problem: str | None = None
    release: ReleaseFact | None = None


def view_of(seen: Seen, at: datetime) -> View:
    status = seen.status
    if status is None or _is_down(status):
        return View(timestamp(at), None, False, seen.problem or DOWN, seen.release)
    if status.supervisor.state is not PartState.RUNNING:
        return View(timestamp(at), status, True, UNANSWERED, seen.release)
    return View(timestamp(at), status, False, status.problem, seen.release)


def point_of(rates: Rates | None, at: datetime) -> Point:
    if rates is None:
        return Point(timestamp(at))
    return Point(
        at=timestamp(at),
        requests_per_s=rates.per_second,
        errors_per_s=rates.errors_per_second,
        p50_ms=rates.p50_ms,
        p95_ms=rates.p95_ms,
        p99_ms=rates.p99_ms,
        active=rates.active,
    )


def _is_down(status: EnvironmentStatus) -> bool:
    """Nothing serves, and nothing is there that could change that."""
    parts = (status.balancer, status.database, status.supervisor)
    runs = any(part and part.pid for part in parts) or any(zone.instances for zone in status.zones)
    return status.state is EnvironmentState.DOWN and not runs


class Pace:
    """Which views are told: those that differ from the one before, and one at least every two seconds."""

    def __init__(self) -> None:
        self._told: bytes | None = None
        self._at = 0.0

    def is_due(self, view: View, now: float) -> bool:
        """Whether to tell `view`; if so, it counts as told. `now`: monotonic seconds."""
        content = encoded(replace(view, at=""))
        if content == self._told and now - self._at < AT_LEAST_EVERY_S:
            return False
        self._told, self._at = content, now
        return True


class Question(Struct, frozen=True):
    """Which events to ask for: see `Facts.events`."""

    after: int = 0
    since: datetime | None = None


class Timeline:
    """The last events, each told once, also when the wall clock is set back."""

    def __init__(self) -> None:
        self.last: deque[Happening] = deque(maxlen=EVENTS)
        self._known: deque[int] = deque(maxlen=KNOWN)
        self._next = Question()
        self._asked: tuple[datetime, float] | None = None

    def question(self, wall: datetime, now: float) -> Question:
        """What to ask for at `wall` (aware), which is `now` in monotonic seconds."""
        if self._asked is not None:
            expected = self._asked[0] + timedelta(seconds=now - self._asked[1])
            if (expected - wall).total_seconds() > SET_BACK_S:
                began = wall - timedelta(seconds=now - self._asked[1])
                self._next = Question(0, began)
        self._asked = (wall, now)
        return self._next

    def news(self, found: Iterable[Happening]) -> Sequence[Happening]:
        """Those of `found` (oldest first) that were not told yet; they count as told."""
        new = tuple(it for it in found if it.number not in self._known)
        if new:
            self._known.extend(it.number for it in new)
            self.last.extend(new)
            self._next = replace(self._next, after=new[-1].number)
        return new
