"""Faults of errors, health and request ids."""

import json
from uuid import UUID, uuid4

from tests.functional.verify.behaving import Behaviour, Request, Response, shown
from tests.functional.verify.fault import (
    Fault,
    at_a_wrong_address,
    changed,
    mistakes,
    on,
    status,
    where,
)


def _posted(asked: Request) -> bool:
    return asked.method == "POST" and asked.path == "/greetings"


def _is_json(asked: Request) -> bool:
    try:
        return isinstance(json.loads(asked.body), dict)
    except ValueError:
        return False


ERRORS = (
    Fault("errors.unknown-address", "answers 200", on("/evenly-verify/.*", lambda _asked: shown({}))),
    Fault("errors.unknown-address", "answers 500", on("/evenly-verify/.*", status(500))),
    Fault(
        "errors.unknown-address",
        "has no page",
        where(lambda it: it.wants_html, lambda was: was.having(content_type="text/plain")),
    ),
    Fault(
        "errors.unknown-address",
        "has no problem JSON",
        where(at_a_wrong_address, lambda was: was.having(content_type="application/json")),
    ),
    Fault(
        "errors.unknown-address",
        "tells another status",
        where(
            at_a_wrong_address,
            lambda was: Response(was.status, was.headers, was.body.replace(b"404", b"400")),
        ),
    ),
    Fault("errors.methods", "echoes", on("/", lambda _asked: Response(200), method="TRACE")),
    Fault("errors.methods", "breaks on a method that nobody knows", on("/", status(501), method="FOO")),
    Fault(
        "errors.methods",
        "does not say what is allowed",
        where(lambda it: it.method == "POST", lambda was: was.without("allow")),
    ),
    Fault("errors.methods", "takes a POST anywhere", on("/", lambda _asked: shown({}), method="POST")),
    Fault(
        "errors.malformed-json",
        "breaks",
        mistakes(
            500,
            lambda it: _posted(it) and not it.announced > 99999 and it.body[:1] in b"{n" and not _is_json(it),
        ),
    ),
    Fault(
        "errors.malformed-json",
        "takes it",
        Behaviour(instead=lambda it: shown({}, 201) if _posted(it) and it.body == b"not json" else None),
    ),
    Fault(
        "errors.malformed-json",
        "refuses it in plain text",
        where(lambda it: _posted(it) and it.body == b"{", lambda was: was.having(content_type="text/plain")),
    ),
    Fault("errors.large-body", "breaks", mistakes(500, lambda it: it.announced > 10**6)),
    Fault(
        "errors.large-body",
        "takes it",
        Behaviour(instead=lambda it: shown({}, 201) if it.announced > 10**6 else None),
    ),
    Fault("errors.coding", "breaks", mistakes(500, lambda it: it.headers.get("content-encoding") == "gzip")),
    Fault(
        "errors.coding",
        "takes any character set",
        Behaviour(
            instead=lambda it: shown({}, 201) if "charset" in it.headers.get("content-type", "") else None
        ),
    ),
    Fault(
        "errors.traversal",
        "serves a file of the machine",
        Behaviour(
            instead=lambda it: (
                Response(200, {}, b"root:x:0:0:root:/root:/bin/sh\n") if "%2e%2e" in it.path else None
            )
        ),
    ),
    Fault(
        "errors.traversal",
        "serves a file with an error's status",
        Behaviour(
            instead=lambda it: (
                Response(404, {"content-type": "text/plain"}, b"root:x:0:0:root:/root:/bin/sh\n")
                if "....//" in it.path
                else None
            )
        ),
    ),
    Fault(
        "errors.traversal", "serves its settings", on(r"/\.env", lambda _asked: Response(200, {}, b"KEY=1"))
    ),
    Fault("errors.traversal", "breaks on dots", mistakes(500, lambda it: "/../" in it.path)),
    Fault("errors.address", "breaks on a bad escape", mistakes(500, lambda it: it.path == "/%zz")),
    Fault("errors.address", "serves a NUL", mistakes(200, lambda it: "%00" in it.path)),
    Fault(
        "errors.address", "breaks on bytes that are no UTF-8", mistakes(502, lambda it: "\xff" in it.target)
    ),
)

HEALTH = (
    Fault("health.alive", "is not", on("/healthz", status(500))),
    Fault("health.alive", "is nowhere", on("/healthz", status(404))),
    Fault("health.ready", "is not", on("/readyz", status(503))),
)

REQUESTS = (
    Fault(
        "requests.id",
        "believes the client's id",
        Behaviour(name=lambda it: it.headers.get("x-request-id") or str(uuid4())),
    ),
    Fault(
        "requests.id",
        "tells no id",
        changed(lambda _it, was: Response(was.status, was.headers, was.body.replace(b"request_id", b"more"))),
        also=frozenset({"requests.logged"}),
    ),
    Fault("requests.id", "has one id for all", Behaviour(name=lambda _it: str(UUID(int=1)))),
    Fault("requests.id", "has ids that are none", Behaviour(name=lambda it: f"{id(it):x}")),
    Fault("requests.logged", "logs nothing", Behaviour(logs=False)),
)
