"""Templates without what MiniStack does not know, as overrides of the project: what refers to that goes with it. So
what is deployed is what Evenly would deploy, less what is named."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import Struct
from tests import ministack

from evenly.aws.changes.templates import references

# Types that MiniStack's CloudFormation does not know, with those that the tests of one stack leave out.
LEFT_OUT = tuple(
    sorted(
        {
            *ministack.LEFT_OUT,
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::Budgets::Budget",
            "AWS::CodePipeline::Pipeline",
            "AWS::EC2::EIP",
            "AWS::EC2::FlowLog",
            "AWS::EC2::InstanceConnectEndpoint",
            "AWS::EC2::NatGateway",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::ECS::CapacityProvider",
            "AWS::ECS::ClusterCapacityProviderAssociations",
            "AWS::RDS::EventSubscription",
            "AWS::Route53::HealthCheck",
            "AWS::WAFv2::WebACLAssociation",
        }
    )
)


class Beyond(Struct, frozen=True):
    """Resources that MiniStack can't make, of a type that it knows. `example`: the properties of one, which is refused
    with `refusal`."""

    kind: str
    what: str
    has: Callable[[Mapping[str, Any]], bool]
    example: Mapping[str, Any]
    refusal: str


BEYOND = (
    Beyond(
        kind="AWS::CloudWatch::Alarm",
        what="of more than one metric",
        has=lambda properties: "Metrics" in properties,
        example={
            "Metrics": [{"Id": "sum", "Expression": "1 + 1"}],
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 1,
        },
        refusal="metric math",
    ),
)
# As they are printed with the result of every run.
NAMED = (*LEFT_OUT, *(f"{it.kind} {it.what}" for it in BEYOND))
# Of Evenly's stacks, those that stand empty beside two small ones of a project's own.
BARE = ("security", "image", "network", "service", "observability")
# A stack of which nothing is left has this, which is nothing.
STAND_IN = {"LeftOut": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
_GONE = object()


def patches(bodies: Mapping[str, Mapping[str, Any]], bare: Collection[str] = ()) -> dict[str, str]:
    """By the path in the project, the patches that leave out what has to be. `bare`: stacks of which nothing is
    wanted but that they are there."""
    found = {}
    for concern, body in bodies.items():
        gone = {name for name, it in body["Resources"].items() if concern in bare or _why(it)}
        wanted = without(body, gone) if gone else {}
        operations = [{"op": "replace", "path": f"/{key}", "value": it} for key, it in wanted.items()]
        if "AmiId" in body.get("Parameters", {}):  # AWS's own images are none of MiniStack's
            operations.append(
                {"op": "add", "path": "/Parameters/AmiId/Default", "value": "ami-0123456789abcdef0"}
            )
        if operations:
            found[f"overrides/{concern}.json"] = json.dumps(operations)
    return found


def left_out(bodies: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every resource that is, by stack and name, with its type."""
    told = [
        f"{concern} {name} ({why})"
        for concern, body in bodies.items()
        for name, it in body["Resources"].items()
        if (why := _why(it))
    ]
    return sorted(told)


def _why(resource: Mapping[str, Any]) -> str | None:
    """What of it MiniStack can't: its type, or a kind of that."""
    kind = resource["Type"]
    if kind in LEFT_OUT:
        return str(kind)
    given = resource.get("Properties", {})
    return next((f"{kind} {it.what}" for it in BEYOND if it.kind == kind and it.has(given)), None)


def without(body: Mapping[str, Any], gone: set[str]) -> dict[str, Any]:
    """The sections of the template that are other ones then."""
    resources = {name: _resource(it, gone) for name, it in body["Resources"].items() if name not in gone}
    outputs = {name: _output(it, gone) for name, it in body.get("Outputs", {}).items()}
    return {"Resources": resources or STAND_IN, **({"Outputs": outputs} if outputs else {})}


def _output(said: Mapping[str, Any], gone: set[str]) -> Any:
    """One that is taken by others stays, and says nothing."""
    return {**said, "Value": "left-out"} if _asks_for(said["Value"], gone) else said


def _resource(said: Mapping[str, Any], gone: set[str]) -> Any:
    found = {key: it for key, it in said.items() if key != "DependsOn"}
    after = said.get("DependsOn", [])
    after = [it for it in ([after] if isinstance(after, str) else after) if it not in gone]
    return {**_stripped(found, gone), **({"DependsOn": after} if after else {})}


def _stripped(value: Any, gone: set[str]) -> Any:
    match value:
        case dict() if any(it == "Ref" or it.startswith("Fn::") for it in value):
            return _GONE if _asks_for(value, gone) else value
        case dict():
            found = {key: _stripped(it, gone) for key, it in value.items()}
            kept = {key: it for key, it in found.items() if it is not _GONE}
            return _GONE if "CapacityProvider" in value and "CapacityProvider" not in kept else kept
        case list():
            return [it for it in (_entry(each, gone) for each in value) if it is not _GONE]
        case _:
            return value


def _entry(value: Any, gone: set[str]) -> Any:
    """One of a list is nothing without what it is about."""
    found = _stripped(value, gone)
    is_less = isinstance(value, dict) and isinstance(found, dict) and len(found) < len(value)
    return _GONE if is_less else found


def _asks_for(value: Any, gone: set[str]) -> bool:
    found = references(value)
    return bool((found.whole | found.asked) & gone)
