"""What changes in who may do what, and who reaches whom: IAM and security groups, apart from everything else. Pure.

A reader is to see what is granted, so the statements are told as lines, and those of before and after compared.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from evenly.aws.changes.templates import resources, shown
from evenly.aws.changes.types import Action, Change, Json


class Sphere(StrEnum):
    IAM = "iam"
    NETWORK = "network"


# Types whose every change counts.
WHOLE: Mapping[str, Sphere] = {
    "AWS::EC2::NetworkAcl": Sphere.NETWORK,
    "AWS::EC2::NetworkAclEntry": Sphere.NETWORK,
    "AWS::EC2::SecurityGroup": Sphere.NETWORK,
    "AWS::EC2::SecurityGroupEgress": Sphere.NETWORK,
    "AWS::EC2::SecurityGroupIngress": Sphere.NETWORK,
    "AWS::EC2::SecurityGroupVpcAssociation": Sphere.NETWORK,
    "AWS::ECR::RegistryPolicy": Sphere.IAM,
    "AWS::KMS::Grant": Sphere.IAM,
    "AWS::Lambda::LayerVersionPermission": Sphere.IAM,
    "AWS::Lambda::Permission": Sphere.IAM,
    "AWS::Logs::ResourcePolicy": Sphere.IAM,
    "AWS::S3::AccessPoint": Sphere.IAM,
    "AWS::S3::BucketPolicy": Sphere.IAM,
    "AWS::SNS::TopicPolicy": Sphere.IAM,
    "AWS::SQS::QueuePolicy": Sphere.IAM,
    "AWS::SecretsManager::ResourcePolicy": Sphere.IAM,
}
# Properties that say who may do what, of whichever type.
POLICIES = (
    "AccessPolicy",
    "AssumeRolePolicyDocument",
    "FileSystemPolicy",
    "KeyPolicy",
    "ManagedPolicyArns",
    "PermissionsBoundary",
    "Policies",
    "Policy",
    "PolicyDocument",
    "RepositoryPolicyText",
    "ResourcePolicy",
    "TopicPolicy",
)
WAYS = ("SecurityGroupIngress", "SecurityGroupEgress")
# With what, and as whom, something runs.
RUNS_AS = (
    "ExecutionRoleArn",
    "IamInstanceProfile",
    "Role",
    "RoleARN",
    "RoleArn",
    "Roles",
    "ServiceRole",
    "TaskRoleArn",
)
MEMBERS = ("SecurityGroupIds", "SecurityGroups", "VPCSecurityGroups", "VpcSecurityGroupIds")


class AccessChange(Struct, frozen=True):
    """What one resource grants from now on, and what no longer, as lines."""

    resource: str
    type: str
    sphere: Sphere
    action: Action
    granted: tuple[str, ...]
    withdrawn: tuple[str, ...]


def sphere_of(change: Change) -> Sphere | None:
    """Whether a change is one of IAM or of security groups."""
    if change.type.startswith("AWS::IAM::"):
        return Sphere.IAM
    if change.type in WHOLE:
        return WHOLE[change.type]
    return next(filter(None, (sphere_of_path(it.path) for it in change.properties)), None)


def sphere_of_path(path: str) -> Sphere | None:
    """Of a property of a type that is not as a whole one of the two."""
    names = path.split(".")
    if any(it in POLICIES or it in RUNS_AS for it in names):
        return Sphere.IAM
    return Sphere.NETWORK if any(it in WAYS or it in MEMBERS for it in names) else None


def access_changes(changes: Iterable[Change], old: Json, new: Json) -> tuple[AccessChange, ...]:
    """Those of `changes` that are of IAM or of security groups, or that add what has a policy or a rule of its own.
    `old`, `new`: the stack's template as it is, and as it is to be."""
    before, after = resources(old), resources(new)
    found = []
    for it in changes:
        was, becomes = _lines(before.get(it.resource) or {}), _lines(after.get(it.resource) or {})
        sphere = sphere_of(it) or (_first_sphere(was, becomes) if it.action is not Action.MODIFY else None)
        if sphere is not None:
            granted = tuple(line for line in becomes if line not in was)
            withdrawn = tuple(line for line in was if line not in becomes)
            found.append(AccessChange(it.resource, it.type, sphere, it.action, granted, withdrawn))
    return tuple(found)


def _first_sphere(*told: Mapping[str, Sphere]) -> Sphere | None:
    return next((sphere for lines in told for sphere in lines.values()), None)


def _lines(resource: Json) -> dict[str, Sphere]:
    """What a resource of a template grants, line by line."""
    said = resource.get("Properties") or {}
    return {
        **dict.fromkeys(_of_policies(said), Sphere.IAM),
        **dict.fromkeys(_of_rules(str(resource.get("Type")), said), Sphere.NETWORK),
    }


def _of_policies(said: Json) -> Iterator[str]:
    for name in POLICIES:
        match said.get(name):
            case {"Statement": list() as statements}:
                yield from map(_statement, statements)
            case list() as policies if name == "Policies":
                for policy in policies:
                    yield from map(_statement, (policy.get("PolicyDocument") or {}).get("Statement") or ())
            case list() as arns if name == "ManagedPolicyArns":
                yield from (f"has the policy {text(it)}" for it in arns)
            case None:
                continue
            case other:
                yield f"{name}: {text(other)}"


def _statement(said: Json) -> str:
    """`Allow s3:GetObject on arn:...`"""
    who = f" to {text(said['Principal'])}" if "Principal" in said else ""
    what = _listed(said.get("Action") or f"all but {_listed(said.get('NotAction'))}")
    where = f" on {_listed(said['Resource'])}" if "Resource" in said else ""
    when = f" if {text(said['Condition'])}" if said.get("Condition") else ""
    return f"{said.get('Effect')}{who} {what}{where}{when}"


def _of_rules(kind: str, said: Json) -> Iterator[str]:
    match kind:
        case "AWS::EC2::SecurityGroup":
            yield from (_rule("in from", it) for it in said.get("SecurityGroupIngress") or ())
            yield from (_rule("out to", it) for it in said.get("SecurityGroupEgress") or ())
        case "AWS::EC2::SecurityGroupIngress":
            yield _rule("in from", said)
        case "AWS::EC2::SecurityGroupEgress":
            yield _rule("out to", said)


_PEERS = (
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourcePrefixListId",
    "DestinationSecurityGroupId",
    "DestinationPrefixListId",
)


def _rule(way: str, said: Json) -> str:
    """`in from 0.0.0.0/0, tcp 443`"""
    peer = next((text(said[it]) for it in _PEERS if it in said), "?")
    first, last = text(said.get("FromPort", "")), text(said.get("ToPort", ""))
    ports = "" if not first or first == "-1" else f" {first}" if first == last else f" {first} to {last}"
    protocol = text(said.get("IpProtocol", "-1"))
    return f"{way} {peer}, {'everything' if protocol == '-1' else protocol + ports}"


def _listed(said: Any) -> str:
    return ", ".join(map(text, said)) if isinstance(said, list | tuple) else text(said)


def text(value: Any) -> str:
    """A value of a template in as few characters as a reader needs: the name, where it refers to one."""
    match value:
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::GetAtt": str(path)}:
            return f"<{path}>"
        case {"Fn::Sub": str(said)}:
            return said.replace("${", "<").replace("}", ">")
        case dict() if len(value) == 1:
            ((name, inner),) = value.items()
            return f"{name} {_listed(inner)}"
        case list() | tuple():
            return _listed(value)
        case _:
            return shown(value) or ""
