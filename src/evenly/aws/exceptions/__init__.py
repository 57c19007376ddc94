"""Where a template is not as narrow, or not as strict, as a rule wants it, and why: the one list. Pure.

What is named is a rule (ours, or another tool's, such as CKV_AWS_316), or what `aws.permissions` finds. Whatever is not
listed is a finding; what is listed and no longer there fails a test.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from evenly.aws.exceptions.checkov import CHECKOV
from evenly.aws.exceptions.excepted import Excepted
from evenly.aws.exceptions.rules import RULES
from evenly.aws.exceptions.security import SECURITY
from evenly.aws.naming import Names
from evenly.aws.permissions import wide

Json = Mapping[str, Any]

EXCEPTIONS: tuple[Excepted, ...] = (*SECURITY, *RULES, *CHECKOV)


def excepted(stack: str, resource: str, rule: str) -> Excepted | None:
    """The exception from a rule. One from the rules on names of actions and resources stands for those of the single
    actions, each of which is listed and checked by itself (`unlisted`)."""
    kind = _OF_PERMISSIONS.get(rule)
    here = (it for it in EXCEPTIONS if it.stack == stack and fnmatchcase(resource, it.resource))
    return next((it for it in here if it.what == rule or (kind is not None and kind in it.what)), None)


# By rule, what marks those of `aws.permissions` that it is about.
_OF_PERMISSIONS = {"policy_names_actions": ":* on ", "policy_names_resources": " on *"}


def unlisted(names: Names, stack: str, template: Json) -> tuple[tuple[str, str], ...]:
    """What a template's policies give that could be narrower and is not listed: by resource."""
    listed = {(it.resource, it.what) for it in EXCEPTIONS if it.stack == stack}
    return tuple(it for it in wide(names, template) if it not in listed)


def unused(found: Iterable[tuple[str, str, str]]) -> tuple[Excepted, ...]:
    """Those from permissions that nothing of what was `found` (stack, resource, what) needs."""
    needed = set(found)
    return tuple(
        it for it in EXCEPTIONS if " on " in it.what and (it.stack, it.resource, it.what) not in needed
    )
