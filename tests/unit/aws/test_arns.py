"""Names fit where AWS takes them, stay apart, and are met by the patterns that policies have for them."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.aws.iam import like

from evenly.aws.naming import FUNCTION_MOST, ROLE_MOST, SCHEDULE_MOST, Names, fitted, fitted_pattern
from evenly.manifest.names import MAX_NAME

LONGEST_REGION = "ap-southeast-1"
services = st.from_regex(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,38}[a-z0-9]?", fullmatch=True).filter(
    lambda it: len(it) <= MAX_NAME and not it.endswith("-")
)
environments = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True)
purposes = st.from_regex(r"[a-z]{1,12}(?:-[a-z]{1,12}){0,2}", fullmatch=True)
names = st.builds(Names, services, environments)

LIMITED: dict[str, tuple[Callable[[Names, str], str], int, str]] = {
    "role": (lambda it, purpose: it.role(purpose), 64, r"[\w+=,.@-]+"),
    "function": (lambda it, purpose: it.function(purpose), 64, r"[a-zA-Z0-9_-]+"),
    "family": (lambda it, purpose: it.family(f"jobs/{purpose}"), 255, r"[a-zA-Z0-9_-]+"),
    "job": (lambda it, purpose: it.job(purpose), 64, r"[0-9a-zA-Z_.-]+"),
    "door": (lambda it, _: it.door, 80, r"[a-zA-Z0-9_-]+"),
    "database": (lambda it, _: it.database, 63, r"[a-z](?:-?[a-z0-9])*"),
    "bucket": (
        lambda it, purpose: (
            it.bucket(purpose)
            .replace("${AWS::AccountId}", "1" * 12)
            .replace("${AWS::Region}", LONGEST_REGION)
        ),
        63,
        r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
    ),
}


@pytest.mark.parametrize("kind", LIMITED)
@given(of=names, purpose=purposes)
def test_a_name_fits(kind: str, of: Names, purpose: str) -> None:
    make, most, form = LIMITED[kind]
    made = make(of, purpose)
    assert len(made) <= most
    assert re.fullmatch(form, made)


@given(of=names, one=purposes, other=purposes)
def test_purposes_stay_apart(of: Names, one: str, other: str) -> None:
    assert (of.role(one) == of.role(other)) == (one == other)
    assert (of.function(one) == of.function(other)) == (one == other)
    assert (of.bucket(one) == of.bucket(other)) == (one == other)


@given(
    prefix=st.from_regex(r"[a-z][a-z0-9-]{0,70}[a-z0-9]", fullmatch=True),
    purpose=purposes,
    most=st.integers(20, 255),
)
def test_a_pattern_meets_every_name_however_it_is_cut(prefix: str, purpose: str, most: int) -> None:
    assert like(fitted(f"{prefix}-{purpose}", most), fitted_pattern(prefix, most))


def test_a_pattern_of_a_short_name_ends_its_words() -> None:
    assert fitted_pattern("shop-staging", 64) == "shop-staging-*"
    assert not like("shop-staging2-task", fitted_pattern("shop-staging", 64))


@given(of=names, purpose=purposes)
def test_the_patterns_of_policies_meet_the_names(of: Names, purpose: str) -> None:
    assert like(of.role(purpose), of.every(ROLE_MOST))
    assert like(of.function(purpose), of.every(FUNCTION_MOST))
    assert like(of.door, of.every(SCHEDULE_MOST))
    assert like(f"stateMachine:{of.job(purpose)}", _after_place(of.jobs_arn))
    assert like(of.bucket(purpose), of.buckets_arn().split(":::")[1])
    assert like(of.family_arn(f"jobs/{purpose}").replace(":*", ":7"), of.family_arn("jobs/*"))
    assert like(of.log_group_arn(purpose), of.log_group_arn("*"))
    assert like(of.secret_arn(purpose).replace("??????", "AbCdEf"), of.secret_arn("*"))
    assert like(f"parameter{of.parameter('data', 'DoorArn')}", _after_place(of.parameters_arn()))


def _after_place(arn: str) -> str:
    return arn.partition("${AWS::AccountId}:")[2]


def test_an_arn_says_where_it_is() -> None:
    of = Names("shop", "staging")
    assert of.role_arn("task") == "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shop-staging-task"
    assert of.stack_arn("edge", "us-east-1").startswith(
        "arn:${AWS::Partition}:cloudformation:us-east-1:${AWS::AccountId}:stack/shop-staging-edge/"
    )
    assert of.bucket_arn("pages", "us-east-1").endswith(":::shop-staging-pages-${AWS::AccountId}-us-east-1")
    assert of.log_streams_arn("app").endswith(":log-group:/evenly/shop/staging/app:log-stream:*")
    assert of.door_runs_arn.endswith(":execution:shop-staging-door:*")
    assert of.door_tasks_arn.endswith(":task/shop-staging-door/*")
    assert of.database_log_group("upgrade") == "/aws/rds/instance/shop-staging/upgrade"
