"""The preflight as a whole, against an account in memory; and its calls, against the models of the services."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from msgspec.structs import replace
from tests.unit.aws.iam import ACCOUNT, KEY, REGION, Who
from tests.unit.aws.preflightworld import ADMINISTRATOR, FakeAccount, planned, whole
from tests.unit.aws.securityworld import environments, person
from tests.unit.aws.world import FakeTime, refuse

from evenly.aws.cloud.session import Session
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.preflight import preflight
from evenly.aws.operations.usage import limits, reader
from evenly.aws.preflight.findings import Findings, PreflightError
from evenly.aws.preflight.quotas import QUOTAS, Key
from evenly.aws.preflight.shortages import Use
from evenly.aws.stacks.security.deployer import QUOTAS_SEEN
from evenly.errors import ExitCode

FIRST = ("foundation", "security")
ROOM = {it.code: 1000.0 for it in QUOTAS.values() if it.code}


def looked(account: FakeAccount, which: str = "full", *there: str, key: str | None = KEY) -> Findings:
    topology = environments()[which]
    desired = whole(which)
    return preflight(account.cloud, topology, desired, planned(desired, there, key=key), FakeTime().clock)


def with_room(**more: Any) -> FakeAccount:
    return FakeAccount(**{"quotas": dict(ROOM), **more})


@pytest.mark.parametrize("which", environments())
def test_with_room_and_every_permission_there_is_nothing_to_say(which: str) -> None:
    assert looked(with_room(), which) == Findings()


def test_where_nothing_is_changed_nothing_is_asked() -> None:
    account = with_room()
    topology = environments()["full"]
    desired = whole("full")
    plan = planned(desired, [it.concern for it in desired.stacks])
    assert preflight(account.cloud, topology, desired, plan, FakeTime().clock) == Findings()
    assert account.calls == []


def test_nothing_is_changed_by_it() -> None:
    account = with_room()
    looked(account)
    assert all(it.startswith(("describe_", "get_", "head_", "list_", "simulate_")) for it in account.asked())


def test_what_an_interrupted_deploy_has_begun_is_not_looked_at_again() -> None:
    """Its network is one of the five, and its buckets are there."""
    account = with_room(there={"describe_vpcs": 5})
    account.quotas["L-F678F1CE"] = 5
    assert len(looked(account, "small").stopping) == 1
    account.stacks["shop-staging-network"] = "CREATE_IN_PROGRESS"
    assert looked(account, "small").stopping == ()
    account.stacks["shop-staging-network"] = "ROLLBACK_COMPLETE"
    assert len(looked(account, "small").stopping) == 1


def test_a_stack_that_was_changed_since_is_not_looked_at_again() -> None:
    account = with_room(who=Who([]), stacks={"shop-staging-service": "UPDATE_COMPLETE"})
    topology, desired = environments()["full"], whole("full")
    plan = planned(desired, [it.concern for it in desired.stacks], ["service"])
    assert preflight(account.cloud, topology, desired, plan, FakeTime().clock).stopping
    stacks = tuple(replace(it, updated="2025") if it.concern == "service" else it for it in plan.stacks)
    plan = replace(plan, stacks=stacks)
    assert preflight(account.cloud, topology, desired, plan, FakeTime().clock) == Findings()


# --- quotas


def test_all_that_is_exceeded_is_told_at_once() -> None:
    account = with_room(there={"describe_vpcs": 5, "describe_addresses": 5, "DBInstances": 40})
    account.quotas |= {"L-F678F1CE": 5, "L-0263D0A3": 5}
    found = looked(account)
    assert {it.partition(":")[0] for it in found.stopping} == {
        "EC2-VPC Elastic IPs in eu-west-1",
        "VPCs per Region in eu-west-1",
        "DB instances in eu-west-1",
    }
    error = PreflightError(found, "staging")
    assert error.exit_code is ExitCode.STATE
    assert str(error).startswith("staging: nothing was changed, for it would fail:\n- ")


def test_the_accounts_own_quota_counts_and_not_the_default() -> None:
    account = with_room(there={"describe_vpcs": 5})
    account.quotas["L-F678F1CE"] = 6
    assert looked(account).stopping == ()


def test_a_quota_that_the_account_has_as_everybody_has_it() -> None:
    account = with_room(there={"describe_vpcs": 5})
    del account.quotas["L-F678F1CE"]
    account.defaults["L-F678F1CE"] = 5
    (stops,) = looked(account).stopping
    assert stops.startswith("VPCs per Region in eu-west-1: 5 of 5 are in use, and 1 more is needed")


def test_a_quota_that_nobody_tells_is_taken_for_the_documented_one_and_stops_nothing() -> None:
    account = with_room(there={"describe_vpcs": 5})
    del account.quotas["L-F678F1CE"]
    found = looked(account)
    assert found.stopping == ()
    assert [it for it in found.notes if "if the account has the default quota" in it]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "may not servicequotas:ListServiceQuotas"),
        ("ThrottlingException", "slow down"),
    ],
)
def test_who_may_not_ask_or_is_slowed_down_is_told_once_and_goes_on(code: str, said: str) -> None:
    account = with_room(denies={"list_service_quotas": refuse("ListServiceQuotas", code, "")})
    found = looked(account)
    assert found.stopping == ()
    told = [it for it in found.notes if it.startswith("Not every quota could be looked at")]
    assert len(told) == 1
    assert said in told[0]


def test_a_service_that_does_not_answer_hides_no_other() -> None:
    account = with_room(
        there={"describe_addresses": 1000},
        denies={"describe_vpcs": refuse("DescribeVpcs", "UnauthorizedOperation", "You are not authorized")},
    )
    found = looked(account)
    assert len(found.stopping) == 1
    assert any("what is in use of VPCs per Region" in it and "ec2:DescribeVpcs" in it for it in found.notes)


def test_an_answer_without_what_was_asked_for_is_a_note() -> None:
    found = looked(with_room(there={"InstanceProfiles": -1}))
    assert found == Findings(
        notes=(
            "Not every quota could be looked at (what is in use of Instance profiles per account): "
            "AWS answered without 'InstanceProfiles'.",
        )
    )


def test_the_command_names_the_profile_and_the_quotas_region() -> None:
    account = with_room(there={"list_distributions": 1000})
    topology = environments()["full"]
    desired = whole("full")
    cloud = Cloud(Session("work", make=account.cloud.session._make), REGION)
    (stops,) = preflight(cloud, topology, desired, planned(desired), FakeTime().clock).stopping
    assert stops.endswith(
        "--service-code cloudfront --quota-code L-24B04930 --desired-value 1001 "
        "--region us-east-1 --profile work"
    )


# --- how much is in use


def used(account: FakeAccount, key: Key) -> Use:
    return reader(account.cloud, FakeTime().clock, key, REGION)()


@pytest.mark.parametrize(
    ("key", "there"),
    [
        ("vpcs", "describe_vpcs"),
        ("internet-gateways", "describe_internet_gateways"),
        ("gateway-endpoints", "describe_vpc_endpoints"),
        ("security-groups", "describe_security_groups"),
        ("elastic-ips", "describe_addresses"),
        ("load-balancers", "describe_load_balancers"),
        ("distributions", "list_distributions"),
        ("vpc-origins", "list_vpc_origins"),
        ("response-headers-policies", "list_response_headers_policies"),
        ("origin-request-policies", "list_origin_request_policies"),
    ],
)
def test_lists_are_counted_over_all_their_pages(key: Key, there: str) -> None:
    assert used(FakeAccount(there={there: 5}), key) == Use(5)
    assert used(FakeAccount(), key) == Use(0)


def test_gateways_are_counted_by_zone() -> None:
    nats = ["eu-west-1a"] * 3 + ["eu-west-1b"]
    assert used(FakeAccount(nats=nats), "nat-gateways") == Use(0, most=3)
    assert used(FakeAccount(), "nat-gateways") == Use(0, most=0)


@pytest.mark.parametrize("key", ["host-processors", "fargate-processors"])
def test_processors_are_taken_from_the_newest_value_of_the_metric(key: Key) -> None:
    assert used(FakeAccount(processors=12), key) == Use(12)
    assert used(FakeAccount(), key) == Use(0)


def test_what_services_tell_of_themselves() -> None:
    account = FakeAccount(
        there={"DBInstances": 3, "Roles": 7, "MAX_HOSTED_ZONES_BY_OWNER": 4, "MAX_HEALTH_CHECKS_BY_OWNER": 2}
    )
    assert used(account, "db-instances") == Use(3, limit=40)
    assert used(account, "roles") == Use(7, limit=1000)
    assert used(account, "hosted-zones") == Use(4, limit=500)
    assert used(account, "health-checks") == Use(2, limit=500)


@pytest.mark.parametrize("key", QUOTAS)
def test_every_call_is_as_the_service_takes_it(key: Key) -> None:
    """Up to the wire: botocore checks names and types, and no answer is needed."""

    class SentError(Exception):
        pass

    def stop(**_: Any) -> None:
        raise SentError

    def make(service: str, region: str) -> Any:
        client = boto3.client(
            service,
            region_name=region,
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("before-send", stop)
        return client

    read = reader(Cloud(Session(make=make), REGION), FakeTime().clock, key, REGION)
    if key == "security-group-rules":
        assert read() == Use(0)
        return
    with pytest.raises(SentError):
        read()


def test_quotas_are_asked_for_as_service_quotas_takes_it() -> None:
    client = boto3.client(
        "service-quotas", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    )
    page = {"ServiceCode": "vpc", "MaxResults": 100}
    with Stubber(client) as stub:
        first = {"Quotas": [{"QuotaCode": "L-A", "Value": 7.0}], "NextToken": "t"}
        stub.add_response("list_service_quotas", first, page)
        stub.add_response(
            "list_service_quotas", {"Quotas": [{"QuotaCode": "L-B"}]}, {**page, "NextToken": "t"}
        )
        both = [{"QuotaCode": "L-A", "Value": 1.0}, {"QuotaCode": "L-B", "Value": 2.0}]
        stub.add_response("list_aws_default_service_quotas", {"Quotas": both}, page)
        asked = Session(make=lambda *_: client).client("service-quotas", REGION)
        assert limits(asked, "vpc", ["L-A", "L-B", "L-C"]) == {"L-A": 7.0, "L-B": 2.0}
        stub.assert_no_pending_responses()


# --- names

BUCKET = f"shop-staging-artifacts-{ACCOUNT}-{REGION}"


@pytest.mark.parametrize(
    ("name", "goes"),
    [
        (BUCKET, f"aws s3api delete-bucket --bucket {BUCKET} --region eu-west-1"),
        (
            "shop/staging",
            "aws ecr delete-repository --repository-name shop/staging --force --region eu-west-1",
        ),
        ("/evenly/shop/staging/app", "aws logs delete-log-group --log-group-name /evenly/shop/staging/app"),
    ],
)
def test_what_an_earlier_environment_has_left_stops_the_next(name: str, goes: str) -> None:
    (stops,) = looked(with_room(taken=frozenset({name, f"{name}-more"})), "small").stopping
    assert f"is to make {name} (" in stops
    assert goes in stops


def test_a_longer_name_is_another() -> None:
    assert looked(with_room(taken=frozenset({"/evenly/shop/staging/app-more"})), "small") == Findings()


def test_a_bucket_that_may_not_be_looked_at_is_there() -> None:
    account = with_room(denies={"head_bucket": refuse("HeadBucket", "403", "Forbidden")})
    assert any(BUCKET in it for it in looked(account, "small").stopping)


def test_what_is_the_stacks_own_is_not_looked_at() -> None:
    assert looked(with_room(taken=frozenset({BUCKET})), "small", *FIRST) == Findings()


def test_names_that_can_not_be_looked_at_are_a_note() -> None:
    account = with_room(
        denies={"describe_repositories": refuse("DescribeRepositories", "ThrottlingException", "")}
    )
    found = looked(account, "small")
    assert found.stopping == ()
    assert [it.partition(": ")[0] for it in found.notes] == [
        "Whether this is there already could not be found out"
    ]


# --- permissions


def test_who_has_the_policies_of_reader_and_deployer_has_all_it_takes() -> None:
    account = with_room(who=person("Reader", "Deployer"))
    assert looked(account, "full", *FIRST) == Findings()


def test_who_deploys_may_ask_all_that_a_preflight_asks() -> None:
    account = with_room()
    looked(account)
    deployer = person("Reader", "Deployer", "Preflight")
    asked = {
        f"{_IN_IAM.get(service, service)}:{_TITLES.get(operation) or _titled(operation)}"
        for service, _, operation, _ in account.calls
        if service
        not in ("sts", "cloudformation", "ecr", "s3")  # of what is named, and a plan asks after too
    }
    own = {it for it in asked if it.startswith("iam:") and it != "iam:GetAccountSummary"}
    assert own == {"iam:SimulatePrincipalPolicy"}
    assert {it for it in asked - own if not deployer.may(it)} == set()
    assert {it for it in QUOTAS_SEEN if it not in asked} == {
        "ec2:DescribeSubnets",
        "servicequotas:ListAWSDefaultServiceQuotas",
    }
    assert deployer.may("iam:SimulatePrincipalPolicy", f"arn:aws:iam::{ACCOUNT}:role/team/deployer")


_IN_IAM = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
_TITLES = {"list_aws_default_service_quotas": "ListAWSDefaultServiceQuotas"}


def _titled(operation: str) -> str:
    return "".join(it.capitalize() for it in operation.split("_"))


def test_the_first_stacks_are_not_the_deployers() -> None:
    found = looked(with_room(who=person("Reader", "Deployer")), key=None)
    assert any("cloudformation:ExecuteChangeSet" in it and "forbids it" in it for it in found.stopping)
    assert any("iam:CreateRole" in it and '"Action": ["iam:' in it for it in found.stopping)


def test_one_that_is_missing_is_told_and_stops() -> None:
    forbidding = {"Effect": "Deny", "Action": ["cloudformation:ExecuteChangeSet"], "Resource": ["*"]}
    who = Who([*ADMINISTRATOR._policies, {"Statement": [forbidding]}])
    (stops,) = looked(with_room(who=who)).stopping
    assert "may not cloudformation:ExecuteChangeSet" in stops


def test_who_may_nothing_is_told_so_and_by_which_statements() -> None:
    found = looked(with_room(who=Who([])), "small", *FIRST)
    assert all("Have this allowed: {" in it for it in found.stopping)
    assert any("s3:PutObject" in it for it in found.stopping)
    assert len([it for it in found.notes if it.endswith("This deploy can do without.")]) == 1


def test_what_the_organisation_does_not_allow_is_said_to_be_that() -> None:
    (stops,) = looked(with_room(forbids=frozenset({"iam:PassRole"}))).stopping
    assert "service control policy of the organisation" in stops


def test_what_depends_on_where_one_asks_from_is_a_note() -> None:
    found = looked(with_room(who=Who([]), unknown=("aws:SourceIp",)), "small", *FIRST)
    assert found.stopping == ()
    assert any("without aws:SourceIp" in it for it in found.notes)


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", "neither a user nor a role"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/ann", "neither a user nor a role"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/elsewhere/ann", "the role elsewhere is not in the account"),
    ],
)
def test_who_can_not_be_simulated_is_told_so_and_goes_on(arn: str, said: str) -> None:
    found = looked(with_room(arn=arn, who=Who([])))
    assert found.stopping == ()
    assert len([it for it in found.notes if said in it]) == 1


def test_an_assumed_role_is_simulated_by_its_own_name_with_its_path() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/Deployer"
    account = with_room(arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/ann", roles={"Deployer": role})
    assert looked(account) == Findings()
    assert {said["PolicySourceArn"] for _, _, name, said in account.calls if name.startswith("simulate")} == {
        role
    }


@pytest.mark.parametrize(
    ("operation", "code", "said"),
    [
        ("simulate_principal_policy", "AccessDenied", "iam:SimulatePrincipalPolicy"),
        ("simulate_principal_policy", "Throttling", "slow down"),
        ("get_role", "AccessDenied", "iam:GetRole"),
    ],
)
def test_where_iam_does_not_answer_it_is_said_once_and_the_deploy_goes_on(
    operation: str, code: str, said: str
) -> None:
    name = "".join(it.capitalize() for it in operation.split("_"))
    account = with_room(
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/ann",
        roles={"Deployer": f"arn:aws:iam::{ACCOUNT}:role/Deployer"},
        denies={operation: refuse(name, code, "")},
    )
    found = looked(account)
    assert found.stopping == ()
    assert len(found.notes) == 1
    assert found.notes[0].startswith("Whether every permission is there could not be found out: ")
    assert said in found.notes[0]


def test_a_simulation_is_asked_for_as_iam_takes_it() -> None:
    from evenly.aws.operations.simulating import simulated
    from evenly.aws.preflight.missing import By, Decision
    from evenly.aws.preflight.rights import Question

    client = boto3.client("iam", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    who = f"arn:aws:iam::{ACCOUNT}:user/ann"
    question = Question(("s3:PutObject",), ("arn:aws:s3:::a/x",), {"s3:prefix": ("y",)}, frozenset(), {})
    asked = {
        "PolicySourceArn": who,
        "ActionNames": ["s3:PutObject"],
        "ResourceArns": ["arn:aws:s3:::a/x"],
        "ContextEntries": [
            {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["y"], "ContextKeyType": "string"}
        ],
    }
    plain = {"EvalActionName": "s3:PutObject", "EvalResourceName": "*", "EvalDecision": "explicitDeny"}
    within = {
        **plain,
        "PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False},
    }
    with Stubber(client) as stub:
        stub.add_response(
            "simulate_principal_policy",
            {"EvaluationResults": [plain], "IsTruncated": True, "Marker": "m"},
            asked,
        )
        stub.add_response(
            "simulate_principal_policy", {"EvaluationResults": [within]}, {**asked, "Marker": "m"}
        )
        iam = Session(make=lambda *_: client).client("iam", REGION)
        assert simulated(iam, who, question) == (
            Decision("s3:PutObject", "*", By.FORBIDDEN),
            Decision("s3:PutObject", "*", By.BOUNDARY),
        )
        stub.assert_no_pending_responses()
