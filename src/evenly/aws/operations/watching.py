"""Looking on until what was begun has ended: stacks by their events, change sets by their status. Nothing here begins
or ends anything, so to be interrupted costs nothing.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from evenly.aws.cloud.facts import ChangeSetFacts
from evenly.aws.cloud.formation import Formation
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.progress import ENDED, Course, followed, latest_operation, under_way
from evenly.errors import TargetError

Say = Callable[[str, str], None]  # of which stack, and a sentence
QUIET_S = 30.0  # without news, what takes so long is named
IDLE = 3  # rounds without an event, after which the stack's own status is believed


class Running(Struct):
    """An operation on a stack that is looked at. `seen`: ids of the events from before it, and of those told."""

    concern: str
    formation: Formation
    stack_id: str
    seen: set[str] = set()
    course: Course = Course()
    idle: int = 0


def before(concern: str, formation: Formation, stack_id: str) -> Running:
    """To be called before something is begun: what happened until now is not part of it."""
    return Running(concern, formation, stack_id, set(formation.recent(stack_id)))


def during(concern: str, formation: Formation, stack_id: str) -> Running:
    """For something that was begun earlier, by us or by others: its events from the start of it."""
    events = formation.events(stack_id)
    own = {it.id for it in latest_operation(events)}
    return Running(concern, formation, stack_id, {it.id for it in events if it.id not in own})


def watch(running: Sequence[Running], clock: Clock, say: Say) -> dict[str, Course]:
    """How each ended, by concern. Tells what happens meanwhile."""
    told_at = clock.now()
    for _ in clock.rounds():
        news = [(it.concern, line) for it in running if not it.course.is_over for line in _look(it)]
        for concern, line in news:
            say(concern, line)
        if all(it.course.is_over for it in running):
            return {it.concern: it.course for it in running}
        if news:
            told_at = clock.now()
        elif clock.now() - told_at >= QUIET_S:
            told_at = clock.now()
            _tell_slow(running, clock, say)
    raise AssertionError  # the rounds have no end


def _look(it: Running) -> tuple[str, ...]:
    # Its status is asked first: what has ended by then has told all its events.
    ended = _ended(it) if it.idle >= IDLE else None
    events = it.formation.events(it.stack_id, it.seen)
    it.seen |= {event.id for event in events}
    it.idle = 0 if events else it.idle + 1
    it.course, told = followed(it.course, events)
    if ended and not events:
        it.course = Course(it.course.started, ended, it.course.failures)
    return told


def _ended(it: Running) -> str | None:
    """The status of one that has ended, whatever its events tell: a stack that was deleted may take them along."""
    stack = it.formation.stack(it.stack_id)
    status = "DELETE_COMPLETE" if stack is None else stack.status
    return status if status in ENDED else None


def _tell_slow(running: Iterable[Running], clock: Clock, say: Say) -> None:
    for it in running:
        slow = under_way(it.course, clock.now(), QUIET_S)
        if slow and not it.course.is_over:
            say(it.concern, f"still at {', '.join(slow)}")


# --- change sets

_EMPTY = ("didn't contain changes", "No updates are to be performed")


def await_sets(made: Sequence[tuple[Formation, str, str]], clock: Clock) -> list[ChangeSetFacts]:
    """Each change set (client, ARN, stack) when CloudFormation has worked it out, in the order given."""
    found: dict[str, ChangeSetFacts] = {}
    for _ in clock.rounds():
        for formation, arn, stack in made:
            if arn not in found:
                facts = formation.described(arn, stack)
                if facts is None:
                    what = "its change set was deleted while it was being made."
                    raise TargetError(what, where=stack, try_="Somebody else may be at it: run it again.")
                if facts.status not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                    found[arn] = facts
        if len(found) == len(made):
            break
    return [found[arn] for _, arn, _ in made]


def is_empty(facts: ChangeSetFacts) -> bool:
    """Whether there was nothing to change, which CloudFormation calls a failure."""
    return facts.status == "FAILED" and any(it in (facts.reason or "") for it in _EMPTY)


def check_made(formation: Formation, facts: ChangeSetFacts, stack: str) -> None:
    """Raises TargetError for a change set that could not be made, with what CloudFormation found in the template."""
    if facts.status == "CREATE_COMPLETE":
        return
    reason = facts.reason or "no reason was given"
    found = formation.why_invalid(facts.arn) if "EarlyValidation" in reason else ()
    told = " ".join(f"{it.rstrip('.')}." for it in found) or f"{reason.rstrip('.')}."
    raise TargetError(
        f"CloudFormation takes no such change: {told}",
        where=stack,
        try_="Mend what it names: overrides/ and stacks/ if it is yours. Templates: evenly package -e ENV.",
    )
