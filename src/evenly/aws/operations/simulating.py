"""Asking IAM what whoever deploys may: his policies are simulated, nothing is done.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evenly.aws.cloud.facts import Identity
from evenly.aws.cloud.session import Asked
from evenly.aws.preflight.missing import By, Decision
from evenly.aws.preflight.rights import Question
from evenly.errors import StateError

_ASSUMED = re.compile(r"arn:[^:]+:sts::\d+:assumed-role/(?P<role>[^/]+)/.+")
_OWN = re.compile(r"arn:[^:]+:iam::\d+:(user|role)/.+")


def principal(asked: Asked, identity: Identity) -> str:
    """The ARN of the user or role whose policies count. Raises StateError for who has none that can be simulated: the
    account's root, a federated session, a role that is nowhere in the account. `asked`: a client of IAM."""
    if _OWN.fullmatch(identity.arn):
        return identity.arn
    assumed = _ASSUMED.fullmatch(identity.arn)
    if assumed is None:
        raise StateError(f"{identity.arn} is neither a user nor a role, and can't be simulated.")
    said = asked.unless(("NoSuchEntity", "NoSuchEntityException"), "get_role", RoleName=assumed["role"])
    if said is None:
        raise StateError(f"the role {assumed['role']} is not in the account, and can't be simulated.")
    return str(said["Role"]["Arn"])


def simulated(asked: Asked, who: str, question: Question) -> tuple[Decision, ...]:
    """Each action on each resource."""
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": "string"}
        for key, values in question.context.items()
    ]
    marker, found = None, list[Decision]()
    while True:
        said = asked.call(
            "simulate_principal_policy",
            PolicySourceArn=who,
            ActionNames=list(question.actions),
            ResourceArns=list(question.resources),
            ContextEntries=entries or None,
            Marker=marker,
        )
        found += [decision for it in said["EvaluationResults"] for decision in _decisions(it)]
        marker = said.get("Marker") if said.get("IsTruncated") else None
        if not marker:
            return tuple(found)


def _decisions(said: Mapping[str, Any]) -> Iterator[Decision]:
    """What is said of the resources one by one, where it is."""
    action = said["EvalActionName"]
    for it in said.get("ResourceSpecificResults") or ():
        yield Decision(
            action,
            it["EvalResourceName"],
            _by(it["EvalResourceDecision"], {**said, **it}),
            _unknown(said, it),
        )
    if not said.get("ResourceSpecificResults"):
        yield Decision(
            action, said.get("EvalResourceName", "*"), _by(said["EvalDecision"], said), _unknown(said)
        )


def _unknown(*parts: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for it in parts for key in it.get("MissingContextValues") or ()))


def _by(decision: str, said: Mapping[str, Any]) -> By | None:
    if decision == "allowed":
        return None
    if said.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations") is False:
        return By.ORGANISATION
    if said.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary") is False:
        return By.BOUNDARY
    return By.FORBIDDEN if decision == "explicitDeny" else By.NOTHING_ALLOWS
