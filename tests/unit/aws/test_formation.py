"""How CloudFormation is asked, and how its answers are read, page by page."""

from datetime import datetime
from typing import Any

from botocore.stub import ANY
from tests.unit.aws.stubbing import stubbed
from tests.unit.aws.world import ACCOUNT


def test_a_stack_that_is_not_there_is_none_and_no_error() -> None:
    with stubbed() as (formation, stub):
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        stub.add_client_error("describe_change_set", "ChangeSetNotFound", "ChangeSet [a] does not exist")
        stub.add_client_error("delete_change_set", "ChangeSetNotFound", "ChangeSet [a] does not exist")
        assert formation.stack("x") is None
        assert formation.described("a", "x") is None
        formation.delete_set("a")


def test_requests_are_as_cloudformation_takes_them() -> None:
    """The Stubber checks every name and type against the model of the service."""
    from evenly.aws.cloud.facts import SetRequest

    wanted = SetRequest(
        "s", "evenly-1", True, {"A": "1"}, {"t": "v"}, "d", body="{}", capabilities=("CAPABILITY_NAMED_IAM",)
    )
    with stubbed() as (formation, stub):
        stub.add_response(
            "create_change_set",
            {"Id": f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:changeSet/evenly-1/1", "StackId": "s"},
            {
                "StackName": "s",
                "ChangeSetName": "evenly-1",
                "ChangeSetType": "CREATE",
                "Description": "d",
                "TemplateBody": "{}",
                "Parameters": [{"ParameterKey": "A", "ParameterValue": "1"}],
                "Tags": [{"Key": "t", "Value": "v"}],
                "Capabilities": ["CAPABILITY_NAMED_IAM"],
            },
        )
        stub.add_response(
            "execute_change_set",
            {},
            {"ChangeSetName": ANY, "ClientRequestToken": "t", "RetainExceptOnCreate": True},
        )
        stub.add_response(
            "delete_stack",
            {},
            {"StackName": "s", "ClientRequestToken": "t", "RoleARN": "arn:aws:iam::1:role/role"},
        )
        stub.add_response(
            "update_termination_protection", {}, {"StackName": "s", "EnableTerminationProtection": True}
        )
        stub.add_response("detect_stack_drift", {"StackDriftDetectionId": "d"}, {"StackName": "s"})
        stub.add_response(
            "describe_events",
            {"OperationEvents": []},
            {"ChangeSetName": "a", "Filters": {"FailedEvents": True}},
        )
        arn = formation.create_set(wanted)
        formation.execute(arn, "t")
        formation.delete("s", "t", "arn:aws:iam::1:role/role")
        formation.protect("s", on=True)
        assert formation.detect_drift("s") == "d"
        assert formation.why_invalid("a") == ()
        stub.assert_no_pending_responses()


def test_a_change_set_is_described_with_its_values_page_by_page() -> None:
    def page(name: str, token: str | None) -> dict[str, Any]:
        change = {
            "Type": "Resource",
            "ResourceChange": {"Action": "Add", "LogicalResourceId": name, "ResourceType": "T"},
        }
        said = {"ChangeSetId": "a" * 20, "ChangeSetName": "n", "StackId": "s", "Status": "CREATE_COMPLETE"}
        return {**said, "Changes": [change], **({"NextToken": token} if token else {})}

    asked = {"ChangeSetName": "a", "StackName": "s", "IncludePropertyValues": True}
    with stubbed() as (formation, stub):
        stub.add_response("describe_change_set", page("A", "t"), asked)
        stub.add_response("describe_change_set", page("B", None), {**asked, "NextToken": "t"})
        found = formation.described("a", "s")
    assert found is not None
    assert [it.resource for it in found.changes] == ["A", "B"]


def test_events_are_asked_for_as_far_back_as_the_first_that_is_known() -> None:
    def page(*numbers: int, token: str | None = None) -> dict[str, Any]:
        told = [
            {
                "EventId": str(it),
                "StackId": "s",
                "StackName": "s",
                "Timestamp": datetime(2026, 1, 1, 0, 0, it),
            }
            for it in numbers
        ]
        return {"StackEvents": told, **({"NextToken": token} if token else {})}

    with stubbed() as (formation, stub):
        stub.add_response("describe_stack_events", page(6, 5, token="t"))
        stub.add_response("describe_stack_events", page(4, 3, token="u"))
        assert [it.id for it in formation.events("s", {"3", "2", "1"})] == ["4", "5", "6"]
        stub.add_response("describe_stack_events", page(7, 6, 5, 4, 3, 2, token="t"))
        known = {"6", "4"}  # 5 came late, 3 is from before
        assert [it.id for it in formation.events("s", known)] == ["5", "7"]
        stub.assert_no_pending_responses()
