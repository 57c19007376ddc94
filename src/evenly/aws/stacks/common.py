"""What every stack is made with: parameters, outputs, tags, and the statements of IAM. Pure.

A parameter that has the name of another stack's output is that output: Evenly reads it there and hands it over as a
String (no exports: one in use deadlocks updates). So output names are one another's over all stacks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from msgspec import Struct
from troposphere import (
    AWSObject,
    Output,
    Parameter,
    Ref,
    Sub,
    Tags,
    Template,
    budgets,
    ec2,
    encode_to_dict,
    ssm,
)

from evenly.aws.naming import Names
from evenly.aws.topology import AwsTopology

TAG_SERVICE = "evenly:service"
TAG_ENVIRONMENT = "evenly:environment"
# The property that holds the tags, where it is not called Tags.
TAGS_ELSEWHERE = {
    "AWS::Budgets::Budget": "ResourceTags",
    "AWS::EC2::LaunchTemplate": "TagSpecifications",
    "AWS::Route53::HealthCheck": "HealthCheckTags",
    "AWS::Route53::HostedZone": "HostedZoneTags",
}

Json = Mapping[str, Any]
Kind = TypeVar("Kind", bound=AWSObject)


class Statement(Struct, frozen=True):
    """One statement of a policy. `resources`: for Fn::Sub where they hold `${`."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    conditions: Json = {}
    effect: Literal["Allow", "Deny"] = "Allow"
    principal: Json | None = None

    def as_dict(self) -> dict[str, Any]:
        made: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principal is not None:
            made["Principal"] = dict(self.principal)
        made["Action"] = list(self.actions)
        made["Resource"] = [substituted(it) for it in self.resources]
        if self.conditions:
            made["Condition"] = dict(self.conditions)
        return made


def policy(statements: Sequence[Statement]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": [it.as_dict() for it in statements]}


def trust(service: str, source_arn: str | None = None) -> dict[str, Any]:
    """Who may take a role: one service of AWS, on nobody's behalf but this account's, and where AWS documents the form
    of the ARN for `source_arn` alone."""
    made = trust_without_source(service)
    asked: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}}
    if source_arn is not None:
        asked["ArnLike"] = {"aws:SourceArn": substituted(source_arn)}
    made["Statement"][0]["Condition"] = asked
    return made


def trust_without_source(service: str) -> dict[str, Any]:
    """As `trust`, for the few services that do not say on whose behalf they ask (see `aws.exceptions`)."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def substituted(text: Any) -> Any:
    """`text` as Fn::Sub where it has something to fill in."""
    return Sub(text) if isinstance(text, str) and "${" in text else text


class Stack:
    """A template while it is made. Resources are added in the order in which they are to be read."""

    def __init__(self, topology: AwsTopology, concern: str, description: str) -> None:
        self.topology = topology
        self.names: Names = topology.names
        self.concern = concern
        self.template = Template()
        self.template.set_version("2010-09-09")
        self.template.set_description(f"{topology.service}, {topology.environment}: {description}")

    def add(self, resource: Kind) -> Kind:
        self.template.add_resource(resource)
        return resource

    def parameter(self, name: str, description: str, **more: Any) -> Ref:
        """A parameter, once, as a reference to it."""
        if name not in self.template.parameters:
            self.template.add_parameter(Parameter(name, Type="String", Description=description, **more))
        return Ref(name)

    def key(self) -> Ref:
        """The environment's, as a parameter."""
        return self.parameter("KeyArn", "The key that the environment's data is encrypted with")

    def output(self, name: str, value: Any, description: str) -> None:
        """An output, and the same as a parameter of Systems Manager for whoever is not Evenly."""
        self.template.add_output(Output(name, Value=value, Description=description))
        self.add(
            ssm.Parameter(
                f"Published{name}",
                Name=self.names.parameter(self.concern, name),
                Type="String",
                Value=value,
                Description=description,
            )
        )

    def finished(self) -> Template:
        """With tags on everything that can bear them."""
        for resource in self.template.resources.values():
            self._tag(resource)
        return self.template

    def _tag(self, resource: AWSObject) -> None:
        name = TAGS_ELSEWHERE.get(resource.resource_type, "Tags")
        if name in resource.props:
            wanted = {**self.tags(), **own_tags(resource, name)}
            setattr(resource, name, _as_taken(resource, name, wanted))

    def tags(self) -> dict[str, str]:
        """What everything of the environment is tagged with."""
        return base_tags(self.topology)


def base_tags(topology: AwsTopology) -> dict[str, str]:
    """What everything of an environment is tagged with, its stacks too. No tag of the user's stands in place of the
    first two: policies go by them."""
    own = {TAG_SERVICE: topology.service, TAG_ENVIRONMENT: topology.environment}
    named = {"owner": topology.service, "cost-centre": topology.service}
    return {**own, **named, **dict(topology.tags), **own}


def own_tags(resource: AWSObject, name: str = "Tags") -> dict[str, Any]:
    """What a resource was given by its stack: its Name, say."""
    said = resource.properties.get(name)
    match said:
        case None:
            return {}
        case Tags():
            return {it["Key"]: it["Value"] for it in said.to_dict()}
        case Mapping():
            return dict(said)
        case _:
            return {it["Key"]: it["Value"] for it in encode_to_dict(said) if "Key" in it}


def _as_taken(resource: AWSObject, name: str, wanted: Mapping[str, Any]) -> Any:
    """The tags in the form that the type takes them in."""
    match resource.resource_type:
        case "AWS::AutoScaling::AutoScalingGroup":
            return [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in wanted.items()]
        case "AWS::Budgets::Budget":
            return [budgets.ResourceTag(Key=key, Value=value) for key, value in wanted.items()]
        case "AWS::EC2::LaunchTemplate":
            return [ec2.TagSpecifications(ResourceType="launch-template", Tags=Tags(wanted))]
        case _:
            return dict(wanted) if resource.props[name][0] is dict else Tags(wanted)
