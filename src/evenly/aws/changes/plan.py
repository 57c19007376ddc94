"""A plan: what deploying an environment would change, stack by stack, with all that it was made from pinned. Pure.

Each stack is *exact* (CloudFormation made a change set of it) or *provisional* (it is not there yet, or takes what is
not made yet: from the templates).
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from evenly.aws.changes.access import AccessChange
from evenly.aws.changes.estimate import Estimate
from evenly.aws.changes.losses import Mark
from evenly.aws.changes.types import Action, Change, Replacement


class Certainty(StrEnum):
    EXACT = "exact"
    PROVISIONAL = "provisional"


class Drifted(Struct, frozen=True):
    """A resource that was changed past its stack. `property`: its path; `None` where the resource itself is gone."""

    resource: str
    type: str
    property: str | None
    expected: str | None
    actual: str | None


class StackPlan(Struct, frozen=True):
    """What becomes of one stack. `concern`: what we call it; `stack`: what AWS does. `why`: why it is provisional, as a
    sentence. `template`: the sha256 of its template. `parameters`: what it is given; `None`: not known yet. `assets`:
    keys in the bucket of artifacts, of which its parameters name some. `updated`: when it was last changed, in AWS's
    words; `None`: it is not there. `change_set`: the ARN of the one that was shown; one without changes to resources
    changes outputs or tags. `drift`: `None` where it was not
    looked for, or could not be found out."""

    concern: str
    stack: str
    region: str
    certainty: Certainty
    why: str | None
    changes: tuple[Change, ...]
    access: tuple[AccessChange, ...]
    marks: tuple[Mark, ...]
    template: str
    parameters: Mapping[str, str | None]
    updated: str | None
    change_set: str | None = None
    drift: tuple[Drifted, ...] | None = None

    @property
    def is_new(self) -> bool:
        return self.updated is None


class LeftStack(Struct, frozen=True):
    """A stack of the environment that the manifest asks for no longer. Nothing but `down` removes it."""

    concern: str
    stack: str
    region: str


class Plan(Struct, frozen=True):
    """`id`: twelve digits that change sets and requests carry, so that an interrupted deploy finds its own again.
    `made`: when, RFC 3339. `assets`: by key, the sha256 of what is put into the bucket of artifacts. `notes`: sentences
    that are to be read before it is done. `source`: the digest of what the image is built from; `None`: the image that
    it names was chosen, whatever the checkout holds."""

    id: str
    service: str
    environment: str
    account: str
    region: str
    made: str
    waves: tuple[tuple[str, ...], ...]
    stacks: tuple[StackPlan, ...]
    estimate: Estimate
    assets: Mapping[str, str] = {}
    left: tuple[LeftStack, ...] = ()
    notes: tuple[str, ...] = ()
    source: str | None = None

    def of(self, concern: str) -> StackPlan:
        return next(it for it in self.stacks if it.concern == concern)

    @property
    def is_empty(self) -> bool:
        return not any(it.changes or it.is_new or it.change_set for it in self.stacks)

    @property
    def losing(self) -> tuple[tuple[StackPlan, Mark], ...]:
        return tuple((stack, mark) for stack in self.stacks for mark in stack.marks if mark.loses)


class Heading(StrEnum):
    """What a reader looks for, gravest first."""

    REPLACED = "replaced"
    MAY_BE_REPLACED = "may be replaced"
    REMOVED = "removed"
    CHANGED = "changed"
    ADDED = "added"


def heading(change: Change) -> Heading:
    match change.action:
        case Action.ADD | Action.IMPORT:
            return Heading.ADDED
        case Action.REMOVE:
            return Heading.REMOVED
        case Action.MODIFY:
            return _HEADINGS[change.replacement]


_HEADINGS = {
    Replacement.YES: Heading.REPLACED,
    Replacement.MAYBE: Heading.MAY_BE_REPLACED,
    Replacement.NO: Heading.CHANGED,
}


def by_heading(changes: Iterable[Change]) -> dict[Heading, tuple[Change, ...]]:
    """In the order of `Heading`, without those that hold nothing."""
    held = tuple(changes)
    found = {it: tuple(change for change in held if heading(change) is it) for it in Heading}
    return {it: those for it, those in found.items() if those}


def counts(plan: Plan) -> dict[Heading, int]:
    return {it: len(those) for it, those in by_heading(_all(plan)).items()}


def _all(plan: Plan) -> Iterator[Change]:
    for stack in plan.stacks:
        yield from stack.changes
