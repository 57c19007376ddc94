"""What a change set is asked for with: the template or where it is, parameters, tags, the role, capabilities."""

from collections.abc import Mapping

from evenly.aws.changes.templates import resources
from evenly.aws.changes.types import Json
from evenly.aws.cloud.facts import Identity, SetRequest, StackFacts
from evenly.aws.cloud.storage import SENT_MOST
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired, DesiredStack
from evenly.errors import StateError

OURS = "evenly-"
NAMED_IAM = "CAPABILITY_NAMED_IAM"  # every role of ours has a name
BUCKET = "ArtifactBucket"


def set_name(plan: str) -> str:
    """Of the change sets of a plan, one in each stack."""
    return f"{OURS}{plan}"


class Requests:
    """`foundation`: the stack of the bucket, as it is; `None` before it is there."""

    def __init__(
        self, cloud: Cloud, desired: Desired, identity: Identity, foundation: StackFacts | None
    ) -> None:
        self._cloud = cloud
        self._desired = desired
        self._identity = identity
        self._bucket = foundation.outputs.get(BUCKET) if foundation else None

    def change_set(
        self, wanted: DesiredStack, parameters: Mapping[str, str], plan: str, name: str, *, is_new: bool
    ) -> SetRequest:
        """`name`: of the change set. Puts the assets that it takes, and a template that is too long to be sent, into
        the bucket."""
        self._put_assets(wanted)
        is_long = len(wanted.text.encode()) > SENT_MOST
        return SetRequest(
            stack=wanted.stack,
            name=name,
            is_new=is_new,
            parameters=parameters,
            tags=self._desired.tags,
            description=f"Evenly, plan {plan}",
            body=None if is_long else wanted.text,
            url=self._stored(wanted) if is_long else None,
            role=self._desired.role(wanted.concern, self._identity.account, self._identity.partition),
            capabilities=(NAMED_IAM,) if _has_iam(wanted.body) else (),
        )

    def _put_assets(self, wanted: DesiredStack) -> None:
        keys = set(wanted.given.values())
        for asset in self._desired.assets:
            if asset.key in keys:
                self._cloud.storage().put_new(self._named(wanted), asset.key, asset.content)

    def _stored(self, wanted: DesiredStack) -> str:
        bucket, key = self._named(wanted), f"templates/{wanted.concern}-{wanted.sha256[:16]}.yaml"
        storage = self._cloud.storage()
        storage.put_new(bucket, key, wanted.text.encode())
        return storage.url(bucket, key)

    def _named(self, wanted: DesiredStack) -> str:
        if self._bucket is None:
            what = "it needs the bucket of artifacts, and foundation, which makes it, is not there."
            raise StateError(what, where=wanted.stack, try_="evenly deploy -e ENV makes them in their order.")
        return self._bucket


def _has_iam(body: Json) -> bool:
    return any(str(it.get("Type")).startswith("AWS::IAM::") for it in resources(body).values())
