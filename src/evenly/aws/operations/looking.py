"""What there is of an environment on AWS: its stacks and how they stand, and where the service is reached."""

from collections.abc import Mapping

from msgspec import Struct

from evenly.aws.cloud.facts import StackFacts
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.leftover import left_over
from evenly.aws.operations.standing import Standing, standing
from evenly.errors import StateError


class StackStatus(Struct, frozen=True):
    """`status`: in AWS's words. `updated`: RFC 3339. `wanted`: the manifest asks for it."""

    concern: str
    stack: str
    region: str
    wanted: bool
    standing: Standing
    status: str | None = None
    reason: str | None = None
    updated: str | None = None
    is_protected: bool = False
    outputs: Mapping[str, str] = {}


class CloudStatus(Struct, frozen=True):
    """`url`: where the service is reached, as soon as there is something to reach."""

    service: str
    environment: str
    account: str
    region: str
    url: str | None
    stacks: tuple[StackStatus, ...]

    @property
    def outputs(self) -> dict[str, str]:
        return {key: value for it in self.stacks for key, value in it.outputs.items()}


def look(cloud: Cloud, desired: Desired) -> CloudStatus:
    """Raises StateError where nothing of the environment is there."""
    identity = cloud.checked_identity(desired.account, desired.names.environment)
    wanted = [
        _status(it.concern, it.stack, it.region, True, cloud.formation(it.region).stack(it.stack))
        for it in desired.stacks
    ]
    over = [
        _status(it.concern, it.facts.name, it.region, False, it.facts) for it in left_over(cloud, desired)
    ]
    stacks = (*wanted, *over)
    if all(it.standing is Standing.ABSENT for it in stacks):
        what = f"nothing of {desired.names.environment} is in account {identity.account}, {desired.region}."
        raise StateError(what, try_=f"evenly plan -e {desired.names.environment}")
    outputs = {key: value for it in stacks for key, value in it.outputs.items()}
    return CloudStatus(
        service=desired.names.service,
        environment=desired.names.environment,
        account=identity.account,
        region=desired.region,
        url=outputs.get("PublicUrl") or outputs.get("Url"),
        stacks=stacks,
    )


def _status(concern: str, stack: str, region: str, wanted: bool, facts: StackFacts | None) -> StackStatus:
    if facts is None:
        return StackStatus(concern, stack, region, wanted, Standing.ABSENT)
    return StackStatus(
        concern,
        stack,
        region,
        wanted,
        standing(facts),
        facts.status,
        facts.reason,
        facts.updated,
        facts.is_protected,
        facts.outputs,
    )
