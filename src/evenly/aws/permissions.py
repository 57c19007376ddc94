"""What a template's policies give that could be narrower: every service, everything, or everything of a kind. Pure.

It is found in the template as CloudFormation gets it, whoever wrote it, and compared with what is listed in
`aws.exceptions`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evenly.aws.naming import Names

ROLE = "AWS::IAM::Role"
POLICIES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy")
_KIND = re.compile(r"arn:[^:]*:(?P<service>[^:]*):[^:]*:[^:]*:(?P<kind>.*)")
_OWN = 50  # characters of a prefix that stay in every pattern, however it is cut

Json = Mapping[str, Any]


def wide(names: Names, template: Json) -> Iterator[tuple[str, str]]:
    """By the logical id of the policy or role, what it gives: `ec2:DescribeVpcs on *`; and for a statement without a
    condition, where a pattern has nothing of the environment's in it, `Make1 on every ec2:vpc/*`, by the statement's
    Sid."""
    for resource, said in template["Resources"].items():
        for document in _documents(said):
            for statement in _list(document.get("Statement", ())):
                if statement.get("Effect") == "Allow":
                    yield from ((resource, what) for what in _wide(names, statement))


def _documents(said: Json) -> list[Json]:
    own = said.get("Properties", {})
    if said["Type"] == ROLE:
        return [it["PolicyDocument"] for it in own.get("Policies", ())]
    return [own["PolicyDocument"]] if said["Type"] in POLICIES and "PolicyDocument" in own else []


def _wide(names: Names, statement: Json) -> Iterator[str]:
    actions = _list(statement["Action"]) if "Action" in statement else ["*"]
    resources = [_text(it) for it in _list(statement["Resource"])] if "Resource" in statement else ["*"]
    for resource in resources:
        if resource == "*":
            yield from (f"{action} on *" for action in actions)
            continue
        yield from (f"{action} on {_kind(resource)}" for action in actions if "*" in action)
        if "Condition" not in statement and _is_of_anybody(names, resource):
            yield f"{statement.get('Sid', '')} on every {_kind(resource)}"


def _is_of_anybody(names: Names, resource: str) -> bool:
    """A pattern without the environment's name, and without a variable that is filled in for whoever asks."""
    own = (names.prefix[:_OWN], f"{names.service}/{names.environment}", "${!")
    return "*" in _kind(resource) and not any(it in resource for it in own)


def _kind(resource: str) -> str:
    found = _KIND.fullmatch(re.sub(r"\$\{AWS::\w+\}", "", resource))
    return f"{found['service']}:{found['kind']}" if found else resource


def _text(value: Any) -> str:
    """As far as it can be told without what is filled in."""
    if isinstance(value, Mapping):
        inner = value.get("Fn::Sub", value.get("Ref", ""))
        return str(inner[0] if isinstance(inner, list) else inner)
    return str(value)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
