"""What no rule over one template can see. Each check: what is right has no finding, and each fault has one."""

from typing import Any

import pytest
from tests.unit.aws.packageworld import made_of, topology

from evenly.aws.linting.checks import check_findings
from evenly.manifest.types import Manifest

ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shop-production-task"
POLICY = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/shop-production-boundary"


def right() -> dict[str, dict[str, Any]]:
    """Templates without a fault."""
    return {
        "foundation": {
            "Resources": {
                "Files": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": {"Fn::Sub": "shop-${AWS::AccountId}"}},
                },
                "FilesPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Files"}}},
            },
            "Outputs": {"KeyArn": {"Value": "x"}},
        },
        "security": {
            "Resources": {
                "Task": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "RoleName": "shop-production-task",
                        "PermissionsBoundary": {"Fn::Sub": POLICY},
                    },
                },
                "Boundary": {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {"ManagedPolicyName": "shop-production-boundary"},
                },
            },
        },
        "network": {
            "Resources": {
                "PublicA": {
                    "Type": "AWS::EC2::Subnet",
                    "Properties": {"AvailabilityZone": {"Fn::Select": [0, "x"]}},
                },
                "PublicB": {
                    "Type": "AWS::EC2::Subnet",
                    "Properties": {"AvailabilityZone": {"Fn::Select": [1, "x"]}},
                },
                "Private1": {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZone": "eu-west-1a"}},
                "Private2": {"Type": "AWS::EC2::Subnet", "Properties": {"AvailabilityZone": "eu-west-1b"}},
            },
            "Outputs": {
                "PrivateSubnets": {"Value": {"Fn::Join": [",", [{"Ref": "Private1"}, {"Ref": "Private2"}]]}}
            },
        },
        "service": {
            "Parameters": {
                "KeyArn": {"Type": "String"},
                "PrivateSubnets": {"Type": "String"},
                "Size": {"Type": "String", "Default": "1"},
                "Image": {"Type": "String"},
            },
            "Resources": {
                "Balancer": {
                    "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
                    "Properties": {"Subnets": ["a", "b"]},
                },
                "Fleet": {
                    "Type": "AWS::AutoScaling::AutoScalingGroup",
                    "Properties": {"VPCZoneIdentifier": {"Fn::Split": [",", {"Ref": "PrivateSubnets"}]}},
                },
                "Service": {
                    "Type": "AWS::ECS::Service",
                    "Properties": {
                        "NetworkConfiguration": {
                            "AwsvpcConfiguration": {
                                "Subnets": {"Fn::Split": [",", {"Ref": "PrivateSubnets"}]}
                            }
                        }
                    },
                },
                "Log": {
                    "Type": "AWS::Logs::LogGroup",
                    "Properties": {"LogGroupName": "/evenly/shop/production/app"},
                },
                "App": {
                    "Type": "AWS::ECS::TaskDefinition",
                    "Properties": {
                        "TaskRoleArn": {"Fn::Sub": ROLE},
                        "ContainerDefinitions": [
                            {
                                "LogConfiguration": {
                                    "Options": {"awslogs-group": "/evenly/shop/production/app"}
                                }
                            }
                        ],
                    },
                },
                "Subnets": {
                    "Type": "AWS::RDS::DBSubnetGroup",
                    "Properties": {"SubnetIds": {"Ref": "Elsewhere"}},
                },
            },
        },
    }


def found(bodies: dict[str, Any], **more: Any) -> set[tuple[str, str, str]]:
    return {(it.rule, it.stack, it.resource) for it in check_findings(made_of(bodies, **more))}


def test_what_is_right_has_no_finding() -> None:
    assert found(right()) == set()


FAULTS: dict[str, tuple[tuple[str, ...], Any, set[tuple[str, str, str]]]] = {
    "a parameter that nothing gives": (
        ("service", "Parameters", "Odd"),
        {"Type": "String"},
        {("parameter_has_a_source", "service", "Odd")},
    ),
    "a default that is taken away": (
        ("service", "Parameters", "Size"),
        {"Type": "String"},
        {("parameter_has_a_source", "service", "Size")},
    ),
    "two outputs of one name": (
        ("network", "Outputs", "KeyArn"),
        {"Value": "y"},
        {("output_is_one_stacks_own", "network", "KeyArn")},
    ),
    "two of one name": (
        ("service", "Resources", "More"),
        {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "shop-production-task"}},
        {
            ("name_is_used_once", "security", "Task"),
            ("name_is_used_once", "service", "More"),
            ("roles_are_the_security_teams", "service", "More"),
        },
    ),
    "a bucket without a policy": (
        ("service", "Resources", "Logs"),
        {"Type": "AWS::S3::Bucket"},
        {("bucket_has_a_policy", "service", "Logs")},
    ),
    "a role that is not there": (
        ("service", "Resources", "App", "Properties", "TaskRoleArn"),
        {"Fn::Sub": f"{ROLE}s"},
        {("role_is_there", "service", "App")},
    ),
    "a boundary that is not there": (
        ("security", "Resources", "Task", "Properties", "PermissionsBoundary"),
        {"Fn::Sub": POLICY.replace("boundary", "bundary")},
        {("role_is_there", "security", "Task")},
    ),
    "a log group that is not there": (
        ("service", "Resources", "Log", "Properties", "LogGroupName"),
        "/evenly/shop/production/other",
        {("log_group_exists", "service", "App")},
    ),
    "subnets in one zone": (
        ("network", "Resources", "Private2", "Properties", "AvailabilityZone"),
        "eu-west-1a",
        {("subnets_are_in_the_zones", "network", "")},
    ),
    "zones that are chosen twice": (
        ("network", "Resources", "PublicB", "Properties", "AvailabilityZone"),
        {"Fn::Select": [0, "x"]},
        {("subnets_are_in_the_zones", "network", "")},
    ),
    "an output with one subnet": (
        ("network", "Outputs", "PrivateSubnets", "Value"),
        {"Fn::Join": [",", [{"Ref": "Private1"}]]},
        {("it_stands_in_the_zones", "service", "Fleet"), ("it_stands_in_the_zones", "service", "Service")},
    ),
    "a balancer in one subnet, named twice": (
        ("service", "Resources", "Balancer", "Properties", "Subnets"),
        ["a", "a"],
        {("it_stands_in_the_zones", "service", "Balancer")},
    ),
    "a database in one subnet": (
        ("service", "Resources", "Subnets", "Properties", "SubnetIds"),
        ["a"],
        {("it_stands_in_the_zones", "service", "Subnets")},
    ),
    "a role of another team's": (
        ("network", "Resources", "Own"),
        {"Type": "AWS::IAM::Role", "Properties": {}},
        {("roles_are_the_security_teams", "network", "Own")},
    ),
    "a policy that is given everything of S3's": (
        ("security", "Resources", "Boundary", "Properties", "PolicyDocument"),
        {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]},
        {("policy_is_narrow", "security", "Boundary")},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_where_it_is(fault: str) -> None:
    path, value, expected = FAULTS[fault]
    bodies = right()
    place: Any = bodies
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place[path[-1]] = value
    assert found(bodies) == expected


def test_a_stack_of_the_users_own_may_have_roles() -> None:
    bodies = right()
    bodies["queue"] = {"Resources": {"Own": {"Type": "AWS::IAM::Role"}}}
    assert found(bodies, own=("queue",)) == set()


def test_a_role_is_there_before_who_takes_it() -> None:
    bodies = right()
    at_once = made_of(bodies, waves=(("foundation", "network"), ("security", "service")))
    assert {(it.rule, it.stack, it.resource) for it in check_findings(at_once)} == {
        ("role_is_there", "service", "App")
    }


def test_three_zones_are_three() -> None:
    about = topology(zones=3)
    rules = {rule for rule, _, _ in found(right(), about=about)}
    assert rules == {"subnets_are_in_the_zones", "it_stands_in_the_zones"}
    assert Manifest(name="x").zones == 2


def test_the_first_template_has_to_be_sent_with_the_request() -> None:
    bodies = right()
    for stack, size in (("foundation", 60_000), ("network", 1_100_000)):
        bodies[stack]["Description"] = "x" * size
    assert found(bodies) == {("template_fits", "foundation", ""), ("template_fits", "network", "")}
    bodies["network"]["Description"] = "x" * 900_000
    assert found(bodies) == {("template_fits", "foundation", "")}
