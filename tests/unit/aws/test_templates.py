"""Templates read back from what CloudFormation keeps, and what refers to what in them."""

import pytest

from evenly.aws.changes.templates import read_template, references
from evenly.errors import StateError

YAML = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  A:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${Name}-${B.Arn}-${!Not}-${AWS::Region}"
      Key: !GetAtt B.Arn
      Deep: !GetAtt B.Endpoint.Address
      List: !Join [",", [!Ref C, !Select [0, !Split [",", !Ref Names]]]]
      Either: !If [IsIt, !Ref D, x]
      Condition: {StringEquals: {a: b}}
"""


def test_short_forms_are_read_as_long_ones() -> None:
    said = read_template(YAML, "x")["Resources"]["A"]["Properties"]
    assert said["BucketName"] == {"Fn::Sub": "${Name}-${B.Arn}-${!Not}-${AWS::Region}"}
    assert said["Key"] == {"Fn::GetAtt": ["B", "Arn"]}
    assert said["Deep"] == {"Fn::GetAtt": ["B", "Endpoint.Address"]}
    assert said["List"] == {
        "Fn::Join": [",", [{"Ref": "C"}, {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "Names"}]}]}]]
    }
    assert said["Either"] == {"Fn::If": ["IsIt", {"Ref": "D"}, "x"]}


def test_a_date_stays_the_text_that_it_is() -> None:
    assert read_template(YAML, "x")["AWSTemplateFormatVersion"] == "2010-09-09"


def test_json_is_read_too() -> None:
    assert read_template('{"Resources": {"A": {"Type": "T"}}}', "x") == {"Resources": {"A": {"Type": "T"}}}


@pytest.mark.parametrize("text", ["{", "a: [", "!!python/object:os.system {}"])
def test_what_is_no_template_is_refused_with_the_stack(text: str) -> None:
    with pytest.raises(StateError) as caught:
        read_template(text, "shop-staging-network")
    assert caught.value.where == "shop-staging-network"


def test_references_are_found_in_every_form() -> None:
    found = references(read_template(YAML, "x"))
    assert found.whole == {"Name", "AWS::Region", "C", "Names", "D"}
    assert found.attributes == {"B.Arn", "B.Endpoint.Address"}
    assert found.asked == {"B"}


def test_what_a_sub_names_itself_is_no_reference() -> None:
    found = references({"Fn::Sub": ["${Own}-${Other}", {"Own": {"Ref": "Inner"}}]})
    assert found.whole == {"Other", "Inner"}
