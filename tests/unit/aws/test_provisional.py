"""What templates tell of changes when no change set can: replacement, what follows from what, and outputs that move."""

from typing import Any

import pytest
from tests.unit.aws.world import bucket, topic

from evenly.aws.changes.createonly import table
from evenly.aws.changes.provisional import Held, added, difference, unsettled_outputs
from evenly.aws.changes.types import Action, Change, Property, Replacement

NO, MAYBE, YES = Replacement.NO, Replacement.MAYBE, Replacement.YES


def held(resources: dict[str, Any], outputs: dict[str, Any] | None = None, **parameters: str | None) -> Held:
    return Held(
        {
            "Parameters": {it: {"Type": "String"} for it in parameters},
            "Resources": resources,
            "Outputs": {key: {"Value": value} for key, value in (outputs or {}).items()},
        },
        parameters,
    )


def told(old: Held, new: Held) -> dict[str, tuple[Action, Replacement, tuple[str, ...]]]:
    return {
        it.resource: (it.action, it.replacement, tuple(each.path for each in it.properties))
        for it in difference(old, new)
    }


def test_all_of_a_stack_that_is_not_there_is_added() -> None:
    assert added({"Resources": {"A": bucket(), "B": topic()}}) == (
        Change("A", "AWS::S3::Bucket", Action.ADD),
        Change("B", "AWS::SNS::Topic", Action.ADD),
    )


def test_what_stays_as_it_is_is_no_change() -> None:
    same = held({"A": bucket(BucketName="a")})
    assert told(same, same) == {}


def test_added_changed_replaced_and_removed() -> None:
    old = held({"A": bucket(BucketName="a"), "B": topic(DisplayName="b"), "C": topic()})
    new = held({"A": bucket(BucketName="b"), "B": topic(DisplayName="c"), "D": topic()})
    assert told(old, new) == {
        "A": (Action.MODIFY, YES, ("BucketName",)),
        "B": (Action.MODIFY, NO, ("DisplayName",)),
        "C": (Action.REMOVE, NO, ()),
        "D": (Action.ADD, NO, ()),
    }


def test_values_before_and_after_are_told_at_the_path_that_differs() -> None:
    old = held(
        {"A": bucket(VersioningConfiguration={"Status": "Suspended"}, Tags=[{"Key": "a", "Value": "1"}])}
    )
    new = held({"A": bucket(VersioningConfiguration={"Status": "Enabled"}, Tags=[])})
    assert difference(old, new)[0].properties == (
        Property("VersioningConfiguration.Status", NO, "Suspended", "Enabled"),
        Property("Tags", NO, '[{"Key": "a", "Value": "1"}]', "[]"),
    )


def test_a_function_is_told_as_a_whole() -> None:
    old, new = held({"A": bucket(BucketName={"Ref": "X"})}), held({"A": bucket(BucketName={"Fn::Sub": "y"})})
    assert difference(old, new)[0].properties == (
        Property("BucketName", YES, '{"Ref": "X"}', '{"Fn::Sub": "y"}'),
    )


def test_another_type_is_another_resource() -> None:
    assert told(held({"A": bucket()}), held({"A": topic()})) == {"A": (Action.MODIFY, YES, ("Type",))}


def test_of_a_type_that_nobody_knows_anything_may_be_replaced() -> None:
    old, new = ({"Type": "Custom::Thing", "Properties": {"A": it}} for it in (1, 2))
    assert told(held({"X": old}), held({"X": new}))["X"][1] is MAYBE


def test_what_says_how_data_is_kept_is_a_change_too() -> None:
    old, new = {**bucket(), "DeletionPolicy": "Retain"}, bucket()
    assert told(held({"A": old}), held({"A": new})) == {"A": (Action.MODIFY, NO, ("DeletionPolicy",))}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [("a", "a", False), ("a", "b", True), ("a", None, True)],
)
def test_what_takes_a_parameter_changes_with_it(before: str, after: str | None, changes: bool) -> None:
    resources = {"A": topic(DisplayName={"Ref": "Name"}), "B": bucket(BucketName={"Fn::Sub": "x-${Name}"})}
    found = difference(held(resources, Name=before), held(resources, Name=after))
    assert [(it.resource, it.replacement) for it in found] == ([("A", NO), ("B", MAYBE)] if changes else [])
    assert all(it.properties[0].cause == "Name" for it in found)


def test_a_default_is_a_value() -> None:
    def with_default(value: str) -> Held:
        body = {"Parameters": {"P": {"Default": value}}, "Resources": {"A": topic(DisplayName={"Ref": "P"})}}
        return Held(body, {})

    assert difference(with_default("a"), with_default("a")) == ()
    assert difference(with_default("a"), with_default("b"))[0].resource == "A"
    assert difference(Held(with_default("a").template, {"P": "b"}), with_default("b")) == ()


def test_what_refers_to_what_is_replaced_follows_however_far() -> None:
    def chain(cidr: str) -> Held:
        return held(
            {
                "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": cidr}},
                "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}}},
                "Gateway": {"Type": "AWS::EC2::NatGateway", "Properties": {"SubnetId": {"Ref": "Subnet"}}},
                "Apart": topic(DisplayName="x"),
            }
        )

    assert told(chain("10.0.0.0/16"), chain("10.1.0.0/16")) == {
        "Vpc": (Action.MODIFY, YES, ("CidrBlock",)),
        "Subnet": (Action.MODIFY, MAYBE, ("VpcId",)),
        "Gateway": (Action.MODIFY, MAYBE, ("SubnetId",)),
    }


def test_what_asks_for_an_attribute_follows_any_change_and_a_plain_reference_only_a_replacement() -> None:
    def pair(name: str) -> Held:
        return held(
            {
                "A": topic(DisplayName=name),
                "ByAttribute": topic(DisplayName={"Fn::GetAtt": ["A", "TopicName"]}),
                "ByReference": topic(DisplayName={"Ref": "A"}),
            }
        )

    assert set(told(pair("a"), pair("b"))) == {"A", "ByAttribute"}


# --- outputs


@pytest.mark.parametrize(
    ("output", "moves"),
    [
        ({"Ref": "Replaced"}, True),
        ({"Fn::GetAtt": ["Replaced", "Arn"]}, True),
        ({"Ref": "Changed"}, False),
        ({"Fn::GetAtt": ["Changed", "Arn"]}, False),
        ({"Fn::GetAtt": ["Changed", "LatestVersionNumber"]}, True),
        ({"Fn::Sub": "x/${Changed.LatestVersionNumber}"}, True),
        ({"Ref": "Still"}, False),
        ({"Ref": "Given"}, False),
        ({"Ref": "Moved"}, True),
        ("fixed", False),
    ],
)
def test_an_output_may_move_when_what_it_refers_to_does(output: Any, moves: bool) -> None:
    def state(name: str) -> Held:
        resources = {
            "Replaced": bucket(BucketName=name),
            "Changed": topic(DisplayName=name),
            "Still": topic(),
        }
        return held(resources, {"Out": output}, Given="g", Moved=name)

    old, new = state("a"), state("b")
    assert unsettled_outputs(old, new, difference(old, new)) == ({"Out"} if moves else set())


def test_an_output_that_is_written_differently_or_is_new_moves() -> None:
    old, new = held({"A": topic()}, {"Out": "a"}), held({"A": topic()}, {"Out": "b", "New": "c"})
    assert unsettled_outputs(old, new, ()) == {"Out", "New"}


# --- the table


def test_the_table_says_what_the_schemas_of_aws_say() -> None:
    from scripts.createonly import table as made

    said = made()
    ours = {kind: (it.always, it.maybe) for kind, it in table().items()}
    assert ours == {
        kind: (frozenset(it.get("always", ())), frozenset(it.get("maybe", ()))) for kind, it in said.items()
    }, "cfn-lint has other schemas now: run scripts/createonly.py, and read what changed"


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("AWS::EC2::VPC", "CidrBlock", YES),
        ("AWS::EC2::VPC", "Tags", NO),
        ("AWS::S3::Bucket", "BucketName", YES),
        ("AWS::RDS::DBInstance", "StorageEncrypted", YES),
        ("AWS::RDS::DBInstance", "Engine", MAYBE),
        ("AWS::ECS::Service", "TaskDefinition", NO),
    ],
)
def test_what_is_known_of_replacement(kind: str, name: str, said: Replacement) -> None:
    from evenly.aws.changes.createonly import recreation

    assert recreation(kind, name) is said
