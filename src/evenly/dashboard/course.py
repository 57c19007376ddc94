"""The course of a drill that was asked for on the page: what state it is in, and what the page is told. Pure."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.facts import NotPossibleError
from evenly.core.status import EnvironmentStatus
from evenly.errors import ExitCode, StateError
from evenly.verify.drill import choose, refuse_unless_healthy
from evenly.verify.drillresult import Drills, DrillVerdict, Kind
from evenly.verify.report.headlines import of_drills

LINES = 200  # that are kept of its timeline
FASTEST = 100_000
BROKEN_OFF = "It was ended before its time. What was broken is put right."
LOST = "It ended without a result. To put right what it may have left: evenly drill --restore"


class State(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    STOPPING = "stopping"  # was asked to end
    DONE = "done"
    REFUSED = "refused"  # nothing was broken


class Course(Struct, frozen=True):
    """What the page is told of the last drill. `lines`: its timeline; `passed`: `None` as long as nothing is proved;
    `sentence`: the verdict; `report`: where its page is, from the dashboard's own."""

    state: State = State.IDLE
    kind: Kind | None = None
    lines: tuple[str, ...] = ()
    passed: bool | None = None
    void: bool = False
    sentence: str | None = None
    report: str | None = None

    @property
    def is_under_way(self) -> bool:
        return self.state in (State.RUNNING, State.STOPPING)


class Order(Struct, frozen=True):
    """A drill to run. `rate`: requests a second."""

    kind: Kind
    rate: float


def order_of(asked: object) -> Order | None:
    """What was asked for, as decoded JSON; `None` for what is no order."""
    if not isinstance(asked, dict) or asked.keys() - {"kind", "rate"}:
        return None
    kind, rate = asked.get("kind"), asked.get("rate", 200)
    if kind not in tuple(Kind) or isinstance(rate, bool) or not isinstance(rate, int | float):
        return None
    return Order(Kind(kind), float(rate)) if 1 <= rate <= FASTEST else None


def refuse_unless_possible(
    course: Course, order: Order, status: EnvironmentStatus, *, production: bool
) -> None:
    """Raises StateError when that drill can't begin now."""
    if course.is_under_way:
        raise StateError("a drill is under way", try_="Wait for it to end, or end it.")
    if production:
        raise StateError(
            "this environment is in production; drills there are asked for by its name",
            try_=f"evenly drill {order.kind} --env {status.environment}",
        )
    refuse_unless_healthy(status)
    try:
        choose(order.kind, status)
    except NotPossibleError as error:
        raise StateError(error.why.rstrip("."), try_="evenly status") from None


def begun(order: Order) -> Course:
    return Course(State.RUNNING, order.kind)


def told(course: Course, line: str) -> Course:
    return replace(course, lines=(*course.lines, line)[-LINES:])


def stopping(course: Course) -> Course:
    return replace(course, state=State.STOPPING)


def ended(course: Course, code: int, result: Drills | None, report: str | None) -> Course:
    """How it ended. `code`: its process's, negative for a signal; `report`: its page."""
    if result is not None and result.results:
        return replace(
            course,
            state=State.DONE,
            passed=_passed(result),
            void=bool(result.of(DrillVerdict.VOID)),
            sentence=of_drills(result).text,
            report=report,
        )
    if course.state is State.STOPPING:
        return replace(course, state=State.DONE, sentence=BROKEN_OFF)
    if code in (ExitCode.STATE, ExitCode.USAGE, ExitCode.REFUSED):
        return replace(course, state=State.REFUSED, sentence=_refusal(course.lines))
    return replace(course, state=State.DONE, sentence=LOST)


def _passed(result: Drills) -> bool | None:
    if result.of(DrillVerdict.FAIL):
        return False
    return None if result.of(DrillVerdict.VOID) or result.broken_off else True


def _refusal(lines: Sequence[str]) -> str:
    """What the command said at its end, without its name, and without what to try: that is for a terminal."""
    said = [it.removeprefix("evenly: ") for it in lines if it.startswith("evenly: ")]
    sentence = said[-1] if said else LOST
    return f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}."
