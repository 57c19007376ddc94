"""As much of IAM's evaluation as our policies use, so that a test can ask what somebody may, and not how it is written.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

REGION, ACCOUNT = "eu-west-1", "123456789012"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
FILLED = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "KeyArn": KEY}

Json = Mapping[str, Any]


def filled(value: Any, given: Mapping[str, str] = FILLED) -> Any:
    """`value` of a template with its functions answered."""
    match value:
        case {"Fn::Sub": str() as text}:
            said = re.sub(r"\$\{(\w[^}]*)\}", lambda found: given.get(found[1], found[0]), text)
            return said.replace("${!", "${")
        case {"Ref": str() as name}:
            return given.get(name, name)
        case Mapping():
            return {key: filled(each, given) for key, each in value.items()}
        case list():
            return [filled(each, given) for each in value]
        case _:
            return value


class Who:
    """One principal: the policies that it has, and the boundary over it, if any."""

    def __init__(self, policies: Sequence[Json], boundary: Json | None = None) -> None:
        self._policies = policies
        self._boundary = boundary

    def may(self, action: str, resource: str = "*", **context: str) -> bool:
        """`context`: condition keys, with `__` for a colon and `_in_` for a slash: `aws__ResourceTag_in_Name`."""
        asked = {key.replace("__", ":").replace("_in_", "/"): value for key, value in context.items()}
        return self.asks(action, resource, asked)

    def asks(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        if not _allows(self._policies, action, resource, context):
            return False
        return self._boundary is None or _allows([self._boundary], action, resource, context)

    def why_not(self, action: str, resource: str, context: Mapping[str, str]) -> str:
        """In the words of IAM's simulator."""
        effects = _effects(self._policies, action, resource, context)
        return "explicitDeny" if "Deny" in effects else "implicitDeny"


def _allows(policies: Sequence[Json], action: str, resource: str, context: Mapping[str, str]) -> bool:
    return _effects(policies, action, resource, context) == {"Allow"}


def _effects(policies: Sequence[Json], action: str, resource: str, context: Mapping[str, str]) -> set[str]:
    return {
        statement["Effect"]
        for policy in policies
        for statement in policy["Statement"]
        if _is_about(statement, action, resource, context)
    }


def _is_about(statement: Json, action: str, resource: str, context: Mapping[str, str]) -> bool:
    return (
        any(like(action.lower(), it.lower()) for it in statement["Action"])
        and any(like(resource, it) for it in statement["Resource"])
        and all(
            _holds(operator, key, wanted, context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def like(text: str, pattern: str) -> bool:
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(it, re.escape(it)) for it in pattern))


def _holds(operator: str, key: str, wanted: Any, context: Mapping[str, str]) -> bool:
    patterns = wanted if isinstance(wanted, list) else [wanted]
    said = context.get(key)
    match operator:
        case "Null":
            return (said is None) == (patterns == ["true"])
        case "StringEquals" | "Bool":
            return said in patterns
        case "StringLike" | "ArnLike" | "ArnEquals":
            return said is not None and any(like(said, it) for it in patterns)
        case "ForAllValues:StringLike":
            return all(any(like(each, it) for it in patterns) for each in (said or "").split(",") if each)
        case _:
            raise NotImplementedError(operator)
