"""The words for a change: what is done to a resource, whether it is replaced, and by which of its properties."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

Json = Mapping[str, Any]


class Action(StrEnum):
    """What is done to a resource of a stack."""

    ADD = "add"
    MODIFY = "modify"
    REMOVE = "remove"
    IMPORT = "import"  # it is there already, and becomes one of the stack's


class Replacement(StrEnum):
    """Whether a resource that is changed is made anew. `MAYBE`: it turns out when it is done."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


GRAVITY = {Replacement.NO: 0, Replacement.MAYBE: 1, Replacement.YES: 2}


class Property(Struct, frozen=True):
    """One thing of a resource that changes. `path`: of a property as in the template (`Tags`, `KeyPolicy.Statement`),
    or an attribute of the resource (`DeletionPolicy`). `before`, `after`: as text; `None`: not there, or not known.
    `cause`: the parameter or resource that it follows, where it was not written differently itself."""

    path: str
    replacement: Replacement = Replacement.NO
    before: str | None = None
    after: str | None = None
    cause: str | None = None

    @property
    def name(self) -> str:
        """The first part of the path: the property of the resource."""
        return self.path.partition(".")[0]


class Change(Struct, frozen=True):
    """What happens to one resource. `resource`: its logical id. `physical`: what AWS calls the one that is there.
    `policy`: what CloudFormation says becomes of that one (`Delete`, `ReplaceAndRetain`, ...), if it says so."""

    resource: str
    type: str
    action: Action
    replacement: Replacement = Replacement.NO
    properties: tuple[Property, ...] = ()
    physical: str | None = None
    policy: str | None = None


def graver(one: Replacement, other: Replacement) -> Replacement:
    return max(one, other, key=GRAVITY.__getitem__)
