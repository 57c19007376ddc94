"""Plans done against CloudFormation in memory: waves, approval, failures, interruptions and what is left of them."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from msgspec.structs import replace
from tests.unit.aws.world import (
    NAMES,
    REGION,
    FakeAws,
    InterruptedHereError,
    bucket,
    desired,
    refuse,
    stack,
    topic,
)

from evenly.aws.changes.plan import Plan
from evenly.aws.operations.deploying import Done, deploy
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.failures import StacksFailedError
from evenly.aws.operations.lookups import Looked
from evenly.aws.operations.planning import make_plan
from evenly.aws.operations.waveset import NotApprovedError
from evenly.errors import StateError, TargetError, UsageError

TAKES = {"ArtifactBucket": "foundation"}
UP = stack(
    "foundation", {"Artifacts": bucket(BucketName="a")}, outputs={"ArtifactBucket": {"Ref": "Artifacts"}}
)
LEFT = stack("left", {"Topic": topic(DisplayName={"Ref": "ArtifactBucket"})}, takes=TAKES)
RIGHT = stack("right", {"Other": topic(DisplayName="o")}, takes=TAKES)
ALL = desired(UP, LEFT, RIGHT, waves=(("foundation",), ("left", "right")))


def planned(aws: FakeAws, wanted: Desired, id_: str = "p1") -> Plan:
    return make_plan(aws.cloud, wanted, Looked(), aws.time.clock, id_)


def done(aws: FakeAws, wanted: Desired, plan: Plan | None = None) -> tuple[Done, ...]:
    told: list[str] = []
    aws.told = told  # type: ignore[attr-defined]
    return deploy(
        aws.cloud,
        wanted,
        plan or planned(aws, wanted),
        aws.time.clock,
        lambda who, what: told.append(f"{who}: {what}"),
    )


def deployed(wanted: Desired = ALL) -> FakeAws:
    aws = FakeAws()
    done(aws, wanted, planned(aws, wanted, "p0"))
    aws.formation().calls.clear()
    return aws


def executed(aws: FakeAws) -> list[str]:
    return [
        aws.formation().sets[it["ChangeSetName"]].stack
        for name, it in aws.formation().calls
        if name == "execute_change_set"
    ]


def with_topic(**properties: object) -> Desired:
    changed = stack("left", {"Topic": topic(**properties)}, takes=TAKES)
    return desired(UP, changed, RIGHT, waves=ALL.waves)


def test_waves_are_made_in_their_order_and_those_of_one_wave_side_by_side() -> None:
    aws = FakeAws()
    assert [it.how for it in done(aws, ALL)] == ["made", "made", "made"]
    assert executed(aws) == [NAMES.stack(it) for it in ("foundation", "left", "right")]
    calls = aws.formation().calls
    _, second, third = (place for place, (name, _) in enumerate(calls) if name == "execute_change_set")
    looked_at = [it["StackName"] for name, it in calls[second:third] if name == "describe_stack_events"]
    assert looked_at == [aws.formation().stacks[NAMES.stack("right")].id]  # before it is begun
    left = aws.formation().stacks[NAMES.stack("left")]
    assert left.parameters == {"ArtifactBucket": "shop-staging-foundation-artifacts"}


def test_progress_is_told_by_resource_with_how_long_it_took() -> None:
    aws = FakeAws()
    done(aws, ALL)
    assert "foundation: Artifacts made, 3 s" in aws.told  # type: ignore[attr-defined]


def test_what_changes_nothing_is_left_as_it_is_without_a_change_set() -> None:
    aws = deployed()
    plan = planned(aws, ALL)
    aws.formation().calls.clear()
    assert {it.how for it in done(aws, ALL, plan)} == {"left as it is"}
    assert "create_change_set" not in aws.formation().called()


def test_the_change_set_that_was_shown_is_the_one_that_is_executed() -> None:
    aws = deployed()
    wanted = with_topic(DisplayName="new")
    plan = planned(aws, wanted)
    aws.formation().calls.clear()
    assert [it.how for it in done(aws, wanted, plan)] == ["left as it is", "changed", "left as it is"]
    said = [it for name, it in aws.formation().calls if name == "execute_change_set"]
    assert [it["ChangeSetName"] for it in said] == [plan.of("left").change_set]
    assert said[0]["RetainExceptOnCreate"] is True
    assert "create_change_set" not in aws.formation().called()


def test_one_that_was_removed_since_is_made_again_and_compared() -> None:
    aws = deployed()
    wanted = with_topic(DisplayName="new")
    plan = planned(aws, wanted)
    aws.formation().delete_change_set(ChangeSetName=plan.of("left").change_set)
    assert done(aws, wanted, plan)[1].how == "changed"


def change(
    action: str, name: str, kind: str = "AWS::SNS::Topic", replacement: str = "False"
) -> dict[str, object]:
    return {
        "ResourceChange": {
            "Action": action,
            "LogicalResourceId": name,
            "ResourceType": kind,
            "Replacement": replacement,
        }
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (change("Modify", "Topic", replacement="True"), "Topic (AWS::SNS::Topic) is replaced"),
        (change("Remove", "Topic"), "Topic (AWS::SNS::Topic) is removed"),
        (change("Add", "Extra"), "Extra (AWS::SNS::Topic) is added, and the plan left it as it is"),
    ],
)
def test_more_than_was_approved_is_not_begun_and_its_whole_wave_neither(
    more: dict[str, object], said: str
) -> None:
    aws = deployed()
    wanted = desired(
        UP,
        stack("left", {"Topic": topic(DisplayName="new")}, takes=TAKES),
        stack("right", {"Other": topic(DisplayName="new")}, takes=TAKES),
        waves=ALL.waves,
    )
    plan = planned(aws, wanted)
    for it in plan.stacks:  # as if they were provisional: made anew, and by then there is more to change
        aws.formation().sets.pop(it.change_set, None)
    plan = replace(plan, stacks=tuple(replace(it, change_set=None) for it in plan.stacks))
    aws.formation().says[NAMES.stack("left")] = [more]
    with pytest.raises(NotApprovedError) as caught:
        done(aws, wanted, plan)
    assert said in str(caught.value)
    assert caught.value.exit_code == 3
    assert set(caught.value.excesses) == {"left"}
    assert not executed(aws)
    assert not [it for it in aws.formation().sets.values() if it.execution == "AVAILABLE"]


def test_a_new_stack_that_would_be_more_than_was_approved_leaves_nothing_behind() -> None:
    aws = FakeAws()
    plan = planned(aws, ALL)
    aws.formation().says[NAMES.stack("foundation")] = [
        change("Add", "Artifacts", "AWS::S3::Bucket"),
        change("Add", "X"),
    ]
    with pytest.raises(NotApprovedError):
        done(aws, ALL, plan)
    assert aws.formation().stacks[NAMES.stack("foundation")].status == "DELETE_IN_PROGRESS"
    assert not aws.formation().sets


def test_the_first_real_cause_comes_first_and_not_what_it_brought_down() -> None:
    aws = FakeAws()
    wanted = desired(stack("left", {"A": topic(), "B": topic(), "C": topic()}))
    aws.formation().fails["C"] = "The name is taken (Service: Sns, Status Code: 400)"
    with pytest.raises(StacksFailedError) as caught:
        done(aws, wanted)
    first, second, *_ = str(caught.value).splitlines()
    assert first == "shop-staging-left could not be made: C (AWS::Any::Thing) failed:"
    assert second == "  The name is taken (Service: Sns, Status Code: 400)"
    assert "cancelled" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_a_missing_permission_is_told_with_the_statement_that_would_allow_it() -> None:
    aws = FakeAws()
    aws.formation().fails["A"] = (
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: SNS:CreateTopic on resource: "
        "arn:aws:sns:eu-west-1:123456789012:a because no identity-based policy allows the SNS:CreateTopic action"
    )
    with pytest.raises(StacksFailedError) as caught:
        done(aws, desired(stack("left", {"A": topic()})))
    assert (
        '{"Effect": "Allow", "Action": "SNS:CreateTopic", "Resource": "arn:aws:sns:eu-west-1:123456789012:a"}'
        in str(caught.value)
    )


def test_the_others_of_a_wave_are_brought_to_their_end_when_one_fails() -> None:
    aws = FakeAws()
    aws.formation().fails["Topic"] = "no"
    with pytest.raises(StacksFailedError) as caught:
        done(aws, ALL)
    assert [it.concern for it in caught.value.failures] == ["left"]
    assert aws.formation().stacks[NAMES.stack("right")].status == "CREATE_COMPLETE"
    assert aws.formation().stacks[NAMES.stack("left")].status == "ROLLBACK_COMPLETE"


def test_a_stack_that_could_not_be_made_is_removed_and_made_anew_by_the_same_plan() -> None:
    aws = FakeAws()
    aws.formation().fails["Topic"] = "no"
    plan = planned(aws, ALL)
    with pytest.raises(StacksFailedError):
        done(aws, ALL, plan)
    assert [it.how for it in done(aws, ALL, plan)] == ["done before", "made", "done before"]
    assert aws.formation().stacks[NAMES.stack("left")].status == "CREATE_COMPLETE"


def test_an_update_that_was_undone_can_be_tried_again_with_the_same_plan() -> None:
    aws = deployed()
    wanted = with_topic(DisplayName="new")
    plan = planned(aws, wanted)
    aws.formation().fails["Topic"] = "a moment of weakness"
    with pytest.raises(StacksFailedError, match="It is what it was before"):
        done(aws, wanted, plan)
    assert done(aws, wanted, plan)[1].how == "changed"


def interrupted_anywhere(start: Callable[[], FakeAws], wanted: Desired) -> Iterator[tuple[int, FakeAws]]:
    """The same deploy again and again, ended after each of its calls and then begun once more."""
    for lost in count(1):
        aws = start()
        plan = planned(aws, wanted)
        aws.formation().calls.clear()
        aws.formation().lost = lost
        try:
            done(aws, wanted, plan)
            return
        except InterruptedHereError:
            aws.formation().lost = 0
        done(aws, wanted, plan)
        yield lost, aws


@pytest.mark.parametrize("keeps_set", [True, False])
def test_whoever_is_interrupted_begins_again_and_all_is_done_once(keeps_set: bool) -> None:
    def start() -> FakeAws:
        aws = FakeAws()
        aws.formation().keeps_set = keeps_set
        return aws

    for lost, aws in interrupted_anywhere(start, ALL):
        assert {it.status for it in aws.formation().stacks.values()} == {"CREATE_COMPLETE"}, lost
        assert sorted(executed(aws)) == sorted(NAMES.stack(it.concern) for it in ALL.stacks), lost
    assert lost > 30


def test_the_same_of_an_update() -> None:
    for lost, aws in interrupted_anywhere(deployed, with_topic(DisplayName="new")):
        assert aws.formation().stacks[NAMES.stack("left")].status == "UPDATE_COMPLETE", lost
        assert executed(aws) == [NAMES.stack("left")], lost
    assert lost > 15


def test_what_others_do_to_a_stack_now_is_not_gone_into() -> None:
    aws = deployed()
    wanted = with_topic(DisplayName="new")
    plan = planned(aws, wanted)
    aws.formation().stacks[NAMES.stack("left")].status = "UPDATE_IN_PROGRESS"
    with pytest.raises(StateError, match="UPDATE_IN_PROGRESS"):
        done(aws, wanted, plan)
    assert not executed(aws)


def test_a_stack_that_was_changed_since_the_plan_was_made_stops_it() -> None:
    aws = deployed()
    wanted = with_topic(DisplayName="new")
    plan = planned(aws, wanted)
    aws.time.at += 60
    done(
        aws,
        with_topic(DisplayName="somebody else's"),
        planned(aws, with_topic(DisplayName="somebody else's"), "p2"),
    )
    with pytest.raises(StateError, match="after the plan was made"):
        done(aws, wanted, plan)


def test_a_stack_that_was_made_or_deleted_since_stops_it_too() -> None:
    aws = FakeAws()
    plan = planned(aws, ALL)
    done(aws, ALL, planned(aws, ALL, "p2"))
    with pytest.raises(StateError, match="was not there when the plan was made"):
        done(aws, ALL, plan)
    del aws.formation().stacks[NAMES.stack("left")]
    with pytest.raises(StateError, match="deleted since"):
        done(aws, ALL, replace(plan, stacks=planned(deployed(), ALL).stacks, id="p2"))


def test_another_checkout_than_the_plans_is_refused_with_what_differs() -> None:
    aws = deployed()
    plan = planned(aws, ALL)
    with pytest.raises(StateError, match="the template of left is another one"):
        done(aws, with_topic(DisplayName="new"), plan)


def test_an_output_that_is_another_one_than_the_plan_said_stops_it() -> None:
    aws = deployed()
    wanted = with_topic(DisplayName="new")
    plan = planned(aws, wanted)
    left = replace(plan.of("left"), parameters={"ArtifactBucket": "another"})
    plan = replace(plan, stacks=(plan.of("foundation"), left, plan.of("right")))
    with pytest.raises(
        StateError, match="ArtifactBucket is shop-staging-foundation-artifacts, and was another"
    ):
        done(aws, wanted, plan)


def test_the_plan_of_another_account_or_environment_is_refused() -> None:
    aws = deployed()
    plan = planned(aws, ALL)
    with pytest.raises(UsageError, match="999999999999"):
        done(aws, ALL, replace(plan, account="999999999999"))
    with pytest.raises(UsageError, match="production"):
        done(aws, ALL, replace(plan, environment="production"))


def test_a_parameter_that_nothing_gives_stops_before_its_wave() -> None:
    aws = FakeAws()
    wanted = desired(UP, stack("left", {"Topic": topic(DisplayName={"Ref": "Image"})}, looked_up=("Image",)))
    with pytest.raises(StateError, match="parameter Image"):
        done(aws, wanted)
    assert executed(aws) == [NAMES.stack("foundation")]


def test_production_is_protected_against_being_deleted() -> None:
    aws = FakeAws()
    done(aws, replace(ALL, production=True))
    assert all(it.is_protected for it in aws.formation().stacks.values())
    other = FakeAws()
    done(other, ALL)
    assert not any(it.is_protected for it in other.formation().stacks.values())


def test_cloudformation_takes_its_own_role_where_the_security_stack_made_it() -> None:
    aws = FakeAws()
    wanted = desired(UP, stack("security", {"Topic": topic()}), stack("left", {"Other": topic()}))
    done(aws, wanted)
    roles = {it.name: it.role for it in aws.formation().stacks.values()}
    assert roles == {
        "shop-staging-foundation": None,
        "shop-staging-security": None,
        "shop-staging-left": "arn:aws:iam::123456789012:role/shop-staging-cloudformation",
    }


def test_a_stack_in_another_region_is_made_there() -> None:
    aws = FakeAws()
    edge = stack("edge", {"Topic": topic()}, takes=TAKES, region="us-east-1")
    done(aws, desired(UP, edge))
    assert list(aws.formation("us-east-1").stacks) == [NAMES.stack("edge")]
    assert list(aws.formation(REGION).stacks) == [NAMES.stack("foundation")]


def test_a_change_set_that_cant_be_made_leaves_no_stack_behind() -> None:
    aws = FakeAws()
    aws.formation().fails_set[NAMES.stack("foundation")] = "Template error: no such thing"
    with pytest.raises(TargetError, match="no such thing"):
        done(aws, ALL)
    assert aws.formation().stacks[NAMES.stack("foundation")].status == "DELETE_IN_PROGRESS"


def test_a_refusal_of_aws_is_told_as_it_is() -> None:
    aws = FakeAws()
    aws.formation().denies["create_change_set"] = refuse(
        "CreateChangeSet",
        "AccessDenied",
        "User: u is not authorized to perform: cloudformation:CreateChangeSet",
    )
    with pytest.raises(TargetError, match="u may not cloudformation:CreateChangeSet"):
        done(aws, ALL)


def test_what_the_plan_could_not_know_is_supplied_when_it_is_needed_and_not_before() -> None:
    aws = FakeAws()
    asked: list[str] = []

    def supply(name: str) -> str | None:
        asked.append(name)
        assert NAMES.stack("foundation") in executed(aws)
        return "arn:certificate"

    wanted = desired(UP, stack("left", {"Topic": topic(DisplayName={"Ref": "Image"})}, looked_up=("Image",)))
    plan = planned(aws, wanted)
    deploy(aws.cloud, wanted, plan, aws.time.clock, lambda *_: None, supply)
    assert asked == ["Image"]
    assert aws.formation().stacks[NAMES.stack("left")].parameters == {"Image": "arn:certificate"}
