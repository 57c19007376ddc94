"""What a person is told when stacks could not be changed: the first real cause first, and what has become of each.
Pure."""

from collections.abc import Sequence

from msgspec import Struct

from evenly.aws.operations.progress import Cause, Course, first_cause
from evenly.errors import TargetError


class StackFailure(Struct, frozen=True):
    """`status`: of the stack, in AWS's words. `cause`: `None` where no event tells one."""

    concern: str
    stack: str
    status: str
    cause: Cause | None


class StacksFailedError(TargetError):
    """AWS could not do what it was asked. `failures`: in the order in which they were begun."""

    def __init__(self, failures: Sequence[StackFailure], environment: str, try_: str | None = None) -> None:
        super().__init__(
            "\n".join(line for it in failures for line in _lines(it)),
            try_=try_ or _try(failures, environment),
        )
        self.failures = tuple(failures)


def failed(concern: str, stack: str, course: Course) -> StackFailure:
    return StackFailure(concern, stack, course.status or "UNKNOWN", first_cause(course.failures))


def _lines(it: StackFailure) -> list[str]:
    cause = it.cause
    head = f"{it.stack} could not be {_wanted(it.status)}"
    if cause is None:
        return [f"{head}, and AWS does not say why.", f"  {_became(it.status)}"]
    others = f" ({cause.others} more failed by themselves)" if cause.others else ""
    lines = [
        f"{head}: {cause.resource} ({cause.type}) failed{others}:",
        f"  {cause.reason}",
        f"  {_became(it.status)}",
    ]
    return [*lines, f"  What would allow it: {cause.allow}"] if cause.allow else lines


def _wanted(status: str) -> str:
    if status.startswith("UPDATE"):
        return "changed"
    return "deleted" if status.startswith("DELETE") else "made"


_BECAME = {
    "ROLLBACK_COMPLETE": "All that was made of it is gone again; the next deploy begins it anew.",
    "UPDATE_ROLLBACK_COMPLETE": "It is what it was before.",
    "UPDATE_ROLLBACK_FAILED": "It could not go back to what it was either, and waits for you.",
    "ROLLBACK_FAILED": "Not all that was made of it could be removed.",
    "DELETE_FAILED": "Part of it is still there.",
}


def _became(status: str) -> str:
    return _BECAME.get(status, f"It is in {status}.")


def _try(failures: Sequence[StackFailure], environment: str) -> str:
    stuck = next((it for it in failures if it.status == "UPDATE_ROLLBACK_FAILED"), None)
    if stuck is not None:
        return f"Mend what it names, then: aws cloudformation continue-update-rollback --stack-name {stuck.stack}"
    return f"Mend what it names, then: evenly deploy -e {environment}"
