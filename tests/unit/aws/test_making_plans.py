"""Plans made against CloudFormation in memory: what is exact and what provisional, what is cleaned up, what is
refused."""

import json
from copy import copy

import pytest
from msgspec.structs import replace
from tests.unit.aws.world import NAMES, REGION, FakeAws, bucket, desired, refuse, stack, topic

from evenly.aws.changes.plan import Certainty, Drifted, LeftStack, Plan
from evenly.aws.changes.saved import decoded, encoded
from evenly.aws.changes.types import Action, Replacement
from evenly.aws.operations.deploying import deploy
from evenly.aws.operations.desired import Asset, Desired
from evenly.aws.operations.lookups import Looked
from evenly.aws.operations.planning import make_plan
from evenly.errors import StateError, TargetError, UsageError

UP = stack(
    "foundation", {"Artifacts": bucket(BucketName="a")}, outputs={"ArtifactBucket": {"Ref": "Artifacts"}}
)
TAKES = {"ArtifactBucket": "foundation"}
DOWN = stack("service", {"Topic": topic(DisplayName={"Ref": "ArtifactBucket"})}, takes=TAKES)
BOTH = desired(UP, DOWN)


def planned(aws: FakeAws, wanted: Desired, id_: str = "p1", **looked: str | None) -> Plan:
    return make_plan(aws.cloud, wanted, Looked(looked), aws.time.clock, id_)


def deployed(wanted: Desired, **looked: str) -> FakeAws:
    aws = FakeAws()
    deploy(aws.cloud, wanted, planned(aws, wanted, "p0", **looked), aws.time.clock, lambda *_: None)
    aws.formation().calls.clear()
    return aws


def test_what_is_not_there_is_provisional_and_nothing_is_made() -> None:
    aws = FakeAws()
    plan = planned(aws, BOTH)
    assert [(it.certainty, it.why) for it in plan.stacks] == [
        (Certainty.PROVISIONAL, "It is not there yet.")
    ] * 2
    assert [(it.resource, it.action) for it in plan.of("service").changes] == [("Topic", Action.ADD)]
    assert plan.of("service").parameters == {"ArtifactBucket": None}
    assert not aws.formation().stacks
    assert "create_change_set" not in aws.formation().called()


def test_what_is_there_is_exact_by_a_change_set_of_all_its_pages() -> None:
    aws = deployed(BOTH)
    more = {f"Topic{n}": topic() for n in range(5)}
    wanted = desired(UP, stack("service", {"Topic": topic(DisplayName="other"), **more}, takes=TAKES))
    it = planned(aws, wanted).of("service")
    assert it.certainty is Certainty.EXACT
    assert len(it.changes) == 6  # on three pages
    changed = next(change for change in it.changes if change.resource == "Topic")
    assert (changed.properties[0].path, changed.properties[0].after) == ("DisplayName", "other")
    assert it.change_set in aws.formation().sets


def test_an_empty_change_set_is_removed_and_nothing_changes() -> None:
    aws = deployed(BOTH)
    plan = planned(aws, BOTH)
    assert plan.is_empty
    assert all(it.certainty is Certainty.EXACT and it.change_set is None for it in plan.stacks)
    assert not [it for it in aws.formation().sets.values() if it.execution == "UNAVAILABLE"]


def test_what_takes_an_output_that_may_become_another_is_provisional() -> None:
    aws = deployed(BOTH)
    wanted = desired(
        stack(
            "foundation",
            {"Artifacts": bucket(BucketName="b")},
            outputs={"ArtifactBucket": {"Ref": "Artifacts"}},
        ),
        DOWN,
    )
    plan = planned(aws, wanted)
    assert plan.of("foundation").changes[0].replacement is Replacement.YES
    it = plan.of("service")
    assert (it.certainty, it.why) == (
        Certainty.PROVISIONAL,
        "It takes ArtifactBucket of foundation, which is not known yet.",
    )
    assert [(change.resource, change.properties[0].cause) for change in it.changes] == [
        ("Topic", "ArtifactBucket")
    ]


def test_what_takes_an_output_that_stays_is_exact() -> None:
    aws = deployed(BOTH)
    wanted = desired(
        stack(
            "foundation",
            {"Artifacts": bucket(BucketName="a", AccelerateConfiguration="x")},
            outputs={"ArtifactBucket": {"Ref": "Artifacts"}},
        ),
        DOWN,
    )
    plan = planned(aws, wanted)
    assert plan.of("foundation").changes
    assert plan.of("service").certainty is Certainty.EXACT


def test_a_parameter_that_is_looked_up_stays_as_it_was_where_nothing_is_found() -> None:
    wanted = desired(stack("service", {"Topic": topic(DisplayName={"Ref": "Image"})}, looked_up=("Image",)))
    aws = deployed(wanted, Image="one")
    assert planned(aws, wanted, Image=None).of("service").parameters == {"Image": "one"}
    assert planned(aws, wanted, Image="two").of("service").changes[0].resource == "Topic"


def test_one_that_is_not_known_at_all_is_said() -> None:
    wanted = desired(stack("service", {"Topic": topic(DisplayName={"Ref": "Image"})}, looked_up=("Image",)))
    it = planned(FakeAws(), wanted, Image=None).of("service")
    assert it.parameters == {"Image": None}


def test_one_that_is_not_found_has_the_default_that_the_template_gives_it() -> None:
    it = stack("service", {"Topic": topic(DisplayName={"Ref": "AmiId"})}, looked_up=("AmiId",))
    body = {**it.body, "Parameters": {"AmiId": {"Type": "String", "Default": "ami-0"}}}
    wanted = desired(replace(it, body=body, text=json.dumps(body)))
    assert planned(FakeAws(), wanted, AmiId=None).of("service").parameters == {}
    assert planned(FakeAws(), wanted, AmiId="ami-1").of("service").parameters == {"AmiId": "ami-1"}


def test_change_sets_of_ours_that_were_never_executed_are_removed_and_no_others() -> None:
    aws = deployed(BOTH)
    changed = desired(UP, stack("service", {"Topic": topic(DisplayName="other")}, takes=TAKES))
    planned(aws, changed, "old")
    theirs = copy(next(it for it in aws.formation().sets.values() if it.name == "evenly-old"))
    theirs.name = theirs.arn = "x"
    aws.formation().sets["x"] = theirs
    planned(aws, changed, "new")
    open_ = {it.name for it in aws.formation().sets.values() if it.execution == "AVAILABLE"}
    assert open_ == {"evenly-new", "x"}


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_a_stack_that_holds_nothing_counts_as_not_there(status: str) -> None:
    aws = deployed(BOTH)
    aws.formation().stacks[NAMES.stack("service")].status = status
    assert planned(aws, BOTH).of("service").is_new


@pytest.mark.parametrize(
    ("status", "said", "try_"),
    [
        ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "Wait"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "UPDATE_ROLLBACK_FAILED",
            "continue-update-rollback --stack-name shop-staging-service",
        ),
        ("ROLLBACK_FAILED", "ROLLBACK_FAILED", "evenly down"),
        ("DELETE_FAILED", "DELETE_FAILED", "evenly down"),
    ],
)
def test_a_stack_that_is_in_no_state_for_it_is_said_with_what_to_do(
    status: str, said: str, try_: str
) -> None:
    aws = deployed(BOTH)
    aws.formation().stacks[NAMES.stack("service")].status = status
    with pytest.raises(StateError) as caught:
        planned(aws, BOTH)
    assert caught.value.where == "shop-staging-service"
    assert said in caught.value.what
    assert try_ in str(caught.value.try_)


def test_what_cloudformation_finds_wrong_with_a_template_is_told_and_leaves_no_change_set() -> None:
    aws = deployed(BOTH)
    aws.formation().fails_set[NAMES.stack("service")] = (
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]."
    )
    aws.formation().invalid = [
        {
            "EventType": "VALIDATION_ERROR",
            "LogicalResourceId": "Topic",
            "ValidationPath": "/Resources/Topic/Properties/Nam",
            "ValidationStatusReason": "Unsupported property [Nam]",
        }
    ]
    with pytest.raises(
        TargetError, match=r"Topic /Resources/Topic/Properties/Nam: Unsupported property \[Nam\]"
    ):
        planned(aws, BOTH)
    assert not [it for it in aws.formation().sets.values() if it.status == "FAILED"]


def test_credentials_of_another_account_than_the_manifests_are_refused_before_anything() -> None:
    aws = FakeAws()
    with pytest.raises(UsageError) as caught:
        planned(aws, desired(UP, account="999999999999"))
    assert "123456789012" in caught.value.what
    assert "999999999999" in caught.value.what
    assert caught.value.where == "environments.staging.account"
    assert not aws.formation().calls


def test_drift_is_found_and_kept_with_its_stack() -> None:
    aws = deployed(BOTH)
    aws.formation().drifts[NAMES.stack("service")] = [
        {
            "LogicalResourceId": "Topic",
            "ResourceType": "AWS::SNS::Topic",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [
                {
                    "PropertyPath": "/DisplayName",
                    "ExpectedValue": "a",
                    "ActualValue": "b",
                    "DifferenceType": "NOT_EQUAL",
                }
            ],
        },
        {
            "LogicalResourceId": "Gone",
            "ResourceType": "AWS::SNS::Topic",
            "StackResourceDriftStatus": "DELETED",
        },
    ]
    plan = planned(aws, BOTH)
    assert plan.of("service").drift == (
        Drifted("Topic", "AWS::SNS::Topic", "DisplayName", "a", "b"),
        Drifted("Gone", "AWS::SNS::Topic", None, None, None),
    )
    assert plan.of("foundation").drift == ()


def test_drift_that_may_not_be_looked_for_is_a_note_and_no_failure() -> None:
    aws = deployed(BOTH)
    aws.formation().denies["detect_stack_drift"] = refuse(
        "DetectStackDrift",
        "AccessDenied",
        "User: u is not authorized to perform: cloudformation:DetectStackDrift",
    )
    plan = planned(aws, BOTH)
    assert plan.of("service").drift is None
    assert "Whether service has drifted could not be found out" in " ".join(plan.notes)


def test_a_stack_that_the_manifest_asks_for_no_longer_is_named_and_left() -> None:
    aws = deployed(BOTH)
    plan = planned(aws, desired(UP))
    assert plan.left == (LeftStack("service", "shop-staging-service", REGION),)


def test_a_stack_of_another_service_whose_name_begins_with_ours_is_none_of_ours() -> None:
    aws = deployed(BOTH)
    other = copy(aws.formation().stacks[NAMES.stack("service")])
    other.name, other.id = "shop-staging-and-more", "other"
    other.tags = {**other.tags, "evenly:service": "shop-staging-and"}
    aws.formation().stacks[other.name] = other
    assert planned(aws, BOTH).left == ()


def test_assets_and_what_is_too_long_to_be_sent_go_into_the_bucket_first() -> None:
    asset = Asset("assets/door-1.zip", b"zip")
    aws = deployed(BOTH)
    long = {f"Topic{n}": topic(DisplayName="x" * 100) for n in range(500)}
    wanted = desired(UP, stack("service", long, takes=TAKES, given={"DoorCode": asset.key}), assets=(asset,))
    planned(aws, wanted)
    names = {key: name for (name, key) in aws.storage.objects}
    assert names["assets/door-1.zip"] == "shop-staging-foundation-artifacts"
    said = next(
        it for name, it in aws.formation().calls if name == "create_change_set" and "TemplateURL" in it
    )
    bucket, _, key = said["TemplateURL"].removeprefix("https://").partition(f".s3.{REGION}.amazonaws.com/")
    assert aws.storage.objects[bucket, key] == wanted.of("service").text.encode()


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("https://s3.eu-west-1.amazonaws.com", "https://files.s3.eu-west-1.amazonaws.com/templates/it.yaml"),
        (
            "https://s3.cn-north-1.amazonaws.com.cn",
            "https://files.s3.cn-north-1.amazonaws.com.cn/templates/it.yaml",
        ),
        ("http://127.0.0.1:4566", "http://127.0.0.1:4566/files/templates/it.yaml"),
    ],
)
def test_a_template_is_read_from_where_it_was_put(endpoint: str, url: str) -> None:
    aws = deployed(BOTH)
    aws.storage.endpoint = endpoint
    assert aws.cloud.storage().url("files", "templates/it.yaml") == url


def test_a_saved_plan_is_the_same_plan() -> None:
    aws = deployed(BOTH)
    plan = planned(aws, desired(UP, stack("service", {"Topic": topic(DisplayName="other")}, takes=TAKES)))
    assert decoded(encoded(plan), "plan.json") == plan


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"version": 1, "plan": {}}'])
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="no plan"):
        decoded(content, "plan.json")


def test_the_plan_of_another_version_is_refused() -> None:
    with pytest.raises(StateError, match="another version"):
        decoded(b'{"version": 9, "plan": {}}', "plan.json")
