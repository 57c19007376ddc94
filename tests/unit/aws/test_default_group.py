"""The function that closes a network's default security group, and what it answers CloudFormation."""

from typing import Any

import pytest
from tests.aws_door import Pages

from evenly.aws.assets.network.network import answered

EVENT = {
    "ResourceProperties": {"GroupId": "sg-default"},
    "StackId": "stack",
    "RequestId": "request",
    "LogicalResourceId": "ClosedDefaultGroup",
    "ResponseURL": "https://example.com",
}


class Ec2:
    """A default group as AWS makes it: members speak to each other, and to everybody."""

    def __init__(self) -> None:
        self.rules = {"sgr-in": False, "sgr-out": True}

    def get_paginator(self, name: str) -> Pages:
        assert name == "describe_security_group_rules"
        return Pages("SecurityGroupRules", self._rules)

    def _rules(self, Filters: Any) -> list[dict[str, Any]]:  # noqa: N803
        assert Filters == [{"Name": "group-id", "Values": ["sg-default"]}]
        return [{"SecurityGroupRuleId": it, "IsEgress": out} for it, out in self.rules.items()]

    def revoke_security_group_ingress(self, GroupId: str, SecurityGroupRuleIds: list[str]) -> None:  # noqa: N803
        self._revoke(SecurityGroupRuleIds, is_egress=False)

    def revoke_security_group_egress(self, GroupId: str, SecurityGroupRuleIds: list[str]) -> None:  # noqa: N803
        self._revoke(SecurityGroupRuleIds, is_egress=True)

    def _revoke(self, rules: list[str], *, is_egress: bool) -> None:
        for rule in rules:
            assert self.rules.pop(rule) is is_egress


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_every_rule_goes(request_type):
    ec2 = Ec2()
    for _ in range(2):
        answer = answered(EVENT | {"RequestType": request_type}, ec2)
        assert (answer["Status"], ec2.rules) == ("SUCCESS", {})
    assert answer["PhysicalResourceId"] == "sg-default"
    assert {answer[it] for it in ("StackId", "RequestId", "LogicalResourceId")} == {
        "stack",
        "request",
        "ClosedDefaultGroup",
    }


def test_deleting_opens_nothing():
    ec2 = Ec2()
    ec2.rules.clear()
    assert answered(EVENT | {"RequestType": "Delete"}, ec2)["Status"] == "SUCCESS"
    assert ec2.rules == {}


def test_a_failure_is_answered_too():
    ec2 = Ec2()
    ec2.revoke_security_group_egress = None
    answer = answered(EVENT | {"RequestType": "Create"}, ec2)
    assert answer["Status"] == "FAILED"
    assert "was not closed" in answer["Reason"]
