"""Tags, in the form that each type takes them in. Which types have a place for them: test_stacks_together."""

from typing import Any

import pytest
from tests.unit.aws.securityworld import environment
from troposphere import AWSObject, Tags, autoscaling, budgets, ec2, iam, kms, route53, ssm

from evenly.aws.stacks.common import Stack

EVERYWHERE = {
    "evenly:service": "shop",
    "evenly:environment": "staging",
    "owner": "team-shop",
    "cost-centre": "shop",
    "tier": "web",
}


def tagged(resource: AWSObject) -> dict[str, Any]:
    stack = Stack(environment(tags={"owner": "team-shop", "tier": "web"}), "any", "a stack")
    stack.add(resource)
    made: dict[str, Any] = stack.finished().to_dict()["Resources"][resource.title]["Properties"]
    return made


def pairs(said: list[dict[str, Any]]) -> dict[str, Any]:
    return {it["Key"]: it["Value"] for it in said}


def test_a_list_of_keys_and_values() -> None:
    assert pairs(tagged(ec2.VPC("Network", CidrBlock="10.0.0.0/16"))["Tags"]) == EVERYWHERE


@pytest.mark.parametrize("own", [Tags(Name="shop-network"), [{"Key": "Name", "Value": "shop-network"}]])
def test_what_a_stack_gave_stays(own: Any) -> None:
    made = tagged(ec2.InternetGateway("Gateway", Tags=own))["Tags"]
    assert pairs(made) == {**EVERYWHERE, "Name": "shop-network"}


def test_no_tag_of_the_users_is_in_place_of_those_that_policies_go_by() -> None:
    stack = Stack(environment(tags={"evenly:environment": "production"}), "any", "a stack")
    assert stack.tags()["evenly:environment"] == "staging"


def test_a_mapping() -> None:
    published = ssm.Parameter("Published", Type="String", Value="x", Tags={"Name": "x"})
    assert tagged(published)["Tags"] == {**EVERYWHERE, "Name": "x"}


def test_a_group_of_hosts_hands_them_on() -> None:
    made = tagged(
        autoscaling.AutoScalingGroup(
            "Hosts", MinSize="2", MaxSize="4", InstanceId="i-1", VPCZoneIdentifier=["subnet-1"]
        )
    )["Tags"]
    assert pairs(made) == EVERYWHERE
    assert all(it["PropagateAtLaunch"] is True for it in made)


def test_a_launch_template_has_them_by_kind() -> None:
    template = ec2.LaunchTemplate("Template", LaunchTemplateData=ec2.LaunchTemplateData())
    (made,) = tagged(template)["TagSpecifications"]
    assert made["ResourceType"] == "launch-template"
    assert pairs(made["Tags"]) == EVERYWHERE


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (route53.HostedZone("Zone", Name="x.internal"), "HostedZoneTags"),
        (
            route53.HealthCheck("Check", HealthCheckConfig=route53.HealthCheckConfig(Type="HTTPS")),
            "HealthCheckTags",
        ),
        (
            budgets.Budget("Budget", Budget=budgets.BudgetData(BudgetType="COST", TimeUnit="MONTHLY")),
            "ResourceTags",
        ),
    ],
)
def test_under_another_name(resource: AWSObject, name: str) -> None:
    assert pairs(tagged(resource)[name]) == EVERYWHERE


def test_a_budgets_own_tags_stay() -> None:
    budget = budgets.Budget(
        "Budget",
        Budget=budgets.BudgetData(BudgetType="COST", TimeUnit="MONTHLY"),
        ResourceTags=[budgets.ResourceTag(Key="Name", Value="month")],
    )
    assert pairs(tagged(budget)["ResourceTags"]) == {**EVERYWHERE, "Name": "month"}


@pytest.mark.parametrize(
    "resource",
    [kms.Alias("Alias", AliasName="alias/x", TargetKeyId="x"), iam.InstanceProfile("Profile", Roles=["x"])],
)
def test_what_takes_none_has_none(resource: AWSObject) -> None:
    assert not [it for it in tagged(resource) if "Tag" in it]
