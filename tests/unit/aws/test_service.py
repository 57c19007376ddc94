"""The service's stack as a whole: AWS's own schemas, what it asks of the other stacks, and what it promises
everywhere."""

import json
import re
from typing import Any

import pytest
from cfnlint import ManualArgs, lint
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from msgspec.structs import replace
from tests.unit.aws.serviceworld import MANIFESTS, Json, body, only, rendered, resources, topology

from evenly.aws import playbook
from evenly.aws.naming import Names
from evenly.manifest.types import Compute, Deployment

KINDS = sorted(MANIFESTS)
# Outputs of the other stacks, and what is looked up when it is planned.
GIVEN = {
    *("KeyArn", "ArtifactBucket", "VpcId", "PublicSubnets", "PrivateSubnets", "DatabaseSecretArn"),
    *("BalancerGroup", "AppGroup", "HostsGroup"),
    *("Image", "Release", "AmiId", "HostedZoneId", "CertificateArn", "HostsCode"),
}
OUTPUTS = {
    *("BalancerArn", "BalancerDns", "BalancerZoneId", "BalancerFullName", "TargetGroupFullName"),
    *("ClusterName", "ServiceName", "Url"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_aws_takes_every_property(kind: str) -> None:
    found = lint(json.dumps(body(kind)), config=ManualArgs(regions=["eu-west-1"]))
    assert [f"{it.rule.id}: {it.message}" for it in found] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_needs_is_given_and_what_others_need_is_there(kind: str) -> None:
    found = body(kind)
    assert set(found["Parameters"]) <= GIVEN
    more = {"OtherTargetGroupFullName", "BalancerCertificateArn"}
    assert set(found["Outputs"]) >= OUTPUTS
    assert set(found["Outputs"]) - OUTPUTS <= more
    assert ("OtherTargetGroupFullName" in found["Outputs"]) is (kind in ("blue-green", "canary"))
    assert ("BalancerCertificateArn" in found["Outputs"]) is ("Certificate" in found["Resources"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_and_output_says_what_it_is_and_is_text(kind: str) -> None:
    found = body(kind)
    for it in found["Parameters"].values():
        assert it["Type"] == "String"
        assert len(it["Description"]) > 5
    assert all(len(it["Description"]) > 5 for it in found["Outputs"].values())


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_over_all_zones(kind: str) -> None:
    """By the subnets, of which there is one a zone: the balancer, the hosts, the tasks."""
    found = body(kind)
    private = {"Fn::Split": [",", {"Ref": "PrivateSubnets"}]}
    public = {"Fn::Split": [",", {"Ref": "PublicSubnets"}]}
    balancer = only(found, "ElasticLoadBalancingV2::LoadBalancer")
    assert balancer["Subnets"] == (public if balancer["Scheme"] == "internet-facing" else private)
    for it in resources(found, "AutoScaling::AutoScalingGroup").values():
        assert it["VPCZoneIdentifier"] == private
    for it in resources(found, "ECS::Service").values():
        network = it["NetworkConfiguration"]["AwsvpcConfiguration"]
        assert network["Subnets"] == private
        assert network["AssignPublicIp"] == "DISABLED"
        assert it["AvailabilityZoneRebalancing"] == "ENABLED"
        assert it["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_can_bear_tags_has_them_and_the_release_is_on_the_app_alone(kind: str) -> None:
    tagged = {name: it["Properties"]["Tags"] for name, it in body(kind)["Resources"].items() if _has_tags(it)}
    assert {"App", "AppTask", "Balancer", "Cluster", "TargetGroup"} <= set(tagged)
    with_release = set()
    for name, tags in tagged.items():
        said = tags if isinstance(tags, dict) else {it["Key"]: it["Value"] for it in tags}
        assert said["evenly:service"] == "hello", name
        assert {"evenly:environment", "owner", "cost-centre"} <= said.keys(), name
        if "evenly:release" in said:
            with_release.add(name)
    assert with_release == {"App", "AppTask"}


@pytest.mark.parametrize("kind", KINDS)
def test_no_type_that_aws_can_tag_is_without(kind: str) -> None:
    """By AWS's own schemas."""
    for name, it in body(kind)["Resources"].items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", it["Type"]).schema
        where = schema.get("tagging", {}).get("tagProperty", "/properties/Tags").rpartition("/")[2]
        if where in schema["properties"]:
            assert where in it["Properties"], name


def _has_tags(it: Json) -> bool:
    return "Tags" in it.get("Properties", {})


@pytest.mark.parametrize("kind", KINDS)
def test_roles_are_named_and_none_is_made(kind: str) -> None:
    found = body(kind)
    assert not [it for it in found["Resources"].values() if it["Type"].startswith("AWS::IAM::")]
    names = set(re.findall(r":role/hello-staging-([a-z-]+)", str(found)))
    assert {"execution", "task"} <= names <= {"execution", "task", "traffic", "jobs", "jobs-schedule"}
    assert ("traffic" in names) is (kind in ("blue-green", "canary"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_log_group_is_named_encrypted_and_forgets(kind: str) -> None:
    groups = resources(body(kind), "Logs::LogGroup")
    assert "/evenly/hello/staging/app" in {it["LogGroupName"] for it in groups.values()}
    for name, it in groups.items():
        assert it["KmsKeyId"] == {"Ref": "KeyArn"}, name
        assert it["RetentionInDays"] == 30, name


@pytest.mark.parametrize("kind", KINDS)
def test_what_holds_data_says_what_becomes_of_it(kind: str) -> None:
    found = body(kind)["Resources"]
    for it in found.values():
        if it["Type"] in ("AWS::S3::Bucket", "AWS::Logs::LogGroup"):
            assert {"DeletionPolicy", "UpdateReplacePolicy"} <= it.keys()
    assert found["AccessLogs"]["DeletionPolicy"] == "RetainExceptOnCreate"
    kept = body("full")["Resources"]["AppLog"]
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_nothing_secret_is_in_it() -> None:
    """A secret is named by its ARN, and never its value asked for by the template."""
    text = str(body("full"))
    assert "resolve:secretsmanager" not in text
    assert "secret:hello/staging/app/payment" in text


def test_a_host_is_told_all_that_its_playbook_asks_for_in_what_user_data_may_have() -> None:
    data = only(body("small"), "EC2::LaunchTemplate")["LaunchTemplateData"]
    words = data["UserData"]["Fn::Base64"]["Fn::Sub"]
    known = {"ArtifactBucket", "HostsCode", "AWS::Region", "AWS::StackName"}
    assert set(re.findall(r"\$\{([^}]+)\}", words)) == known
    assert len(words.encode()) < playbook.MOST
    assert words.startswith("#!/bin/bash\n")


def test_the_logical_ids_that_are_waited_for_carry_the_hash_of_the_playbook() -> None:
    found = body("full")["Resources"]
    conditions = [name for name, it in found.items() if it["Type"] == "AWS::CloudFormation::WaitCondition"]
    digest = playbook.digest()[:8]
    assert sorted(conditions) == sorted(f"{it.capitalize()}Done{digest}" for it in playbook.STEPS)
    for name in conditions:
        assert found[name]["CreationPolicy"]["ResourceSignal"]["Count"] == 3
        assert name in found["App"]["DependsOn"]


def test_there_are_no_hosts_with_fargate() -> None:
    kinds = {it["Type"] for it in body("fargate")["Resources"].values()}
    assert not kinds & {
        "AWS::AutoScaling::AutoScalingGroup",
        "AWS::EC2::LaunchTemplate",
        "AWS::ECS::CapacityProvider",
        "AWS::CloudFormation::WaitCondition",
    }
    assert only(body("fargate"), "ECS::ClusterCapacityProviderAssociations")["CapacityProviders"] == [
        "FARGATE"
    ]
    assert "AmiId" not in body("fargate")["Parameters"]


def test_two_environments_of_a_service_share_no_name() -> None:
    keys = ("ClusterName", "AutoScalingGroupName", "LogGroupName", "AlarmName", "Family", "StateMachineName")

    def named(found: Any) -> set[str]:
        said = [it.get("Properties", {}) for it in found["Resources"].values()]
        return {str(it[key]) for it in said for key in keys if key in it}

    one = topology(deployment=Deployment())
    other = replace(one, names=Names("hello", "production"))
    assert not named(rendered(one)) & named(rendered(other))


def test_the_capacity_provider_has_a_name_that_aws_takes() -> None:
    one = replace(topology(compute=Compute()), names=Names("ecs-demo", "staging"))
    name = only(rendered(one), "ECS::CapacityProvider")["Name"]
    assert not name.startswith(("aws", "ecs", "fargate"))
