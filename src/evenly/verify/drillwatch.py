"""Watches an environment during a drill: its status and its events, and what of it is the timeline.

Keeps monotonic times, so that they can be told from the load's start once that is known.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from evenly.core.facts import Happening
from evenly.core.moments import timestamp
from evenly.core.status import EnvironmentStatus
from evenly.verify.drill import Drill, shows, tells_of
from evenly.verify.drillresult import Cause, Moment
from evenly.verify.target import Facts


class Times(Protocol):
    def now(self) -> float: ...

    def wall(self) -> datetime: ...


class Watch:
    """`tell` hears of each moment as soon as it is known, with its time from `begin` on."""

    def __init__(self, target: Facts, times: Times, tell: Callable[[Moment], None]) -> None:
        self._target = target
        self._times = times
        self._tell = tell
        self._drill: Drill | None = None
        self._began = 0.0
        self._since: datetime | None = None
        self._after = 0
        self._moments: list[Moment] = []
        self.status: EnvironmentStatus | None = None
        self.started_at = ""

    def begin(self, drill: Drill, started_at: datetime) -> None:
        """From now on what happens is part of the drill."""
        self._drill = drill
        self._began = self._times.now()
        self._since = started_at
        self.started_at = timestamp(started_at)

    def look(self) -> EnvironmentStatus:
        """The status now, after noting what is new in it. Raises what the target does."""
        if self._drill is not None:
            for event in self._target.events(self._after, self._since):
                self._heard(event, self._drill)
        self.status = self._target.status()
        if self._drill is not None and self._is_undetected() and shows(self._drill, self.status):
            self.note(Cause.DETECTED, "The environment's status shows it.")
        return self.status

    def note(self, cause: Cause, what: str) -> None:
        self._add(Moment(self._times.now(), cause, what))

    def at(self, cause: Cause) -> float | None:
        """When the first such moment was."""
        return next((it.at_s for it in self._moments if it.cause is cause), None)

    def since_fault(self, cause: Cause) -> float | None:
        """Seconds from the fault to the first such moment, at least 0."""
        fault, found = self.at(Cause.FAULT), self.at(cause)
        return None if fault is None or found is None else max(0.0, found - fault)

    def moments(self, started_s: float) -> tuple[Moment, ...]:
        """All, in their order, with their times from `started_s` on."""
        ordered = sorted(self._moments, key=lambda it: it.at_s)
        return tuple(replace(it, at_s=it.at_s - started_s) for it in ordered)

    def _heard(self, event: Happening, drill: Drill) -> None:
        self._after = event.number
        ago_s = (self._times.wall() - datetime.fromisoformat(event.at)).total_seconds()
        at_s = self._times.now() - ago_s
        self._add(Moment(at_s, Cause.EVENT, event.what, event.instance, event.zone))
        if self._is_undetected() and tells_of(drill, event):
            self._add(Moment(at_s, Cause.DETECTED, "The environment's own events tell of it."))

    def _is_undetected(self) -> bool:
        return self.at(Cause.FAULT) is not None and self.at(Cause.DETECTED) is None

    def _add(self, moment: Moment) -> None:
        self._moments.append(moment)
        if self._drill is not None:
            self._tell(replace(moment, at_s=moment.at_s - self._began))
