"""What things are called: AWS takes every name, whatever manifest it is made of, and no two environments share one."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.environments import ENVIRONMENT_NAMES, NAMES_ON_AWS

from evenly.aws.naming import BUCKET_MOST, Names, fitted
from evenly.manifest.awsvalues import MOST_REGION, check_environment_name, check_name_on_aws
from evenly.manifest.checks import InvalidError

LONGEST = Names("s" * 40, "e" * 20)
Limits = Callable[[str, str], dict[str, Any]]


@given(NAMES_ON_AWS, ENVIRONMENT_NAMES)
def test_aws_takes_every_name(limits: Limits, service: str, environment: str) -> None:
    _check(Names(service, environment), limits)


def test_aws_takes_the_longest_names(limits: Limits) -> None:
    _check(LONGEST, limits)


def _check(names: Names, limits: Limits) -> None:
    made = {
        ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): names.database,
        ("AWS::ECR::Repository", "RepositoryName"): names.repository,
        ("AWS::IAM::Role", "RoleName"): names.role("database-monitoring"),
        ("AWS::Logs::LogGroup", "LogGroupName"): names.log_group("workers/mailer"),
        ("AWS::StepFunctions::StateMachine", "StateMachineName"): names.door,
        ("AWS::SSM::Parameter", "Name"): names.parameter("foundation", "ArtifactBucket"),
    }
    for (kind, prop), name in made.items():
        of = limits(kind, prop)
        assert len(name) <= of["maxLength"], name
        assert re.search(of.get("pattern", ""), name), name
    # Not in the schemas: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]*", names.stack("observability"))
    assert len(names.stack("observability")) <= 128
    assert not re.match(r"/(aws|ssm)", names.parameter("network", "VpcId"), re.IGNORECASE)
    _check_bucket(names.bucket("artifacts"))


def _check_bucket(name: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    whole = name.replace("${AWS::AccountId}", "1" * 12).replace("${AWS::Region}", "r" * MOST_REGION)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", whole), whole
    assert not whole.startswith(("xn--", "sthree-", "amzn-s3-demo-"))
    assert len(whole) <= BUCKET_MOST


@given(st.text("ab-", min_size=1, max_size=60), st.text("ab-", min_size=1, max_size=60), st.integers(12, 40))
def test_what_is_cut_to_fit_stays_apart(one: str, other: str, most: int) -> None:
    assert len(fitted(one, most)) <= most
    assert (fitted(one, most) == fitted(other, most)) == (one == other)


NAME = st.from_regex(r"[a-z](-?[a-z0-9]){0,5}", fullmatch=True)


@given(NAME, NAME, NAME, NAME)
def test_no_two_environments_share_a_prefix(one: str, its: str, other: str, others: str) -> None:
    if _is_environment(its) and _is_environment(others) and (one, its) != (other, others):
        assert Names(one, its).prefix != Names(other, others).prefix


def _is_environment(name: str) -> bool:
    try:
        check_environment_name(name)
    except InvalidError:
        return False
    return True


@pytest.mark.parametrize("name", ["aws-shop", "awsome", "ssm", "a--b", "xn--a", "sthree-x", "amzn-s3-demo-x"])
def test_a_service_that_aws_has_no_name_for_is_refused(name: str) -> None:
    with pytest.raises(InvalidError):
        check_name_on_aws(name)


@pytest.mark.parametrize("name", ["shop", "a-b-c", "my-aws", "sthree", "x"])
def test_any_other_service_has_one(name: str) -> None:
    check_name_on_aws(name)
