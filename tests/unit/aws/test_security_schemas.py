"""AWS's own schemas take every property, action and form of an ARN in these stacks."""

import json

import pytest
from cfnlint import ManualArgs, lint
from tests.unit.aws.securityworld import made


@pytest.mark.parametrize(
    ("which", "stack"),
    [
        ("full", "foundation"),
        ("full", "security"),
        ("fargate", "security"),
        ("full", "image"),
        ("small", "image"),
    ],
)
def test_aws_takes_every_property(which: str, stack: str) -> None:
    found = lint(
        json.dumps(made(which, stack)), config=ManualArgs(regions=["eu-west-1"], include_checks=["I3510"])
    )
    assert [f"{it.rule.id}: {it.message}" for it in found] == []


def test_a_misspelt_action_is_seen() -> None:
    template = json.loads(json.dumps(made("full", "security")))
    statement = template["Resources"]["TaskPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    statement["Action"].append("ssmmessages:OpenControlChanel")
    found = lint(json.dumps(template), config=ManualArgs(regions=["eu-west-1"]))
    assert any("opencontrolchanel" in it.message.lower() for it in found)
