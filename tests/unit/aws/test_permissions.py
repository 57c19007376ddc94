"""What is wider than it has to be is found, is listed with its reason, and the list says no more than is there."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from tests.unit.aws.iam import FILLED, filled, like
from tests.unit.aws.securityworld import all_made, environments

from evenly.aws.exceptions import EXCEPTIONS, excepted, unlisted, unused
from evenly.aws.exceptions.security import NO_RESOURCE
from evenly.aws.naming import Names
from evenly.aws.permissions import wide

NAMES = Names("shop", "staging")


def given(**statement: Any) -> set[str]:
    said = {"Sid": "One", "Effect": "Allow", **statement}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [said]}}}
    return {what for _, what in wide(NAMES, {"Resources": {"Policy": policy}})}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({"Action": ["s3:GetObject"], "Resource": ["*"]}, {"s3:GetObject on *"}),
        ({"Action": "s3:GetObject", "Resource": "*"}, {"s3:GetObject on *"}),
        ({"Action": ["s3:*"], "Resource": ["*"]}, {"s3:* on *"}),
        ({"NotAction": ["iam:*"], "Resource": ["*"]}, {"* on *"}),
        ({"Action": ["s3:GetObject"], "NotResource": ["arn:aws:s3:::x"]}, {"s3:GetObject on *"}),
        (
            {"Action": ["s3:Get*"], "Resource": ["arn:aws:s3:::shop-staging-x/*"]},
            {"s3:Get* on s3:shop-staging-x/*"},
        ),
        (
            {"Action": ["ec2:DeleteVpc"], "Resource": ["arn:aws:ec2:eu-west-1:1:vpc/*"]},
            {"One on every ec2:vpc/*"},
        ),
        (
            {
                "Action": ["ec2:DeleteVpc"],
                "Resource": [{"Fn::Sub": "arn:${AWS::Partition}:ec2:${AWS::Region}::vpc/*"}],
            },
            {"One on every ec2:vpc/*"},
        ),
        (
            {
                "Action": ["ec2:DeleteVpc"],
                "Resource": [{"Fn::Sub": ["arn:${p}:ec2:x:1:vpc/*", {"p": "aws"}]}],
            },
            {"One on every ec2:vpc/*"},
        ),
        (
            {
                "Action": ["ec2:DeleteVpc"],
                "Resource": ["arn:aws:ec2:eu-west-1:1:vpc/*"],
                "Condition": {"StringEquals": {"aws:ResourceTag/evenly:service": "shop"}},
            },
            set(),
        ),
        ({"Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::shop-staging-artifacts/*"]}, set()),
        ({"Action": ["ssm:GetParameter"], "Resource": ["arn:aws:ssm:x:1:parameter/shop/staging/*"]}, set()),
        (
            {"Action": ["ssm:PutParameter"], "Resource": ["arn:aws:ssm:x:1:parameter/shop/*"]},
            {"One on every ssm:parameter/shop/*"},
        ),
        ({"Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}, set()),
    ],
)
def test_what_is_wide_is_found(statement: dict[str, Any], found: set[str]) -> None:
    assert given(**statement) == found


def test_policies_inside_a_role_are_looked_into() -> None:
    document = {
        "Statement": [{"Sid": "One", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}]
    }
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"Policies": [{"PolicyName": "x", "PolicyDocument": document}]},
    }
    assert list(wide(NAMES, {"Resources": {"Role": role}})) == [("Role", "s3:GetObject on *")]


def test_nothing_wide_is_unlisted() -> None:
    for (which, stack), template in all_made().items():
        assert unlisted(environments()[which].names, stack, template) == (), which


def test_what_is_added_is_unlisted() -> None:
    template = json.loads(json.dumps(all_made()["full", "security"]))
    statements = template["Resources"]["TaskPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    statements.append({"Sid": "More", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]})
    assert unlisted(NAMES, "security", template) == (("TaskPolicy", "s3:GetObject on *"),)


def test_nothing_is_listed_that_is_not_there() -> None:
    found = (
        (stack, resource, what)
        for (which, stack), template in all_made().items()
        for resource, what in wide(environments()[which].names, template)
    )
    assert unused(found) == ()


def test_each_exception_is_one_with_a_reason() -> None:
    assert len({(it.stack, it.resource, it.what) for it in EXCEPTIONS}) == len(EXCEPTIONS)
    assert all(it.reason.endswith(".") for it in EXCEPTIONS)
    made = {(stack, resource) for (_, stack), it in all_made().items() for resource in it["Resources"]}
    assert [
        it
        for it in EXCEPTIONS
        if not any(it.stack == stack and fnmatchcase(one, it.resource) for stack, one in made)
    ] == []


def test_an_exception_is_found_by_the_rule() -> None:
    assert excepted("security", "HostRole", "role_is_taken_for_this_account")
    assert excepted("security", "HostPolicy", "policy_names_resources")
    assert excepted("security", "CloudformationBoundary", "policy_names_actions")
    assert excepted("image", "Build", "build_is_not_privileged")
    assert not excepted("security", "HostPolicy", "policy_names_actions")
    assert not excepted("security", "JobsSchedulePolicy", "policy_names_resources")
    assert not excepted("security", "TaskRole", "role_is_taken_for_this_account")


# From here on: against AWS's service authorisation reference, as cfn-lint carries it.


@cache
def reference() -> dict[str, Any]:
    said = files("cfnlint").joinpath("data", "AdditionalSpecs", "Policies.json").read_text(encoding="utf-8")
    return dict(json.loads(said))


def takes(action: str) -> list[str] | None:
    """The forms of the ARNs that AWS takes for an action; `None` for an action that it does not know."""
    service, name = action.split(":")
    known = reference().get(service, {}).get("Actions", {}).get(name.lower())
    if known is None:
        return None
    kinds = reference()[service]["Resources"]
    return [form for it in known.get("Resources", ()) for form in kinds[it.lower()]["ARNFormats"]]


def granted() -> Iterator[tuple[str, str, list[str]]]:
    """Each action with the logical id of the policy that has it, and the resources that it has it on."""
    for (_, stack), template in all_made().items():
        for key, said in template["Resources"].items():
            if stack == "security" and said["Type"] == "AWS::IAM::ManagedPolicy":
                for statement in filled(said["Properties"]["PolicyDocument"]["Statement"], FILLED):
                    yield from ((key, action, statement["Resource"]) for action in statement["Action"])


def test_aws_knows_every_action() -> None:
    assert {
        action for _, action, _ in granted() if not action.endswith(":*") and takes(action) is None
    } == set()


def test_aws_takes_the_resources_that_actions_are_given_on() -> None:
    wrong = {
        (key, action)
        for key, action, resources in granted()
        if resources != ["*"] and not action.endswith(":*")
        if not any(_meet(form, it) for form in takes(action) or () for it in resources)
    }
    assert wrong == set()


def _meet(form: str, resource: str) -> bool:
    """Whether some ARN is of the form and met by the pattern: each with the other's wildcards as letters."""
    expression = re.sub(r"\$\{\w+\}", "[^:]*", form)
    example = re.sub(r"\$\{(\w+)\}", lambda it: _PLACE[it[1]], form).replace(".*", "x")
    return (
        re.fullmatch(expression, resource) is not None
        or like(example, resource)
        or _begins(example, resource)
    )


_PLACE = {"Partition": "aws", "Region": FILLED["AWS::Region"], "Account": FILLED["AWS::AccountId"]}


def _begins(example: str, resource: str) -> bool:
    """`*/shop-staging*` meets `cluster/x` where what is before the first slash may be anything."""
    before, _, after = resource.partition("*")
    return bool(after) and example.startswith(before)


def test_where_no_resource_is_named_aws_takes_none() -> None:
    said = {it.what.removesuffix(" on *") for it in EXCEPTIONS if it.reason == NO_RESOURCE}
    assert {action for action in said if takes(action) != []} == set()


def test_where_aws_takes_a_resource_another_reason_is_given() -> None:
    others = {it.what for it in EXCEPTIONS if it.what.endswith(" on *") and it.reason != NO_RESOURCE}
    plain = {it.removesuffix(" on *") for it in others if not it.endswith(":* on *")}
    elsewhere = {it.what for it in EXCEPTIONS if it.resource == "Boundary"}
    assert {it for it in plain if takes(it) == [] and f"{it} on *" not in elsewhere} == set()
