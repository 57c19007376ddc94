"""What IAM is asked, made from the policies of reader and deployer, and what its answers come to."""

import json
from typing import Any

import pytest
from tests.unit.aws.iam import ACCOUNT, KEY, REGION
from tests.unit.aws.preflightworld import planned, wanted, whole
from tests.unit.aws.securityworld import environment, environments

from evenly.aws.preflight.hands import own_questions
from evenly.aws.preflight.missing import By, Decision, missing, told, told_spared
from evenly.aws.preflight.rights import (
    ONE_OF_TWO,
    SPARED,
    WATCHED,
    Asker,
    Question,
    changed,
    own_keys,
    questions,
)
from evenly.aws.stacks.security.deployer import deploys
from evenly.aws.stacks.security.reader import reads
from evenly.manifest.types import Edge

ASKER = Asker("aws", ACCOUNT, REGION, KEY)
OTHERS = ("foundation", "security")


def asked(which: str = "full", *there: str, key: str | None = KEY) -> tuple[Question, ...]:
    topology = environments()[which]
    plan = planned(whole(which), there)
    return questions(topology, plan, Asker("aws", ACCOUNT, REGION, key))


def about(action: str, *those: Question) -> list[Question]:
    return [it for it in those if action in it.actions]


def actions_of(statements: Any) -> set[str]:
    return {action for it in statements for action in it.actions if it.effect == "Allow"}


def test_everything_that_reader_and_deployer_may_is_asked() -> None:
    topology = environment(edge=Edge(default_domain=False))
    plan = planned(wanted(topology))
    found = {action for it in questions(topology, plan, ASKER) for action in it.actions}
    assert found == actions_of(reads(topology)) | actions_of(deploys(topology))


def test_what_is_spared_or_watched_is_in_the_policies() -> None:
    """So that no name here outlives one there."""
    topology = environments()["full"]
    assert actions_of(deploys(topology)) >= SPARED
    assert actions_of(reads(topology)) >= WATCHED


def test_who_deploys_needs_what_changes_and_what_watches_and_not_what_looks() -> None:
    needed = {action for it in asked() for action in it.needed}
    assert needed >= {
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:DescribeStackEvents",
        "iam:PassRole",
        "s3:PutObject",
        "states:StartExecution",
    }
    assert not needed & (SPARED | {"ec2:DescribeVpcs", "cloudformation:DetectStackDrift"})
    assert not any(it.startswith(ONE_OF_TWO) for it in needed)


def test_stacks_are_asked_after_one_by_one_each_where_it_is() -> None:
    (by_role,) = [
        it
        for it in about("cloudformation:CreateChangeSet", *asked("full", *OTHERS))
        if "cloudformation:RoleArn" in it.context
    ]
    place = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop-staging"
    assert f"{place}-network/x" in by_role.resources
    assert f"{place.replace(REGION, 'us-east-1')}-edge/x" in by_role.resources
    assert not any("foundation" in it or "security" in it for it in by_role.resources)
    assert by_role.context["cloudformation:RoleArn"] == (
        f"arn:aws:iam::{ACCOUNT}:role/shop-staging-cloudformation",
    )


def test_the_first_stacks_are_made_without_a_role() -> None:
    plain = [it for it in about("cloudformation:CreateChangeSet", *asked()) if not it.context]
    assert sorted(it.rpartition("-")[2] for q in plain for it in q.resources) == [
        "foundation/x",
        "security/x",
    ]
    assert not [
        it for it in about("cloudformation:CreateChangeSet", *asked("full", *OTHERS)) if not it.context
    ]


def test_what_is_not_changed_is_not_asked_after() -> None:
    topology, desired = environments()["full"], whole("full")
    there = [it.concern for it in desired.stacks]
    plan = planned(desired, there, ["service"])
    found = about("cloudformation:ExecuteChangeSet", *questions(topology, plan, ASKER))
    assert [it.resources for it in found] == [
        (f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop-staging-service/x",)
    ]


def test_what_an_environment_never_does_is_not_asked_after() -> None:
    assert about("acm:ImportCertificate", *asked("small"))
    assert not about("acm:ImportCertificate", *asked("full"))
    assert about("states:StartExecution", *asked("small"))
    assert not about("states:StartExecution", *asked("fargate"))


def test_the_key_is_asked_after_when_there_is_one() -> None:
    assert [it.resources for it in about("kms:GenerateDataKey", *asked())] == [(KEY,)]
    assert not about("kms:GenerateDataKey", *asked(key=None))


def test_no_example_is_left_with_something_to_fill_in() -> None:
    for it in asked():
        assert not any("${" in each for each in it.resources)
        assert not any("*" in each for each in it.resources if each != "*")
        assert "${" not in json.dumps(it.statement)
        assert "${" not in json.dumps({key: list(values) for key, values in it.context.items()})


def test_the_first_stacks_take_hands_of_ones_own() -> None:
    desired = whole("small")
    stacks = [(it, desired.of(it.concern).body) for it in changed(planned(desired))]
    found = own_questions(stacks, ASKER)
    by_action = {action: it for it in found for action in it.actions}
    assert by_action["kms:CreateKey"].resources == ("*",)
    assert by_action["s3:CreateBucket"].resources == (
        f"arn:aws:s3:::shop-staging-artifacts-{ACCOUNT}-{REGION}",
    )
    assert f"arn:aws:iam::{ACCOUNT}:role/shop-staging-task" in by_action["iam:CreateRole"].resources
    assert f"arn:aws:iam::{ACCOUNT}:policy/shop-staging-deployer" in by_action["iam:CreatePolicy"].resources
    assert (
        by_action["ssm:PutParameter"]
        .resources[0]
        .startswith(f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/shop/staging/foundation/")
    )
    assert all(it.needed == set(it.actions) for it in found)
    there = [it for it in stacks if it[0].concern not in OTHERS]
    assert own_questions(there, ASKER) == ()


# --- answers

QUESTION = Question(
    ("s3:PutObject", "s3:GetObject", "s3:ListBucket"),
    ("arn:aws:s3:::a/x",),
    {},
    frozenset({"s3:PutObject"}),
    {
        "Effect": "Allow",
        "Resource": ["arn:aws:s3:::a/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    },
)


def decided(action: str, by: By | None = By.NOTHING_ALLOWS, *unknown: str) -> Decision:
    return Decision(action, "arn:aws:s3:::a/x", by, unknown)


def test_what_is_allowed_is_not_missing() -> None:
    assert (
        missing(QUESTION, [decided("s3:PutObject", None), decided("s3:GetObject", None)], frozenset()) == ()
    )


def test_a_needed_one_stops_and_is_told_with_the_statement_that_would_allow_it() -> None:
    (found,) = missing(QUESTION, [decided("s3:PutObject"), decided("s3:PutObject")], frozenset())
    assert found.stops
    sentence = told(found, "arn:ann")
    assert sentence.startswith("arn:ann may not s3:PutObject on arn:aws:s3:::a/*. Have this allowed: ")
    assert json.loads(sentence.partition("allowed: ")[2]) == {
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Resource": ["arn:aws:s3:::a/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }


def test_one_that_the_deploy_can_do_without_stops_nothing() -> None:
    (found,) = missing(QUESTION, [decided("s3:GetObject"), decided("s3:ListBucket")], frozenset())
    assert not found.stops
    sentence = told_spared([found], "arn:ann")
    assert sentence == (
        "arn:ann may not s3:GetObject, s3:ListBucket, or not on all of the environment. This deploy can do without."
    )
    assert told_spared([], "arn:ann") is None


@pytest.mark.parametrize("by", [By.FORBIDDEN, By.ORGANISATION, By.BOUNDARY])
def test_where_no_statement_helps_it_is_said_what_stands_in_the_way(by: By) -> None:
    (found,) = missing(QUESTION, [decided("s3:PutObject", by)], frozenset())
    assert found.stops
    assert told(found, "arn:ann") == f"arn:ann may not s3:PutObject on arn:aws:s3:::a/*: {by}."


def test_what_depends_on_what_no_simulation_knows_stops_nothing() -> None:
    (found,) = missing(QUESTION, [decided("s3:PutObject", By.FORBIDDEN, "aws:SourceIp")], frozenset())
    assert not found.stops
    assert told(found, "arn:ann").endswith("as far as can be told without aws:SourceIp.")


def test_the_keys_of_our_own_policies_make_nothing_uncertain() -> None:
    own = own_keys(environments()["full"])
    (found,) = missing(QUESTION, [decided("s3:PutObject", By.FORBIDDEN, "cloudformation:RoleArn")], own)
    assert found.stops


def test_many_resources_are_told_as_some_and_the_rest_by_number() -> None:
    question = Question(("a:B",), ("x",), {}, frozenset(), {"Effect": "Allow", "Resource": list("wxyz")})
    (found,) = missing(question, [decided("a:B")], frozenset())
    assert told(found, "arn:ann").startswith("arn:ann may not a:B on w and x and 2 more.")
