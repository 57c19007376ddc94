"""What the database holds is served, and what is written is there for everyone."""

import json
import secrets
from typing import Any

from evenly.verify.catalogue import FailError, Probe, check
from evenly.verify.client import Answer, Service
from evenly.verify.evenness import requests_to_meet_all
from evenly.verify.reference import JSON, expect, need_greetings, served_by
from evenly.verify.results import Evidence

MOST_PAGES = 20
MARK = "Written by evenly verify"
LANGUAGE = "zxx"  # ISO 639-2: no linguistic content


@check("database.served", "What the database holds is served")
def is_served(probe: Probe) -> tuple[Evidence, ...]:
    need_greetings(probe.service)
    home = probe.service.get("/")
    expect(home, 200)
    shown = _member(home, "greeting")
    first = probe.service.get("/greetings?limit=100")
    if not _is_listed(probe.service, first, shown):
        raise FailError("The greeting at / is in no list of greetings.", home.evidence, first.evidence)
    one = probe.service.get(f"/greetings/{_greetings(first)[0]['id']}")
    if one.json() != _greetings(first)[0]:
        raise FailError("One greeting is another by its own address.", first.evidence, one.evidence)
    return (home.evidence, first.evidence, one.evidence)


@check(
    "database.written", "What is written is read back through every instance (one greeting, marked, stays)"
)
def is_read_back(probe: Probe) -> tuple[Evidence, ...]:
    need_greetings(probe.service)
    written = {"language": LANGUAGE, "text": f"{MARK}, {secrets.token_hex(6)}"}
    made = probe.service.request("POST", "/greetings", JSON, json.dumps(written).encode())
    expect(made, 201)
    wanted = written | {"id": _member(made, "id")}
    times = requests_to_meet_all(_instances(probe))
    answer = _read(probe.service, f"/greetings/{wanted['id']}", wanted, times)
    return (
        made.evidence,
        Evidence(f"{answer.asked} {times} times", "each time what was written", {"reads": times}),
    )


def _read(service: Service, path: str, wanted: dict[str, Any], times: int) -> Answer:
    with service.connection() as asking:
        for _ in range(times):
            answer = asking.request("GET", path)
            told = answer.json()
            if answer.status != 200 or not isinstance(told, dict) or told | wanted != told:
                raise FailError("What was written is not read back.", answer.evidence)
    return answer


def _instances(probe: Probe) -> int:
    """How many there are; as far as an address alone tells, the number that answers."""
    if probe.target:
        return max(1, sum(len(zone.instances) for zone in probe.target.status().zones))
    with probe.service.connection() as asking:
        answers = (asking.request("GET", "/") for _ in range(requests_to_meet_all(4)))
        return len({served_by(answer) for answer in answers})


def _is_listed(service: Service, page: Answer, shown: Any) -> bool:
    """Whether a greeting is on this page or one of those that follow; yes for a table too long to read."""
    for _ in range(MOST_PAGES):
        if any(it.get("text") == shown.get("text") for it in _greetings(page)):
            return True
        following = _member(page, "next")
        if not following:
            return False
        page = service.get(str(following))
    return True


def _greetings(page: Answer) -> list[dict[str, Any]]:
    expect(page, 200)
    found = _member(page, "greetings")
    if not isinstance(found, list) or not found or not all(isinstance(it, dict) for it in found):
        raise FailError("There are no greetings.", page.evidence)
    return found


def _member(answer: Answer, name: str) -> Any:
    told = answer.json()
    if not isinstance(told, dict) or name not in told:
        raise FailError(f"The answer has no {name}.", answer.evidence)
    return told[name]
