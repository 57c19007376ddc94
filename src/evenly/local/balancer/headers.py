"""The headers that Envoy adds, drops and keeps, beside those that every edge does: `core.webheaders`. Pure."""

from collections.abc import Mapping

from evenly.core.webheaders import SOFTWARE
from evenly.local.balancer.terms import Config

ALTERNATIVE_S = 300  # as soon forgotten: tomorrow another service may have this port

# An instance that answers 503 with this header means it: nobody else is asked.
FINAL = "x-envoy-ratelimited"
LEAKING = (FINAL, *SOFTWARE)
# What a client could use to lie about who it is, how it came or where it wants to go. Spellings with an
# underscore are refused as a whole.
SPOOFABLE = (
    "cf-connecting-ip",
    "client-ip",
    "fastly-client-ip",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "proxy",  # httpoxy: CGI would make it HTTP_PROXY
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded",
    "x-forwarded-by",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-protocol",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-uri",
    "x-host",
    "x-original-forwarded-for",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-rewrite-url",
    "x-scheme",
    "x-url-scheme",
)


def where_silent(values: Mapping[str, str]) -> list[Config]:
    """Adds each where the answer has none."""
    return [_append(name, value, "ADD_IF_ABSENT") for name, value in values.items()]


def in_any_case(values: Mapping[str, str]) -> list[Config]:
    """Sets each, whatever was there."""
    return [_append(name, value, "OVERWRITE_IF_EXISTS_OR_ADD") for name, value in values.items()]


def for_a_websocket() -> list[Config]:
    """By HTTP/2 and 3 a client sends no key (RFC 8441, 5.1), and an instance, asked by HTTP/1.1, wants one. It is
    no secret: it shows that whoever answers knows the protocol."""
    return where_silent({"sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="})


def about_the_client() -> list[Config]:
    """For a client on loopback, Envoy itself would say the address of this machine's first interface."""
    return in_any_case(
        {
            "x-forwarded-for": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
            "x-forwarded-host": "%REQ(:AUTHORITY)%",
        }
    )


def alternative(port: int) -> Mapping[str, str]:
    """That the same is to be had by HTTP/3."""
    return {"alt-svc": f'h3=":{port}"; ma={ALTERNATIVE_S}'}


def _append(name: str, value: str, action: str) -> Config:
    return {"header": {"key": name, "value": value}, "append_action": action}
