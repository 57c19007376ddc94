"""From what IAM's simulator answers to what is missing, and in which words that is told. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from evenly.aws.preflight.rights import Question


class By(StrEnum):
    """What stands in the way."""

    NOTHING_ALLOWS = "nothing allows it"
    FORBIDDEN = "a policy forbids it, which no other policy outdoes"
    ORGANISATION = "a service control policy of the organisation does not allow it"
    BOUNDARY = "the permissions boundary does not allow it"


class Decision(Struct, frozen=True):
    """The answer for one action on one resource. `by`: `None`: it is allowed. `unknown`: condition keys that a policy
    asks for, and the simulation could not know."""

    action: str
    resource: str
    by: By | None
    unknown: tuple[str, ...] = ()


class Missing(Struct, frozen=True):
    """Actions of one question that are not allowed, for one reason. `stops`: the deploy can't go on without them.
    `unknown`: what the answer depends on; with it, nothing is certain."""

    actions: tuple[str, ...]
    by: By
    stops: bool
    statement: Mapping[str, Any]
    unknown: tuple[str, ...] = ()


def missing(question: Question, decisions: Iterable[Decision], own: frozenset[str]) -> tuple[Missing, ...]:
    """`own`: condition keys in lower case that make no answer uncertain."""
    found: dict[tuple[By, bool, tuple[str, ...]], dict[str, None]] = {}
    for it in decisions:
        if it.by is not None:
            unknown = tuple(sorted(key for key in it.unknown if key.lower() not in own))
            stops = it.action in question.needed and not unknown
            found.setdefault((it.by, stops, unknown), {})[it.action] = None
    return tuple(
        Missing(tuple(actions), by, stops, question.statement, unknown)
        for (by, stops, unknown), actions in found.items()
    )


def told(it: Missing, who: str) -> str:
    """As sentences: who may not what, on what; why, or the statement that would allow it."""
    on = _listed([str(each) for each in it.statement["Resource"]])
    head = f"{who} may not {', '.join(it.actions)} on {on}"
    if it.unknown:
        return f"{head}, as far as can be told without {', '.join(it.unknown)}."
    if it.by is not By.NOTHING_ALLOWS:
        return f"{head}: {it.by}."
    return f"{head}. Have this allowed: {statement(it)}"


def told_spared(found: Sequence[Missing], who: str) -> str | None:
    """Those that this deploy can do without, as one sentence; `None` where there are none."""
    actions = dict.fromkeys(action for it in found for action in it.actions)
    if not actions:
        return None
    return (
        f"{who} may not {', '.join(actions)}, or not on all of the environment. This deploy can do without."
    )


def statement(it: Missing) -> str:
    """That would allow it, as JSON on one line."""
    said = dict(it.statement)
    effect = said.pop("Effect")
    return json.dumps({"Effect": effect, "Action": list(it.actions), **said})


_SHOWN = 2  # resources in a sentence; the statement has all of them


def _listed(resources: list[str]) -> str:
    more = len(resources) - _SHOWN
    return " and ".join([*resources[:_SHOWN], *([f"{more} more"] if more > 0 else [])])
