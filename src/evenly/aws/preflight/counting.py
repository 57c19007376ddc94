"""What a plan adds, by the quotas that it counts against. Pure.

A resource that is replaced counts too: the new one is made before the old one goes. What is only changed does not.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from evenly.aws.changes import templates
from evenly.aws.changes.plan import StackPlan
from evenly.aws.changes.types import Action, Json, Replacement
from evenly.aws.instances import UNITS, instance_types
from evenly.aws.preflight.quotas import COUNTED, QUOTAS, Key, Quota

# Entries that a prefix list counts as, as rules of a group; the largest of AWS's own, which CloudFront's is.
# https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
PREFIX_LIST_RULES = 55
# The families of the quota for standard instances; the others have quotas of their own.
# https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
STANDARD = frozenset({"a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"})


class Need(Struct, frozen=True):
    """What a quota has to have room for. `count`: at once; `most`: when scaling has made it as large as it may be."""

    quota: Quota
    region: str
    count: float
    most: float


class _Part(Struct, frozen=True):
    key: Key
    count: float
    most: float


def needs(stacks: Iterable[tuple[StackPlan, Json]]) -> tuple[Need, ...]:
    """`stacks`: what becomes of each, with its template."""
    found: dict[tuple[Key, str], _Part] = {}
    for stack, template in stacks:
        for part in _parts(_Place(template, stack.parameters, _made(stack))):
            place = (part.key, QUOTAS[part.key].region(stack.region))
            found[place] = _together(found.get(place), part)
    return tuple(Need(QUOTAS[key], region, it.count, it.most) for (key, region), it in found.items())


# Not sums, but the largest of each: what they count is within one thing.
_WITHIN: frozenset[Key] = frozenset({"nat-gateways", "security-group-rules"})


def _together(known: _Part | None, more: _Part) -> _Part:
    if known is None:
        return more
    if more.key in _WITHIN:
        return _Part(more.key, max(known.count, more.count), max(known.most, more.most))
    return _Part(more.key, known.count + more.count, known.most + more.most)


def _made(stack: StackPlan) -> frozenset[str]:
    """The logical ids of what is made, or made anew."""
    return frozenset(
        it.resource
        for it in stack.changes
        if it.action is Action.ADD or (it.action is Action.MODIFY and it.replacement is Replacement.YES)
    )


class _Place(Struct, frozen=True):
    """A template with the values of its parameters, and what is made of it."""

    template: Json
    values: Mapping[str, str | None]
    made: frozenset[str]

    def those(self, kind: str) -> dict[str, Json]:
        """The properties of what is made, of one type."""
        return {
            name: said.get("Properties") or {}
            for name, said in templates.resources(self.template).items()
            if said.get("Type") == kind and name in self.made
        }

    def properties(self, name: Any) -> Json:
        """Of the resource that is referred to; empty for what is none of this template."""
        match name:
            case {"Ref": str(resource)} if resource in templates.resources(self.template):
                found: Json = templates.resources(self.template)[resource].get("Properties") or {}
                return found
            case _:
                return {}

    def number(self, said: Any, otherwise: float) -> float:
        match said:
            case {"Ref": str(name)}:
                said = self.values.get(name) or templates.defaults(self.template).get(name)
        try:
            return float(said)
        except (TypeError, ValueError):
            return otherwise


def _parts(place: _Place) -> Iterator[_Part]:
    for kind, key in COUNTED.items():
        count = len(place.those(kind))
        if count:
            yield _Part(key, count, count)
    yield from _nats(place)
    yield from _rules(place)
    yield from _endpoints(place)
    yield from _balancers(place)
    yield from _hosts(place)
    yield from _fargate(place)


def _nats(place: _Place) -> Iterator[_Part]:
    """Those in the subnet, and so in the zone, that gets most of them."""
    subnets = [str(it.get("SubnetId")) for it in place.those("AWS::EC2::NatGateway").values()]
    if subnets:
        most = max(subnets.count(it) for it in subnets)
        yield _Part("nat-gateways", most, most)


def _endpoints(place: _Place) -> Iterator[_Part]:
    said = place.those("AWS::EC2::VPCEndpoint").values()
    count = sum(it.get("VpcEndpointType", "Gateway") == "Gateway" for it in said)
    if count:
        yield _Part("gateway-endpoints", count, count)


def _balancers(place: _Place) -> Iterator[_Part]:
    said = place.those("AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    count = sum(it.get("Type", "application") == "application" for it in said)
    if count:
        yield _Part("load-balancers", count, count)


# --- rules of a security group


def _rules(place: _Place) -> Iterator[_Part]:
    """Of the group and the direction that get most of them."""
    counts: dict[tuple[str, str], int] = {}
    for name, said in place.those("AWS::EC2::SecurityGroup").items():
        for way in ("SecurityGroupIngress", "SecurityGroupEgress"):
            counts[name, way] = sum(_weight(it) for it in said.get(way) or ())
    for way in ("SecurityGroupIngress", "SecurityGroupEgress"):
        for said in place.those(f"AWS::EC2::{way}").values():
            group = str(said.get("GroupId"))
            match said.get("GroupId"):
                case {"Ref": str(name)}:
                    group = name
            counts[group, way] = counts.get((group, way), 0) + _weight(said)
    if counts:
        most = max(counts.values())
        yield _Part("security-group-rules", most, most)


def _weight(rule: Json) -> int:
    lists = ("SourcePrefixListId", "DestinationPrefixListId")
    return PREFIX_LIST_RULES if any(it in rule for it in lists) else 1


# --- processors


def _hosts(place: _Place) -> Iterator[_Part]:
    for said in place.those("AWS::AutoScaling::AutoScalingGroup").values():
        template = said.get("LaunchTemplate") or {}
        data = place.properties(template.get("LaunchTemplateId")).get("LaunchTemplateData") or {}
        kind = instance_types().get(str(data.get("InstanceType")))
        if kind is None or family(kind.name) not in STANDARD:
            continue
        least = place.number(said.get("DesiredCapacity", said.get("MinSize")), 0)
        most = max(place.number(said.get("MaxSize"), least), least)
        yield _Part("host-processors", least * kind.processors, most * kind.processors)


def family(instance: str) -> str:
    """`m` of `m7g.large`."""
    letters = instance.partition(".")[0]
    return letters[: next((at for at, it in enumerate(letters) if it.isdigit()), len(letters))]


def _fargate(place: _Place) -> Iterator[_Part]:
    """Of services. What runs for a moment (a migration, a job) is not counted."""
    for name, said in place.those("AWS::ECS::Service").items():
        if not _is_fargate(said):
            continue
        definition = place.properties(said.get("TaskDefinition"))
        each = place.number(definition.get("Cpu"), 0) / UNITS
        least, most = _count(place, name, said)
        if each:
            yield _Part("fargate-processors", least * each, most * each)


def _is_fargate(said: Json) -> bool:
    providers = [it.get("CapacityProvider") for it in said.get("CapacityProviderStrategy") or ()]
    return said.get("LaunchType") == "FARGATE" or "FARGATE" in providers


def _count(place: _Place, name: str, said: Json) -> tuple[float, float]:
    """How many tasks a service has at least, and at most."""
    range_ = next(
        (
            it
            for it in place.those("AWS::ApplicationAutoScaling::ScalableTarget").values()
            if name in templates.references(it.get("ResourceId")).asked
        ),
        {},
    )
    least = place.number(said.get("DesiredCount", range_.get("MinCapacity")), 1)
    return least, max(place.number(range_.get("MaxCapacity"), least), least)


def unknown_hosts(stacks: Iterable[tuple[StackPlan, Json]]) -> tuple[str, ...]:
    """The types of hosts that are made, whose quota of processors is not among `QUOTAS`."""
    found = {
        str((said.get("LaunchTemplateData") or {}).get("InstanceType"))
        for stack, template in stacks
        for said in _Place(template, stack.parameters, _made(stack))
        .those("AWS::EC2::LaunchTemplate")
        .values()
    }
    return tuple(sorted(it for it in found if it not in instance_types() or family(it) not in STANDARD))
