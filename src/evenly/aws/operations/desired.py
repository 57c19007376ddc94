"""An environment as it is to be: its templates, where their parameters come from, and what belongs into the bucket.
What plan and deploy work from.
"""

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from evenly.aws.changes.types import Json
from evenly.aws.naming import Names

# What makes the roles, and what the role of CloudFormation is not there for yet.
OWN_ROLE = ("foundation", "security")


class Asset(Struct, frozen=True):
    """Something for the bucket of artifacts, under `key`."""

    key: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class DesiredStack(Struct, frozen=True):
    """`body`: the template as a mapping; `text`: as CloudFormation gets it. `given`: parameters whose values are known
    (keys of assets). `upstream`: parameters that are outputs of other stacks, with whose. `looked_up`: those that are
    found out when it is planned. The others have defaults."""

    concern: str
    stack: str
    region: str
    body: Json
    text: str
    given: Mapping[str, str] = {}
    upstream: Mapping[str, str] = {}
    looked_up: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Desired(Struct, frozen=True):
    """`regions`: all in which something of the environment may be. `order`: of all concerns that there are, the one in
    which they are made. `notes`: sentences for the plan. `source`: the digest of what the image is built from; `None`:
    it is of no account, for the image is chosen, or nothing is planned."""

    names: Names
    region: str
    account: str | None
    production: bool
    tags: Mapping[str, str]
    stacks: tuple[DesiredStack, ...]
    waves: tuple[tuple[str, ...], ...]
    assets: tuple[Asset, ...] = ()
    regions: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: str | None = None

    def of(self, concern: str) -> DesiredStack:
        return next(it for it in self.stacks if it.concern == concern)

    def role(self, concern: str, account: str, partition: str) -> str | None:
        """The ARN of the role that CloudFormation takes for a stack; `None`: it acts as whoever asks."""
        if concern in OWN_ROLE or not any(it.concern == "security" for it in self.stacks):
            return None
        arn = self.names.role_arn("cloudformation")
        return arn.replace("${AWS::Partition}", partition).replace("${AWS::AccountId}", account)
