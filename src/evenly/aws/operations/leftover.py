"""The stacks of an environment that the manifest, or the folder `stacks`, asks for no longer. They are known by their
names and tags."""

from msgspec import Struct

from evenly.aws.cloud.facts import StackFacts
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.standing import is_there, standing
from evenly.aws.stacks.common import TAG_ENVIRONMENT, TAG_SERVICE


class LeftOver(Struct, frozen=True):
    concern: str
    region: str
    facts: StackFacts


def left_over(cloud: Cloud, desired: Desired) -> tuple[LeftOver, ...]:
    """Those that were made last come first: that is the order in which they can go."""
    prefix = desired.names.stack("")
    wanted = {(it.region, it.stack) for it in desired.stacks}
    found = [
        LeftOver(name.removeprefix(prefix), region, facts)
        for region in desired.regions
        for name in cloud.formation(region).named(prefix)
        if (region, name) not in wanted and (facts := _of_it(cloud, desired, region, name))
    ]
    return tuple(sorted(found, key=lambda it: _place(desired, it.concern), reverse=True))


def _of_it(cloud: Cloud, desired: Desired, region: str, name: str) -> StackFacts | None:
    """The stack, if it is of this environment: another service may have a name that begins with ours."""
    facts = cloud.formation(region).stack(name)
    if facts is None or not is_there(standing(facts)):
        return None
    tags = (facts.tags.get(TAG_SERVICE), facts.tags.get(TAG_ENVIRONMENT))
    return facts if tags == (desired.names.service, desired.names.environment) else None


def _place(desired: Desired, concern: str) -> int:
    """One of the user's own comes after all of ours."""
    return desired.order.index(concern) if concern in desired.order else len(desired.order)
