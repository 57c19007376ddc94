"""The security stack: what holds for every role and policy, in every environment."""

import json
import re
from collections import Counter
from typing import Any

import pytest
from tests.unit.aws.iam import FILLED, KEY, filled, like
from tests.unit.aws.securityworld import FULL, environment, environments, made

from evenly.aws.naming import Names
from evenly.aws.stacks.security import GIVEN_TO, running_roles, template

POLICY_MOST = 6144  # characters without white space; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ATTACHED_MOST = 10  # to a role, without asking AWS for more
TRUST_MOST = 2048
DESCRIPTION_MOST = 1000
# Places with the longest names: of the commercial regions, and of a partition with a long name.
LONG = (
    {"AWS::Partition": "aws", "AWS::Region": "ap-southeast-1"},
    {"AWS::Partition": "aws-us-gov", "AWS::Region": "us-gov-west-1"},
)
ALWAYS = {"execution", "task", "build", "flow-logs", "default-group"}
OF_DATABASE = {
    "migration",
    "door-open",
    "door-close",
    "door",
    "door-schedule",
    "rotation",
    "database-monitoring",
}


def resources(which: str, kind: str) -> dict[str, dict[str, Any]]:
    found = made(which, "security")["Resources"]
    return {key: it["Properties"] for key, it in found.items() if it["Type"] == f"AWS::IAM::{kind}"}


@pytest.mark.parametrize(
    ("which", "purposes"),
    [
        ("full", ALWAYS | OF_DATABASE | {"host", "traffic", "jobs", "jobs-schedule"}),
        ("small", ALWAYS | OF_DATABASE | {"host"}),
        ("fargate", ALWAYS),
        ("elsewhere", ALWAYS | {"host"}),
    ],
)
def test_an_environment_has_the_roles_that_it_needs(which: str, purposes: set[str]) -> None:
    made_names = {it["RoleName"] for it in resources(which, "Role").values()}
    assert made_names == {f"shop-staging-{it}" for it in purposes | {"cloudformation"}}


@pytest.mark.parametrize("which", environments())
def test_every_role_has_a_ceiling_and_policies_of_this_template(which: str) -> None:
    policies = resources(which, "ManagedPolicy")
    for role in resources(which, "Role").values():
        assert role["PermissionsBoundary"]["Ref"].endswith("Boundary")
        assert role["PermissionsBoundary"]["Ref"] in policies
        assert {it["Ref"] for it in role["ManagedPolicyArns"]} <= policies.keys()
        assert "Policies" not in role


def test_the_policies_of_people_are_attached_to_nobody() -> None:
    attached = {it["Ref"] for role in resources("full", "Role").values() for it in role["ManagedPolicyArns"]}
    assert not attached & {"Reader", "Deployer", "Preflight", "Operator"}
    assert {"Reader", "Deployer", "Preflight", "Operator"} <= resources("full", "ManagedPolicy").keys()


@pytest.mark.parametrize("which", environments())
def test_every_role_is_taken_by_one_service_for_this_account(which: str) -> None:
    without = {
        key
        for key, role in resources(which, "Role").items()
        for it in role["AssumeRolePolicyDocument"]["Statement"]
        if it.get("Condition", {}).get("StringEquals") != {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    assert without <= {"HostRole", "TrafficRole", "CloudformationRole"}
    for role in resources(which, "Role").values():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert isinstance(statement["Principal"]["Service"], str)
        assert statement["Action"] == "sts:AssumeRole"


def test_a_role_is_given_to_the_service_that_it_trusts() -> None:
    trusted = {
        role["RoleName"].removeprefix("shop-staging-"): role["AssumeRolePolicyDocument"]["Statement"][0][
            "Principal"
        ]["Service"]
        for role in resources("full", "Role").values()
    }
    given = {purpose: service for service, many in GIVEN_TO.items() for purpose in many}
    assert {**given, "cloudformation": "cloudformation.amazonaws.com"} == trusted


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize("more", [{}, {"jobs": {}, "workers": {}}], ids=["all", "without jobs"])
def test_policies_fit_with_the_longest_names(long: dict[str, str], more: dict[str, Any]) -> None:
    topology = environment("s" * 40, "e" * 20, **{**FULL, **more})
    given = {
        **FILLED,
        **long,
        "KeyArn": KEY.replace("aws:", f"{long['AWS::Partition']}:").replace("eu-west-1", long["AWS::Region"]),
    }
    for key, said in template(topology).to_dict()["Resources"].items():
        own = said["Properties"]
        if said["Type"] == "AWS::IAM::ManagedPolicy":
            document = filled(own["PolicyDocument"], given)
            assert len(re.sub(r"\s", "", json.dumps(document))) <= POLICY_MOST, key
            assert len(own["Description"]) <= DESCRIPTION_MOST
        elif said["Type"] == "AWS::IAM::Role":
            assert len(json.dumps(filled(own["AssumeRolePolicyDocument"], given))) <= TRUST_MOST
            assert len(own["ManagedPolicyArns"]) <= ATTACHED_MOST


@pytest.mark.parametrize("which", environments())
def test_statements_are_told_apart_by_words(which: str) -> None:
    for policy in resources(which, "ManagedPolicy").values():
        sids = Counter(it["Sid"] for it in policy["PolicyDocument"]["Statement"])
        assert set(sids.values()) == {1}
        assert all(re.fullmatch("[A-Za-z0-9]+", it) for it in sids)


@pytest.mark.parametrize("which", environments())
def test_a_ceiling_is_over_all_that_its_roles_have(which: str) -> None:
    security = {key: filled(it) for key, it in resources(which, "ManagedPolicy").items()}
    for role in resources(which, "Role").values():
        over = security[role["PermissionsBoundary"]["Ref"]]["PolicyDocument"]["Statement"]
        for policy in role["ManagedPolicyArns"]:
            for statement in security[policy["Ref"]]["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    _is_under(statement, over)


def _is_under(statement: dict[str, Any], over: list[dict[str, Any]]) -> None:
    for action in statement["Action"]:
        for resource in statement["Resource"]:
            assert any(
                any(like(action, it) for it in each["Action"])
                and any(like(resource, it) for it in each["Resource"])
                for each in over
            ), (action, resource)


@pytest.mark.parametrize("which", environments())
def test_the_ceiling_of_what_runs_has_no_action_that_no_role_has(which: str) -> None:
    had = {
        action
        for role in running_roles(environments()[which])
        for it in role.statements
        for action in it.actions
    }
    over = resources(which, "ManagedPolicy")["Boundary"]["PolicyDocument"]["Statement"]
    assert {action for it in over for action in it["Action"]} == had


@pytest.mark.parametrize("which", environments())
def test_a_role_is_handed_on_under_its_own_name_to_named_services(which: str) -> None:
    found = 0
    for key, policy in resources(which, "ManagedPolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if (
                "iam:PassRole" in statement["Action"]
                and key != "CloudformationBoundary"
                and key != "Boundary"
            ):
                found += 1
                assert statement["Condition"]["StringEquals"]["iam:PassedToService"]
                assert not any("*" in it["Fn::Sub"] for it in statement["Resource"])
    assert found >= 2


def test_hosts_have_a_profile_under_the_roles_name() -> None:
    (profile,) = resources("full", "InstanceProfile").values()
    assert profile == {
        "InstanceProfileName": Names("shop", "staging").role("host"),
        "Roles": [{"Ref": "HostRole"}],
    }
    assert not resources("fargate", "InstanceProfile")


def test_one_more_job_worker_or_secret_changes_no_role() -> None:
    more = {
        **FULL,
        "jobs": {**FULL["jobs"], "morning": FULL["jobs"]["night"]},
        "workers": {**FULL["workers"], "push": FULL["workers"]["mail"]},
        "secrets": {**FULL["secrets"], "OTHER": "other"},
    }
    assert template(environment(**more)).to_dict() == template(environment(**FULL)).to_dict()
