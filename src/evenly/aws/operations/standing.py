"""What the status of a stack means for us, and what has to happen before anything else can. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes
"""

from enum import StrEnum

from evenly.aws.cloud.facts import StackFacts
from evenly.errors import StateError


class Standing(StrEnum):
    ABSENT = "absent"
    READY = "ready"  # a change set can be made of it
    BUSY = "busy"  # something is being done to it
    REVIEW = "review"  # made for a change set that was never executed; it holds nothing
    FALLEN = "fallen"  # its creation failed and was undone; it holds nothing, and has to go
    STUCK = "stuck"  # a person has to look


_READY = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)


def standing(stack: StackFacts | None) -> Standing:
    if stack is None or stack.status == "DELETE_COMPLETE":
        return Standing.ABSENT
    if stack.status == "REVIEW_IN_PROGRESS":
        return Standing.REVIEW
    if stack.status.endswith("_IN_PROGRESS"):
        return Standing.BUSY
    if stack.status == "ROLLBACK_COMPLETE":
        return Standing.FALLEN
    return Standing.READY if stack.status in _READY else Standing.STUCK


def is_there(found: Standing) -> bool:
    """Whether it holds anything."""
    return found in (Standing.READY, Standing.BUSY, Standing.STUCK)


def stuck(stack: StackFacts, region: str) -> StateError:
    """What a person is told of a stack that nothing can be done with, by its status."""
    why = f": {stack.reason.rstrip('.')}" if stack.reason else ""
    return StateError(
        f"it is in {stack.status}{why}.",
        where=stack.name,
        try_=_WAYS[_kind(stack.status)].format(stack.name, region),
    )


def busy(stack: StackFacts) -> StateError:
    return StateError(
        f"something is being done to it now ({stack.status}).",
        where=stack.name,
        try_="Wait until it is done, then run this again. How far it is: evenly status -e ENV.",
    )


def _kind(status: str) -> str:
    if status == "UPDATE_ROLLBACK_FAILED":
        return "rollback"
    return "delete" if status in ("DELETE_FAILED", "ROLLBACK_FAILED", "CREATE_FAILED") else "else"


_WAYS = {
    "rollback": (
        "Mend what it names, then let it finish its way back: "
        "aws cloudformation continue-update-rollback --stack-name {} --region {}"
    ),
    "delete": "Mend what it names, then remove what is left of it: evenly down -e ENV.",
    "else": "Look at it in the console of CloudFormation: stack {} in {}.",
}
