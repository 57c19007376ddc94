"""Takes every rule from the default security group of a network, for CloudFormation, as a custom resource.

It closes at create and at update, and opens nothing at delete: the group goes with its network. It answers
CloudFormation in every case, for a resource without an answer holds the stack up for an hour.
"""

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

Event = Mapping[str, Any]
ANSWER_S = 30


def closed_group(event: Event, _: object) -> None:
    """What Lambda calls."""
    import boto3

    _put(event["ResponseURL"], answered(event, boto3.client("ec2")))


def answered(event: Event, ec2: Any) -> dict[str, Any]:
    """Does what is asked, and returns the answer, whatever came of it."""
    try:
        if event["RequestType"] != "Delete":
            close(ec2, event["ResourceProperties"]["GroupId"])
    except Exception as error:
        return _answer(event, "FAILED", f"The default security group was not closed: {error}")
    return _answer(event, "SUCCESS", "")


def close(ec2: Any, group: str) -> None:
    """Takes away the rules of both directions. A group without a rule is left as it is."""
    rules = [
        rule
        for page in ec2.get_paginator("describe_security_group_rules").paginate(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )
        for rule in page["SecurityGroupRules"]
    ]
    for is_egress, revoke in (
        (False, ec2.revoke_security_group_ingress),
        (True, ec2.revoke_security_group_egress),
    ):
        _revoke(revoke, group, [it["SecurityGroupRuleId"] for it in rules if it["IsEgress"] is is_egress])


def _revoke(revoke: Callable[..., Any], group: str, rules: list[str]) -> None:
    if rules:
        revoke(GroupId=group, SecurityGroupRuleIds=rules)


def _answer(event: Event, status: str, reason: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html"""
    return {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event["ResourceProperties"]["GroupId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }


def _put(url: str, answer: Mapping[str, Any]) -> None:
    """`url`: CloudFormation's own, by HTTPS."""
    request = urllib.request.Request(url, json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310
    urllib.request.urlopen(request, timeout=ANSWER_S).close()  # noqa: S310
