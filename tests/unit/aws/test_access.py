"""Who may do what, and who reaches whom, told apart from everything else, line by line."""

from typing import Any

import pytest

from evenly.aws.changes.access import AccessChange, Sphere, access_changes
from evenly.aws.changes.provisional import Held, difference
from evenly.aws.changes.types import Action


def found(old: dict[str, Any], new: dict[str, Any]) -> tuple[AccessChange, ...]:
    before, after = {"Resources": old}, {"Resources": new}
    return access_changes(difference(Held(before, {}), Held(after, {})), before, after)


def role(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    policy = {"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}
    return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy], **more}}


def allow(action: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [action], "Resource": [resource], **more}


def test_what_a_role_is_granted_and_what_it_loses_are_told() -> None:
    arn = {"Fn::GetAtt": ["Bucket", "Arn"]}
    [it] = found({"Role": role(allow("s3:GetObject", arn))}, {"Role": role(allow("s3:*", arn))})
    assert it == AccessChange(
        "Role",
        "AWS::IAM::Role",
        Sphere.IAM,
        Action.MODIFY,
        ("Allow s3:* on <Bucket.Arn>",),
        ("Allow s3:GetObject on <Bucket.Arn>",),
    )


def test_a_new_role_tells_who_may_take_it_and_all_that_it_may() -> None:
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
    new = role(
        allow("s3:GetObject"), AssumeRolePolicyDocument=trust, ManagedPolicyArns=["arn:aws:iam::aws:policy/x"]
    )
    [it] = found({}, {"Role": new})
    assert it.granted == (
        "Allow to Service ecs.amazonaws.com sts:AssumeRole",
        "has the policy arn:aws:iam::aws:policy/x",
        "Allow s3:GetObject on *",
    )


def test_a_removed_role_withdraws_all() -> None:
    [it] = found({"Role": role(allow("s3:GetObject"))}, {})
    assert (it.action, it.granted, it.withdrawn) == (Action.REMOVE, (), ("Allow s3:GetObject on *",))


def test_conditions_and_what_is_excepted_are_part_of_it() -> None:
    statement = {
        "Effect": "Deny",
        "NotAction": "iam:*",
        "Resource": "*",
        "Condition": {"Bool": {"a": "true"}},
    }
    [it] = found({}, {"Role": role(statement)})
    assert it.granted == ("Deny all but iam:* on * if Bool a true",)


def rule(cidr: str, port: int) -> dict[str, Any]:
    return {"CidrIp": cidr, "IpProtocol": "tcp", "FromPort": port, "ToPort": port}


def test_a_security_group_tells_who_comes_in_and_what_goes_out() -> None:
    def group(*rules: dict[str, Any]) -> dict[str, Any]:
        return {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": list(rules)}}

    [it] = found(
        {"G": group(rule("10.0.0.0/8", 443))}, {"G": group(rule("0.0.0.0/0", 443), rule("10.0.0.0/8", 443))}
    )
    assert (it.sphere, it.granted, it.withdrawn) == (Sphere.NETWORK, ("in from 0.0.0.0/0, tcp 443",), ())


def test_a_rule_by_itself_is_one_too_also_of_everything() -> None:
    said = {
        "Type": "AWS::EC2::SecurityGroupEgress",
        "Properties": {"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"},
    }
    [it] = found({}, {"R": said})
    assert it.granted == ("out to 0.0.0.0/0, everything",)
    ranged = {"SourceSecurityGroupId": {"Ref": "App"}, "IpProtocol": "udp", "FromPort": 1, "ToPort": 9}
    [it] = found({}, {"R": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": ranged}})
    assert it.granted == ("in from <App>, udp 1 to 9",)


@pytest.mark.parametrize(
    ("kind", "old", "new", "sphere"),
    [
        (
            "AWS::KMS::Key",
            {"KeyPolicy": {"Statement": []}},
            {"KeyPolicy": {"Statement": [allow("kms:*")]}},
            Sphere.IAM,
        ),
        ("AWS::KMS::Key", {"Description": "a"}, {"Description": "b"}, None),
        ("AWS::ECS::TaskDefinition", {"TaskRoleArn": "a"}, {"TaskRoleArn": "b"}, Sphere.IAM),
        ("AWS::Lambda::Function", {"Role": "a"}, {"Role": "b"}, Sphere.IAM),
        (
            "AWS::ECS::Service",
            {"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": ["a"]}}},
            {"NetworkConfiguration": {"AwsvpcConfiguration": {"SecurityGroups": ["b"]}}},
            Sphere.NETWORK,
        ),
        ("AWS::S3::BucketPolicy", {"Bucket": "a"}, {"Bucket": "b"}, Sphere.IAM),
        ("AWS::EC2::NetworkAclEntry", {"RuleNumber": 1}, {"RuleNumber": 2}, Sphere.NETWORK),
        ("AWS::SNS::Topic", {"DisplayName": "a"}, {"DisplayName": "b"}, None),
    ],
)
def test_what_counts_as_one_of_the_two(kind: str, old: Any, new: Any, sphere: Sphere | None) -> None:
    changed = found({"X": {"Type": kind, "Properties": old}}, {"X": {"Type": kind, "Properties": new}})
    assert [it.sphere for it in changed] == ([sphere] if sphere else [])
