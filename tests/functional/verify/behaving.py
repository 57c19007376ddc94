"""What the tests' service answers: all of it right, but for the fault that a test switches on. Knows no protocol."""

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

Headers = dict[str, str]
LARGEST = 16 * 1024
INSTANCES = (("i-" + "a1" * 8 + "0", "one"), ("i-" + "b2" * 8 + "0", "one"), ("i-" + "c3" * 8 + "0", "two"))
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "none",
    "content-security-policy": "base-uri 'self'; object-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
}
KNOWN = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"}
TARGET = re.compile(r"/[!-\[\]-~\\]*")


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Headers
    body: bytes = b""
    plain: bool = False
    announced: int = 0
    version: str = "1.1"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def wants_html(self) -> bool:
        return "text/html" in self.headers.get("accept", "")


@dataclass(frozen=True)
class Response:
    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = b""

    def without(self, name: str) -> "Response":
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})

    def having(self, **headers: str) -> "Response":
        return replace(
            self, headers=self.headers | {key.replace("_", "-"): it for key, it in headers.items()}
        )


def unchanged(_request: Request, response: Response) -> Response:
    return response


def nothing(_request: Request) -> Response | None:
    return None


@dataclass(frozen=True)
class Behaviour:
    """`instead` answers first, where it answers; `change` has the last word. `weights`: how often each instance
    serves. `remembers`: who keeps what is posted. `name`: gives the request its id."""

    instead: Callable[[Request], Response | None] = nothing
    change: Callable[[Request, Response], Response] = unchanged
    weights: tuple[float, ...] = (1, 1, 1)
    instances: tuple[tuple[str, str], ...] = INSTANCES
    remembers: str = "all"
    name: Callable[[Request], str] = lambda _request: str(uuid4())
    logs: bool = True


def problem(status: int, detail: str = "", **headers: str) -> Response:
    body = {"type": "about:blank", "title": "A problem", "status": status, "detail": detail}
    return Response(
        status, {"content-type": "application/problem+json", **headers}, json.dumps(body).encode()
    )


def shown(value: Any, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())


class Service:
    """One service of several instances. `authority`: host and port of its HTTPS address."""

    def __init__(self, behaviour: Behaviour, host: str) -> None:
        self._behaviour = behaviour
        self._host = host
        self.https_port = 0
        self._chance = random.Random(7)  # noqa: S311 - the same for every run
        seed = {
            1: {"id": 1, "language": "en", "text": "Hello"},
            2: {"id": 2, "language": "it", "text": "Ciao"},
        }
        self._kept = [dict(seed) for _ in behaviour.instances]
        self.log: list[str] = []

    def answer(self, request: Request) -> Response:
        id = self._behaviour.name(request)
        response = self._behaviour.instead(request) or self._answer(request)
        response = replace(response, headers={**SECURITY, **self._more(request), **response.headers})
        if response.status >= 400:
            response = self._as_asked(request, response, id)
        if self._behaviour.logs:
            self.log.append(f'{{"request_id":"{id}","status":{response.status}}}')
        return self._behaviour.change(request, response)

    def _more(self, request: Request) -> Headers:
        if request.plain:
            return {}
        hsts = {} if self._host == "localhost" else {"strict-transport-security": "max-age=300"}
        return {"alt-svc": f'h3=":{self.https_port}"; ma=300', **hsts}

    def _as_asked(self, request: Request, response: Response, id: str) -> Response:
        if request.wants_html:
            page = b"<!doctype html><p>This can't be answered. Reference " + id.encode()
            return replace(response, body=page).having(content_type="text/html; charset=utf-8")
        if response.headers.get("content-type") != "application/problem+json":
            return response
        return replace(response, body=json.dumps(json.loads(response.body) | {"request_id": id}).encode())

    def _answer(self, request: Request) -> Response:
        """What any part of a service would refuse, then what this one has."""
        name, _, port = request.host.partition(":")
        if name != self._host or not re.fullmatch(r"\d*", port) or not TARGET.fullmatch(request.target):
            return problem(400)
        if request.method not in KNOWN or re.search(r"%(00|2f|5c|c0|c1)", request.path, re.IGNORECASE):
            return problem(400)
        if request.plain:
            target = "/" + request.target.replace("\\", "/").lstrip("/.")
            return Response(301, {"location": f"https://{self._host}:{self.https_port}{target}"})
        if request.announced > LARGEST:
            return problem(413)
        return self._route(request)

    def _route(self, request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/":
                return self._home()
            case "GET", "/healthz" | "/readyz":
                return shown({"status": "good"})
            case "GET", "/openapi.json":
                return shown({"paths": {"/greetings": {"get": {}, "post": {}}}})
            case "GET", "/greetings":
                return shown({"greetings": list(self._store().values()), "next": None})
            case "POST", "/greetings":
                return self._add(request)
            case "GET", path if found := re.fullmatch(r"/greetings/(\d+)", path):
                greeting = self._store().get(int(found[1]))
                return shown(greeting) if greeting else problem(404)
            case _, "/" | "/greetings":
                return problem(405, allow="GET")
            case _:
                return problem(405, allow="GET") if request.method == "TRACE" else problem(404)

    def _home(self) -> Response:
        number = self._number()
        instance, zone = self._behaviour.instances[number]
        greeting = {"language": "en", "text": "Hello"}
        return shown({"instance_id": instance, "zone": zone, "greeting": greeting})

    def _add(self, request: Request) -> Response:
        try:
            given: Mapping[str, str] = json.loads(request.body)
            made = {"id": len(self._kept[0]) + 1, "language": given["language"], "text": given["text"]}
        except (ValueError, TypeError, KeyError, RecursionError):
            return problem(400)
        here = self._number()
        for number, kept in enumerate(self._kept):
            if self._behaviour.remembers == "all" or (self._behaviour.remembers == "one" and number == here):
                kept[made["id"]] = made
        return shown(made, 201)

    def _number(self) -> int:
        numbers = range(len(self._behaviour.instances))
        return self._chance.choices(numbers, self._behaviour.weights)[0]

    def _store(self) -> dict[int, Any]:
        return self._kept[self._number()]
