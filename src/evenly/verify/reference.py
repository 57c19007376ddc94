"""What checks know of an application: whether it is the reference service, or answers as it does.

It is known by its description, `/openapi.json`. Checks that need to write ask no other application to.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from evenly.verify.catalogue import FailError, SkipError
from evenly.verify.client import Answer, Service

JSON: Mapping[str, str] = MappingProxyType({"content-type": "application/json"})
HTML: Mapping[str, str] = MappingProxyType({"accept": "text/html"})
PROBLEM = "application/problem+json"
NOWHERE = "/evenly-verify/there-is-nothing-here"
# As EC2 writes them; all zeros is what an application says that was told none.
INSTANCE_ID = re.compile(r"i-(?!0{17})[0-9a-f]{17}")


def has_greetings(service: Service) -> bool:
    described = service.get("/openapi.json").json()
    paths = described.get("paths") if isinstance(described, dict) else None
    greetings = paths.get("/greetings") if isinstance(paths, dict) else None
    return isinstance(greetings, dict) and "post" in greetings


def need_greetings(service: Service) -> None:
    """Raises SkipError for another application."""
    if not has_greetings(service):
        raise SkipError("This application has no /greetings to write to and read from.")


def served_by(answer: Answer) -> tuple[str, str] | None:
    """The instance id and the zone that an answer tells, as they are; `None` where it tells none."""
    told = answer.json()
    if not isinstance(told, dict):
        return None
    instance, zone = told.get("instance_id"), told.get("zone")
    return (str(instance), str(zone)) if instance is not None else None


def need_instances(service: Service) -> None:
    """Raises SkipError for an application that does not tell who answers."""
    answer = service.get("/")
    if answer.status == 200 and served_by(answer) is None and not has_greetings(service):
        raise SkipError("This application does not tell which instance answered (instance_id in JSON).")


def expect(answer: Answer, status: int) -> None:
    """Raises FailError."""
    if answer.status != status:
        raise FailError(f"The answer has status {answer.status}, not {status}.", answer.evidence)


def expect_error(answer: Answer, *, form: str | None = None) -> None:
    """A 4XX, as HTML or problem JSON; as `form` alone, where one is given. Raises FailError."""
    if not 400 <= answer.status < 500:
        raise FailError(f"The answer has status {answer.status}, not 4XX.", answer.evidence)
    allowed = (form,) if form else ("text/html", PROBLEM)
    if answer.media_type not in allowed:
        found = answer.media_type or "of no type"
        raise FailError(f"The error is {found}, not {' or '.join(allowed)}.", answer.evidence)
    if answer.media_type == PROBLEM and not _is_problem(answer):
        raise FailError("The error is no problem of RFC 9457 with the answer's status.", answer.evidence)


def _is_problem(answer: Answer) -> bool:
    told = answer.json()
    return isinstance(told, dict) and told.get("status") == answer.status and bool(told.get("title"))
