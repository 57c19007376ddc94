"""Templates as text: what CloudFormation reads is what was meant, and a person can read it too."""

import time
from typing import Any

import pytest
import yaml

from evenly.aws.packages.rendering import ordered, rendered


class Long(yaml.SafeLoader):
    """Reads the short forms of the functions back into the long ones, as CloudFormation does."""


def _long(loader: Long, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix == "Ref" else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    return {name: value.split(".", 1) if name == "Fn::GetAtt" and isinstance(value, str) else value}


Long.add_multi_constructor("!", _long)


def template(**properties: Any) -> dict[str, Any]:
    return {"Resources": {"It": {"Type": "AWS::SNS::Topic", "Properties": properties}}}


def text_of(value: Any) -> str:
    """How a value stands in the template."""
    return rendered(template(It=value)).partition("It:\n    Type: AWS::SNS::Topic\n    Properties:\n")[2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"Ref": "Key"}, "      It: !Ref Key\n"),
        ({"Ref": "AWS::Region"}, "      It: !Ref AWS::Region\n"),
        ({"Fn::GetAtt": ["Key", "Arn"]}, "      It: !GetAtt Key.Arn\n"),
        ({"Fn::GetAtt": ["Database", "Endpoint.Address"]}, "      It: !GetAtt Database.Endpoint.Address\n"),
        ({"Fn::Sub": "${Key}/x"}, "      It: !Sub ${Key}/x\n"),
        ({"Fn::Split": [",", {"Ref": "Subnets"}]}, "      It: !Split [',', !Ref Subnets]\n"),
        ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "      It: !Select [0, !GetAZs '']\n"),
        ({"Fn::Base64": {"Fn::Sub": "x"}}, "      It:\n        Fn::Base64: !Sub x\n"),
        ({"Fn::Base64": "a\nb\n"}, "      It: !Base64 |\n        a\n        b\n"),
        ("012345678901", "      It: '012345678901'\n"),
        ("2012-10-17", "      It: '2012-10-17'\n"),
        ("12:30", "      It: '12:30'\n"),
        ("1e3", "      It: '1e3'\n"),
        ("0.0.0.0/0", "      It: 0.0.0.0/0\n"),
        ("no", "      It: 'no'\n"),
        ("false", "      It: 'false'\n"),
        (False, "      It: false\n"),
        (30, "      It: 30\n"),
        ("a\nb\n", "      It: |\n        a\n        b\n"),
        ({"Condition": {"Bool": "x"}}, "      It:\n        Condition:\n          Bool: x\n"),
    ],
)
def test_a_value_is_written_shortly_and_read_as_it_was_meant(value: Any, text: str) -> None:
    assert text_of(value) == text
    assert yaml.load(rendered(template(It=value)), Long) == template(It=value)  # noqa: S506


def test_a_list_that_is_long_or_deep_has_a_line_for_each_member() -> None:
    members = [{"Ref": f"PrivateSubnetOfZone{n}"} for n in range(4)]
    assert text_of({"Fn::Join": [",", members]}).count("\n") > 4


def test_no_line_is_broken_and_nothing_is_said_by_reference() -> None:
    words = " ".join(["word"] * 400)
    same = {"Ref": "Key"}
    text = rendered(template(Description=words, One=[same, same], Two=same))
    assert words in text
    assert "&" not in text and "*" not in text


def test_it_is_read_from_the_top_down_and_tags_come_last() -> None:
    told = {
        "Outputs": {"Url": {"Value": "x", "Description": "Where it is"}},
        "Resources": {
            "Topic": {
                "Properties": {"Tags": [1], "TopicName": "x"},
                "DeletionPolicy": "Retain",
                "Type": "AWS::SNS::Topic",
            }
        },
        "Parameters": {"Key": {"Type": "String", "Description": "The key"}},
        "AWSTemplateFormatVersion": "2010-09-09",
    }
    found = ordered(told)
    assert [*found] == ["AWSTemplateFormatVersion", "Parameters", "Resources", "Outputs"]
    assert [*found["Resources"]["Topic"]] == ["Type", "DeletionPolicy", "Properties"]
    assert [*found["Resources"]["Topic"]["Properties"]] == ["TopicName", "Tags"]
    assert [*found["Outputs"]["Url"]] == ["Description", "Value"]
    assert found == told


def test_150_resources_take_no_time() -> None:
    properties = {f"Property{n}": [{"Ref": "Key"}, {"Fn::Sub": "${Key}/x"}, {"Name": "x"}] for n in range(12)}
    one = {"Type": "AWS::SNS::Topic", "Properties": properties}
    began = time.process_time()
    rendered({"Resources": {f"Topic{n}": one for n in range(150)}})
    assert time.process_time() - began < 0.5
