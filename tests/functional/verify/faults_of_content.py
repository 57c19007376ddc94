"""Faults of headers, of the spread, and of what the database holds."""

from collections.abc import Callable

from tests.functional.verify.behaving import INSTANCES, Behaviour, Response, shown
from tests.functional.verify.fault import (
    Change,
    Fault,
    at_a_wrong_address,
    changed,
    on,
    status,
    where,
)


def _saying(text: str) -> Callable[[Response], Response]:
    return lambda response: Response(
        response.status, {**response.headers, "content-type": "text/html"}, f"<p>{text}".encode()
    )


WEAKER = {
    "x-content-type-options": "sniff",
    "x-frame-options": "ALLOWALL",
    "x-permitted-cross-domain-policies": "all",
    "content-security-policy": "base-uri *; object-src 'none'",
    "cross-origin-opener-policy": "unsafe-none",
    "cross-origin-resource-policy": "cross-origin",
    "permissions-policy": "camera=*, display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "unsafe-url",
}


def _weak(name: str, value: str) -> Change:
    return lambda _asked, response: response.having(**{name: value})


def _missing(name: str) -> Change:
    return lambda _asked, response: response.without(name)


HEADERS = (
    *(Fault("headers.security", f"has no {it}", changed(_missing(it))) for it in WEAKER),
    *(
        Fault("headers.security", f"has a weak {name}", changed(_weak(name, it)))
        for name, it in WEAKER.items()
    ),
    Fault("headers.security", "allows objects", changed(_weak("content-security-policy", "base-uri 'none'"))),
    Fault(
        "headers.security",
        "forgets them on errors",
        where(at_a_wrong_address, lambda was: was.without("x-frame-options")),
    ),
    Fault(
        "headers.security",
        "forgets them on the redirect",
        where(lambda it: it.plain, lambda was: was.without("referrer-policy")),
    ),
    *(
        Fault("headers.software", f"says {name}", changed(_weak(name, "some/1.2")))
        for name in (
            "server",
            "via",
            "x-powered-by",
            "x-envoy-upstream-service-time",
            "x-aspnet-version",
            "x-generator",
        )
    ),
    Fault(
        "headers.software",
        "says who refused",
        where(lambda it: it.method == "TRACE", lambda was: was.having(server="envoy")),
    ),
    *(
        Fault("headers.error-pages", f"a page says {text!r}", where(at_a_wrong_address, _saying(text)))
        for text in ("nginx", "Apache/2.4.58", "Traceback (most recent call last)", 'File "app.py", line 3')
    ),
)

SPREAD = (
    Fault(
        "spread.identity", "names an instance badly", Behaviour(instances=(*INSTANCES[:2], ("web-1", "two")))
    ),
    Fault(
        "spread.identity", "was told no name", Behaviour(instances=(*INSTANCES[:2], ("i-" + "0" * 17, "two")))
    ),
    Fault("spread.identity", "tells no zone", Behaviour(instances=(*INSTANCES[:2], (INSTANCES[2][0], "")))),
    Fault(
        "spread.identity", "is in two zones", Behaviour(instances=(*INSTANCES[:2], (INSTANCES[0][0], "two")))
    ),
    Fault(
        "spread.identity",
        "does not tell who it is",
        on("/", lambda _asked: shown({"greeting": {}})),
        also=frozenset({"spread.instances", "spread.even"}),
    ),
    Fault("spread.instances", "one never serves", Behaviour(weights=(1, 0, 1))),
    Fault("spread.even", "one serves half its share", Behaviour(weights=(1, 0.4, 1))),
    Fault("spread.even", "one serves twice its share", Behaviour(weights=(1, 2, 1))),
    Fault(
        "spread.even",
        "one serves half its share, by an address alone",
        Behaviour(weights=(1, 0.4, 1)),
        without_target=True,
    ),
)

DATABASE = (
    Fault(
        "database.served",
        "shows what is not in the database",
        on(
            "/",
            lambda _asked: shown(
                {
                    "instance_id": INSTANCES[0][0],
                    "zone": "one",
                    "greeting": {"language": "en", "text": "Made up"},
                }
            ),
        ),
    ),
    Fault(
        "database.served",
        "has nothing",
        on("/greetings", lambda _asked: shown({"greetings": [], "next": None})),
    ),
    Fault("database.served", "does not find its own", on("/greetings/1", status(404))),
    Fault("database.served", "can't reach it", on("/greetings", status(503))),
    Fault("database.written", "forgets what is posted", Behaviour(remembers="nobody")),
    Fault("database.written", "keeps it in one instance", Behaviour(remembers="one")),
    Fault("database.written", "takes nothing", on("/greetings", status(403), method="POST")),
    Fault(
        "database.written",
        "gives back something else",
        on("/greetings/3", lambda _asked: shown({"id": 3, "language": "zxx", "text": "Else"})),
    ),
)
