"""What whoever deploys does with hands of his own: the foundation and the security stack are made before there is a
role of CloudFormation's that could. Pure.

The first actions of each type, which fail first: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from evenly.aws.changes import templates
from evenly.aws.changes.plan import StackPlan
from evenly.aws.changes.types import Action, Json
from evenly.aws.operations.desired import OWN_ROLE
from evenly.aws.preflight.rights import Asker, Question, written


class Hand(Struct, frozen=True):
    """What making one takes. `property`: its name; `resource`: its ARN after the partition, of that name. Without both,
    AWS takes no resource for it."""

    actions: tuple[str, ...]
    property: str | None = None
    resource: str | None = None


MADE: Mapping[str, Hand] = {
    "AWS::ECR::Repository": Hand(
        ("ecr:CreateRepository", "ecr:PutLifecyclePolicy", "ecr:TagResource"),
        "RepositoryName",
        "ecr:{region}:{account}:repository/{name}",
    ),
    "AWS::IAM::InstanceProfile": Hand(
        ("iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile"),
        "InstanceProfileName",
        "iam::{account}:instance-profile/{name}",
    ),
    "AWS::IAM::ManagedPolicy": Hand(
        ("iam:CreatePolicy",), "ManagedPolicyName", "iam::{account}:policy/{name}"
    ),
    "AWS::IAM::Role": Hand(
        ("iam:AttachRolePolicy", "iam:CreateRole", "iam:TagRole"), "RoleName", "iam::{account}:role/{name}"
    ),
    "AWS::KMS::Key": Hand(("kms:CreateKey",)),
    "AWS::S3::Bucket": Hand(
        ("s3:CreateBucket", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration"),
        "BucketName",
        "s3:::{name}",
    ),
    "AWS::SSM::Parameter": Hand(("ssm:PutParameter",), "Name", "ssm:{region}:{account}:parameter/{name}"),
}


def own_questions(stacks: Sequence[tuple[StackPlan, Json]], asker: Asker) -> tuple[Question, ...]:
    """`stacks`: what becomes of each, with its template. One question a type, of what is added."""
    found: dict[str, list[str]] = {}
    for stack, template in stacks:
        for kind, said in _added(stack, template) if stack.concern in OWN_ROLE else ():
            arn = _arn(MADE[kind], said, asker)
            if arn is not None:
                found.setdefault(kind, []).append(arn)
    return tuple(_question(MADE[kind], tuple(dict.fromkeys(arns))) for kind, arns in found.items())


def _added(stack: StackPlan, template: Json) -> Iterator[tuple[str, Json]]:
    there = templates.resources(template)
    for it in stack.changes:
        if it.action is Action.ADD and it.type in MADE and it.resource in there:
            yield it.type, there[it.resource].get("Properties") or {}


def _arn(hand: Hand, said: Json, asker: Asker) -> str | None:
    """`None` for one whose name CloudFormation makes up."""
    if hand.property is None or hand.resource is None:
        return "*"
    name = written(said.get(hand.property), asker)
    if name is None:
        return None
    own = hand.resource.format(region=asker.region, account=asker.account, name=name.lstrip("/"))
    return f"arn:{asker.partition}:{own}"


def _question(hand: Hand, resources: tuple[str, ...]) -> Question:
    told = {"Effect": "Allow", "Resource": list(resources)}
    return Question(hand.actions, resources, {}, frozenset(hand.actions), told)
