"""Each request has an id of its own, by which the client and the logs know it."""

import re
import time
from uuid import uuid4

from evenly.verify.catalogue import FailError, Probe, check
from evenly.verify.client import Answer, Service
from evenly.verify.reference import NOWHERE
from evenly.verify.results import Evidence

LOGGED_WITHIN_S = 5.0
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@check("requests.id", "An error tells the request's id, its own for each, whatever id the client sends")
def told(probe: Probe) -> tuple[Evidence, ...]:
    claimed = str(uuid4())
    answers = [_refused(probe.service, {"x-request-id": claimed}) for _ in range(2)]
    ids = [_request_id(answer) for answer in answers]
    for id, answer in zip(ids, answers, strict=True):
        if not _ID.fullmatch(id):
            raise FailError("The error tells no request id.", answer.evidence)
    if claimed in ids:
        raise FailError("The client's own id is taken for the request's.", answers[0].evidence)
    if ids[0] == ids[1]:
        raise FailError("Two requests have the same id.", *(answer.evidence for answer in answers))
    return tuple(_with_id(answer) for answer in answers)


@check("requests.logged", "The access log knows a request by the id that the client was told")
def logged(probe: Probe) -> tuple[Evidence, ...]:
    target = probe.needs_target()
    answer = _refused(probe.service, {})
    id = _request_id(answer)
    if not id:
        raise FailError("The error tells no request id.", answer.evidence)
    end = time.monotonic() + LOGGED_WITHIN_S
    while (line := target.logged(id)) is None:
        if time.monotonic() > end:
            raise FailError(f"The access log has no {id} after {LOGGED_WITHIN_S:g} s.", answer.evidence)
        time.sleep(0.1)
    return (_with_id(answer), Evidence("the access log", line[:200]))


def _refused(service: Service, headers: dict[str, str]) -> Answer:
    """An error that tells an id: the application's, or else the balancer's own."""
    answer = service.get(NOWHERE, headers)
    return answer if _request_id(answer) else service.request("TRACE", "/", headers)


def _request_id(answer: Answer) -> str:
    """By header, or in problem JSON: the balancer says request_id, RFC 9457 instance. Empty where there is none."""
    problem = answer.json()
    members = problem if isinstance(problem, dict) else {}
    return str(answer.header("x-request-id") or members.get("request_id") or members.get("instance") or "")


def _with_id(answer: Answer) -> Evidence:
    shown = answer.evidence
    return Evidence(shown.request, shown.answer, {"request_id": _request_id(answer)})
