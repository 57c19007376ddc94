"""What the events of a stack tell: what is done, how long it took, how it ended, and which failure came first. Pure:
events in, sentences out; the order of events that have the same time does not matter.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from evenly.aws.cloud.facts import Event
from evenly.aws.cloud.refusals import denial

# What one failure does to everything else that was under way.
_CASCADE = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "Resource deletion cancelled",
    "Resource creation Cancelled",
    "The following resource(s) failed to",
    "Rollback requested",
    "Delete requested by",
)
_VERBS = {
    "CREATE": ("being made", "made"),
    "UPDATE": ("being changed", "changed"),
    "DELETE": ("being removed", "removed"),
    "IMPORT": ("being imported", "imported"),
}
ENDED = (
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "DELETE_COMPLETE",
    "DELETE_FAILED",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
)
GOOD = ("CREATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE")
STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS")


class Course(Struct, frozen=True):
    """How far one operation on a stack is. `started`: by resource, when what is being done to it began, in seconds
    since the epoch. `status`: of the stack itself, by its last event; `None` before there is one."""

    started: Mapping[str, float] = {}
    status: str | None = None
    failures: tuple[Event, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.status in ENDED

    @property
    def is_good(self) -> bool:
        return self.status in GOOD


def followed(course: Course, events: Iterable[Event]) -> tuple[Course, tuple[str, ...]]:
    """The course with what is new in it, and that as sentences."""
    said: list[str] = []
    started, status, failures = dict(course.started), course.status, course.failures
    for event in events:
        if event.is_of_stack:
            status = _later(status, event.status)
            said += _of_stack(event)
        else:
            said += _of_resource(event, started)
        if event.status.endswith("_FAILED"):
            failures = (*failures, event)
    return Course(started, status, failures), tuple(said)


def _later(known: str | None, status: str) -> str:
    """Once it has ended, it has: what began in the same moment is no news."""
    return known if known in ENDED and status not in ENDED else status


def _of_stack(event: Event) -> list[str]:
    if "ROLLBACK" in event.status and event.status.endswith("_IN_PROGRESS") and "CLEANUP" not in event.status:
        return ["it goes back to what it was"]
    return []


def _of_resource(event: Event, started: dict[str, float]) -> list[str]:
    verb, _, phase = event.status.partition("_")
    if phase == "IN_PROGRESS":
        started.setdefault(event.resource, event.at)
        return []
    began = started.pop(event.resource, event.at)
    if phase == "FAILED":
        return (
            [] if is_cascade(event) else [f"{event.resource} failed: {event.reason or 'no reason was given'}"]
        )
    if verb not in _VERBS or phase != "COMPLETE":
        return [f"{event.resource} is kept"] if phase == "SKIPPED" else []
    took = round(event.at - began)
    return [f"{event.resource} {_VERBS[verb][1]}" + (f", {took} s" if took >= 1 else "")]


def under_way(course: Course, now: float, since: float) -> tuple[str, ...]:
    """The resources that something has been done to for longer than `since` seconds."""
    slow = [(it, now - began) for it, began in course.started.items() if now - began >= since]
    return tuple(f"{name} ({round(age)} s)" for name, age in slow)


def is_cascade(event: Event) -> bool:
    return event.is_of_stack or (event.reason or "").startswith(_CASCADE)


class Cause(Struct, frozen=True):
    """The first real failure. `others`: how many more there were that do not follow from it. `allow`: the statement
    that would allow what was denied, if that is what failed."""

    resource: str
    type: str
    reason: str
    others: int
    allow: str | None


def first_cause(failures: Iterable[Event]) -> Cause | None:
    """Of all the failures of an operation: the earliest that is no consequence of another."""
    held = list(failures)
    real = [it for it in held if not is_cascade(it)] or [it for it in held if it.is_of_stack]
    if not real:
        return None
    first = min(real, key=lambda it: it.at)
    reason = first.reason or "AWS gave no reason"
    missing = denial(reason)
    return Cause(first.resource, first.type, reason, len(real) - 1, missing.statement if missing else None)


def latest_operation(events: Iterable[Event]) -> tuple[Event, ...]:
    """Of all events of a stack, oldest first: those since the last time that something was begun with it."""
    held = tuple(events)
    begins = [place for place, it in enumerate(held) if it.is_of_stack and it.status in STARTS]
    return held[begins[-1] :] if begins else held
