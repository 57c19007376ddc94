"""Taking an environment down, and looking at what there is of one, against CloudFormation in memory."""

import pytest
from msgspec.structs import replace
from tests.unit.aws.world import (
    NAMES,
    FakeAws,
    InterruptedHereError,
    bucket,
    desired,
    stack,
    topic,
)

from evenly.aws.operations.deploying import deploy
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.failures import StacksFailedError
from evenly.aws.operations.leaving import Left, foresee, take_down
from evenly.aws.operations.looking import look
from evenly.aws.operations.lookups import Looked
from evenly.aws.operations.planning import make_plan
from evenly.aws.operations.standing import Standing
from evenly.errors import StateError

TAKES = {"ArtifactBucket": "foundation"}
KEPT = {"DeletionPolicy": "Retain"}
FOUNDATION = stack(
    "foundation",
    {"Artifacts": {**bucket(), **KEPT}, "Topic": topic()},
    outputs={"ArtifactBucket": {"Ref": "Artifacts"}},
)
DATABASE = {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Snapshot", "Properties": {}}
DATA = stack("data", {"Database": DATABASE}, takes=TAKES)
SERVICE = stack(
    "service", {"Logs": bucket(), "Balancer": topic()}, takes=TAKES, outputs={"Url": "https://shop"}
)
ALL = desired(FOUNDATION, DATA, SERVICE, waves=(("foundation",), ("data", "service")))


def deployed(wanted: Desired = ALL) -> FakeAws:
    aws = FakeAws()
    plan = make_plan(aws.cloud, wanted, Looked(), aws.time.clock, "p0")
    deploy(aws.cloud, wanted, plan, aws.time.clock, lambda *_: None)
    aws.formation().calls.clear()
    return aws


def left_by(aws: FakeAws, wanted: Desired = ALL, *, empty: bool = False) -> list[str]:
    told: list[str] = []
    leaving, identity = foresee(aws.cloud, wanted)

    def say(who: str, what: str) -> None:
        told.append(f"{who}: {what}")

    take_down(aws.cloud, wanted, leaving, identity, aws.time.clock, say, empty=empty)
    return told


def deleted(aws: FakeAws) -> list[str]:
    return [it["StackName"].split("/")[1] for name, it in aws.formation().calls if name == "delete_stack"]


def test_stacks_go_in_the_reverse_of_the_order_in_which_they_came() -> None:
    aws = deployed()
    told = left_by(aws)
    assert deleted(aws) == [NAMES.stack(it) for it in ("data", "service", "foundation")]
    assert not aws.formation().stacks
    assert told[-1] == "foundation: gone"


def test_what_stays_is_named_beforehand() -> None:
    leaving, _ = foresee(deployed().cloud, ALL)
    assert leaving.left == (
        Left("data", "Database", "AWS::RDS::DBInstance", "database-1", "snapshot"),
        Left("foundation", "Artifacts", "AWS::S3::Bucket", "artifacts-1", "kept"),
    )
    assert leaving.buckets == ("logs-1",)


def test_buckets_that_go_are_emptied_only_when_that_was_asked_for() -> None:
    held = {("logs-1", "a"): b"", ("logs-1", "b"): b"", ("artifacts-1", "a"): b""}
    aws = deployed()
    aws.storage.objects = dict(held)
    left_by(aws)
    assert aws.storage.objects == held
    aws = deployed()
    aws.storage.objects = dict(held)
    assert "service: logs-1 emptied of 2 objects" in left_by(aws, empty=True)
    assert list(aws.storage.objects) == [("artifacts-1", "a")]


def test_what_cant_be_deleted_stops_there_with_its_reason_and_the_others_of_its_wave_are_gone() -> None:
    aws = deployed()
    aws.formation().fails["Logs"] = (
        "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)"
    )
    with pytest.raises(StacksFailedError, match=r"could not be deleted: Logs .* failed") as caught:
        left_by(aws)
    assert "--empty-buckets" in str(caught.value.try_)
    assert set(aws.formation().stacks) == {NAMES.stack("service"), NAMES.stack("foundation")}
    left_by(aws)
    assert not aws.formation().stacks


def test_termination_protection_is_taken_off() -> None:
    aws = deployed(replace(ALL, production=True))
    leaving, _ = foresee(aws.cloud, ALL)
    assert leaving.is_protected
    left_by(aws)
    assert not aws.formation().stacks


@pytest.mark.parametrize(
    "guard",
    [
        {"DeletionProtection": True},
        {"DeletionProtection": "true"},
        {"LoadBalancerAttributes": [{"Key": "deletion_protection.enabled", "Value": "true"}]},
    ],
)
def test_what_guards_itself_is_refused_before_anything_goes(guard: dict[str, object]) -> None:
    wanted = desired(FOUNDATION, stack("data", {"It": {"Type": "AWS::RDS::DBInstance", "Properties": guard}}))
    aws = deployed(wanted)
    with pytest.raises(StateError, match=r"It .* is guarded against being deleted"):
        left_by(aws, wanted)
    assert not deleted(aws)


def test_stacks_that_are_asked_for_no_longer_go_first() -> None:
    aws = deployed()
    left_by(aws, desired(FOUNDATION, order=("foundation", "data", "service")))
    assert deleted(aws) == [NAMES.stack(it) for it in ("service", "data", "foundation")]


def test_one_that_is_being_changed_is_left_alone() -> None:
    aws = deployed()
    aws.formation().stacks[NAMES.stack("data")].status = "UPDATE_IN_PROGRESS"
    with pytest.raises(StateError, match="UPDATE_IN_PROGRESS"):
        left_by(aws)
    assert not deleted(aws)


STATES = ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"]


@pytest.mark.parametrize("status", STATES)
def test_whatever_else_it_is_in_it_goes(status: str) -> None:
    aws = deployed()
    aws.formation().stacks[NAMES.stack("data")].status = status
    left_by(aws)
    assert not aws.formation().stacks


def test_nothing_there_is_nothing_to_do() -> None:
    leaving, _ = foresee(FakeAws().cloud, ALL)
    assert leaving.stacks == ()


def test_an_interruption_anywhere_is_gone_on_from() -> None:
    for lost in range(1, 200):
        aws = deployed()
        aws.formation().lost = lost
        try:
            left_by(aws)
            break
        except InterruptedHereError:
            aws.formation().lost = 0
        left_by(aws)
        assert not aws.formation().stacks
    assert 20 < lost < 199


# --- looking


def test_what_there_is_and_where_it_is_reached() -> None:
    aws = deployed()
    aws.formation().stacks[NAMES.stack("data")].status = "UPDATE_ROLLBACK_FAILED"
    status = look(aws.cloud, ALL)
    assert status.url == "https://shop"
    assert [(it.concern, it.standing) for it in status.stacks] == [
        ("foundation", Standing.READY),
        ("data", Standing.STUCK),
        ("service", Standing.READY),
    ]


def test_a_stack_that_is_missing_or_left_over_is_shown_as_that() -> None:
    aws = deployed()
    del aws.formation().stacks[NAMES.stack("data")]
    stacks = look(aws.cloud, desired(FOUNDATION, DATA)).stacks
    assert [(it.concern, it.standing, it.wanted) for it in stacks] == [
        ("foundation", Standing.READY, True),
        ("data", Standing.ABSENT, True),
        ("service", Standing.READY, False),
    ]


def test_nothing_of_it_is_a_state_for_nothing() -> None:
    with pytest.raises(StateError, match="nothing of staging is in account 123456789012"):
        look(FakeAws().cloud, ALL)
