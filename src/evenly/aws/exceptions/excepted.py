"""What an exception is. Pure."""

from msgspec import Struct


class Excepted(Struct, frozen=True):
    """One exception. `resource`: the logical id, as a pattern. `what`: the name of a rule, ours or another tool's, or
    what `aws.permissions` finds. `reason`: a sentence."""

    stack: str
    resource: str
    what: str
    reason: str
