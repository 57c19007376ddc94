"""What AWS says of stacks, change sets, events and drift, as frozen values."""

from collections.abc import Mapping

from msgspec import Struct

from evenly.aws.changes.plan import Drifted
from evenly.aws.changes.types import Change


class Identity(Struct, frozen=True):
    """Whose credentials they are. `arn`: of the user or role."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]


class StackFacts(Struct, frozen=True):
    """A stack that is there. `updated`: when it was last changed, or made, RFC 3339. `change_set`: the ARN of the one
    that was executed last, where AWS says it."""

    id: str
    name: str
    status: str
    reason: str | None
    updated: str
    parameters: Mapping[str, str] = {}
    outputs: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    change_set: str | None = None
    is_protected: bool = False


class ResourceFacts(Struct, frozen=True):
    """A resource of a stack. `physical`: what AWS calls it."""

    resource: str
    type: str
    physical: str
    status: str


class ChangeSetFacts(Struct, frozen=True):
    """A change set. `status` and `execution` in AWS's words. `changes`: of all pages."""

    arn: str
    name: str
    stack_id: str
    status: str
    execution: str
    reason: str | None
    changes: tuple[Change, ...] = ()


class Event(Struct, frozen=True):
    """Something that a stack says of itself or of one of its resources. `at`: seconds since the epoch."""

    id: str
    stack_id: str
    resource: str
    physical: str
    type: str
    status: str
    reason: str | None
    at: float

    @property
    def is_of_stack(self) -> bool:
        return self.physical == self.stack_id


class SetRequest(Struct, frozen=True):
    """What a change set is made from. `body`: the template, or `url` where it is too long to be sent. `role`: the ARN
    of the one that CloudFormation takes, if it is not to act as whoever asks."""

    stack: str
    name: str
    is_new: bool
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    description: str
    body: str | None = None
    url: str | None = None
    role: str | None = None
    capabilities: tuple[str, ...] = ()


class Detection(Struct, frozen=True):
    """How far drift detection is. `status` in AWS's words."""

    status: str
    reason: str | None
    drifted: tuple[Drifted, ...] = ()
