"""What a rule has against a resource, and is meant so: exceptions, ours and the user's, each with its reason. Reads the
user's from `policies/exceptions.yaml`; one that excuses nothing any more is a finding itself.

    - stack: network            # a stack's name, or * for every one
      resource: Office*         # a logical id, as a pattern
      rule: way_in_is_not_open_to_all
      reason: The office's addresses change every day.
      environment: staging      # if it is for one alone
"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from evenly.aws.exceptions import excepted
from evenly.aws.exceptions.excepted import Excepted
from evenly.aws.linting.findings import Severity, TemplateFinding
from evenly.aws.packages.packaging import Package
from evenly.errors import UsageError

FILE = Path("policies") / "exceptions.yaml"
STALE = "exception_excuses_something"


Ours = Callable[[str, str, str], Excepted | None]


class Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the user's."""

    stack: str
    resource: str
    rule: str
    reason: str
    environment: str = "*"


def own_exceptions(project: Path) -> tuple[Own, ...]:
    """Those of the project. Raises UsageError where they can't be read, or one has no reason."""
    try:
        text = (project / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    found = _read(text)
    for number, it in enumerate(found, 1):
        if not it.reason.strip():
            raise UsageError(
                f"exception {number} has no reason.", where=str(FILE), try_="Say why it is meant so."
            )
    return found


def _read(text: str) -> tuple[Own, ...]:
    import yaml

    try:
        said: Any = yaml.safe_load(text)
        return msgspec.convert(said or [], tuple[Own, ...])
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        what = f"it can't be read: {' '.join(str(error).split())}."
        try_ = "Write a list of stack, resource, rule and reason."
        raise UsageError(what, where=str(FILE), try_=try_) from error


def excused(
    found: Sequence[TemplateFinding], package: Package, own: Sequence[Own], ours: Ours = excepted
) -> tuple[TemplateFinding, ...]:
    """What is left, and the user's exceptions that excuse nothing."""
    here = [it for it in own if fnmatchcase(package.topology.environment, it.environment)]
    meant = [it for it in found if ours(it.stack, it.resource, it.rule) is None]
    left = [it for it in meant if not any(_excuses(each, it) for each in here)]
    stale = [it for it in here if not any(_excuses(it, each) for each in meant)]
    return (*left, *map(_stale, stale))


def _excuses(exception: Own, found: TemplateFinding) -> bool:
    return (
        fnmatchcase(found.stack, exception.stack)
        and fnmatchcase(found.resource, exception.resource)
        and found.rule == exception.rule
    )


def _stale(exception: Own) -> TemplateFinding:
    what = f"The exception from {exception.rule} excuses nothing."
    try_ = f"Take it out of {FILE}, or mend its names."
    return TemplateFinding(exception.stack, exception.resource, STALE, Severity.WARNING, what, try_)
