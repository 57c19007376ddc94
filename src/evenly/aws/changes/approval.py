"""Whether what is about to be executed was approved: no greater action, replacement, or effect on IAM or security
groups than the plan showed, and no less care of data. Pure.

What the plan said may be replaced is approved to be: a change set that says "Conditional" is executed the same way.
"""

from collections.abc import Iterator

from msgspec import Struct

from evenly.aws.changes.access import Sphere, sphere_of, sphere_of_path
from evenly.aws.changes.losses import Mark
from evenly.aws.changes.plan import heading
from evenly.aws.changes.types import Action, Change, Replacement


class Excess(Struct, frozen=True):
    """One thing that is more than was approved, as a sentence about a resource."""

    resource: str
    type: str
    what: str


def excesses(
    approved: tuple[Change, ...],
    actual: tuple[Change, ...],
    approved_marks: tuple[Mark, ...] = (),
    actual_marks: tuple[Mark, ...] = (),
) -> tuple[Excess, ...]:
    """What `actual` has that `approved` has not. Nothing: it may be executed."""
    by_name = {it.resource: it for it in approved}
    known = {(it.resource, _outcome(it)) for it in approved_marks}
    return (
        *(excess for it in actual for excess in _beyond(by_name.get(it.resource), it)),
        *(
            Excess(it.resource, it.type, f"{it.what} The plan did not say so.")
            for it in actual_marks
            if it.loses and (it.resource, _outcome(it)) not in known
        ),
    )


def _outcome(mark: Mark) -> str:
    """What becomes of the data, whether it is sure or only possible."""
    return mark.what.replace("may be replaced", "is replaced")


def _beyond(approved: Change | None, actual: Change) -> Iterator[Excess]:
    becomes = _said(actual)
    if approved is None:
        yield Excess(actual.resource, actual.type, f"{becomes}, and the plan left it as it is.")
    elif not _is_within(approved, actual):
        yield Excess(actual.resource, actual.type, f"{becomes}, and the plan said: {heading(approved)}.")
    elif actual.action is Action.MODIFY:
        yield from _access_beyond(approved, actual)


def _is_within(approved: Change, actual: Change) -> bool:
    if actual.action is not approved.action or actual.type != approved.type:
        return False
    return approved.replacement is not Replacement.NO or actual.replacement is Replacement.NO


def _said(change: Change) -> str:
    return "may be replaced" if change.replacement is Replacement.MAYBE else f"is {heading(change)}"


_SPHERES = {Sphere.IAM: "who may do what", Sphere.NETWORK: "who reaches whom"}


def _access_beyond(approved: Change, actual: Change) -> Iterator[Excess]:
    """The properties of IAM and of security groups that change, and were not to."""
    sphere = sphere_of(actual)
    if sphere is None:
        return
    known = {it.name for it in approved.properties}
    is_whole = sphere_of(Change(actual.resource, actual.type, actual.action)) is not None
    for it in actual.properties:
        if it.name not in known and (is_whole or sphere_of_path(it.path)):
            what = f"changes {it.path}, {_SPHERES[sphere]}, and the plan did not say so."
            yield Excess(actual.resource, actual.type, what)
