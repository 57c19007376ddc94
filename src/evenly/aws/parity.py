"""What of the balancer is on AWS as it is on this machine: each thing that the manifest says of it, and each that
Envoy does beyond, with what a load balancer of AWS makes of it. Pure: a table, and what of it concerns one environment.

A test holds every line to both configurations, and to the manifest's types: nothing is left out of it.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct

from evenly.aws.topology import AwsTopology, Clamp, Reach
from evenly.manifest.types import Http


class Kind(StrEnum):
    """What becomes of a value."""

    EQUAL = "equal"
    CLAMPED = "clamped"  # brought to the nearest that AWS has
    NOT_EXPRESSIBLE = "not expressible"


class Field(Struct, frozen=True):
    """`path`: in the manifest, or a few words for what Envoy does without being told. `why`: of a difference, or what
    stands in for it."""

    path: str
    kind: Kind
    why: str = ""


class Difference(Struct, frozen=True):
    """What is not as it is locally, in one environment. `path`: in the manifest."""

    path: str
    said: str


FIELDS = (
    Field("app.protocol", Kind.EQUAL),
    Field(
        "http.alias",
        Kind.NOT_EXPRESSIBLE,
        "every host name that leads to the balancer is served, not the alias alone",
    ),
    Field("http.port", Kind.NOT_EXPRESSIBLE, "it is 443"),
    Field("http.redirect_port", Kind.NOT_EXPRESSIBLE, "it is 80"),
    Field("http.redirect_to_https", Kind.EQUAL),
    Field("http.healthcheck.path", Kind.EQUAL),
    Field("http.healthcheck.interval", Kind.CLAMPED, "whole seconds, 5 to 300"),
    Field("http.healthcheck.timeout", Kind.CLAMPED, "whole seconds, 2 to 120, shorter than the interval"),
    Field("http.healthcheck.healthy_threshold", Kind.CLAMPED, "2 to 10"),
    Field("http.healthcheck.unhealthy_threshold", Kind.CLAMPED, "2 to 10"),
    Field("http.healthcheck.grace_period", Kind.CLAMPED, "whole seconds"),
    Field("http.deregistration_delay", Kind.CLAMPED, "whole seconds, 3,600 at most"),
    Field(
        "http.error_pages", Kind.NOT_EXPRESSIBLE, "CloudFront shows them, and without it the balancer its own"
    ),
    Field("http.certificate", Kind.NOT_EXPRESSIBLE, "AWS makes one for the alias"),
    Field(
        "http.limits.body",
        Kind.NOT_EXPRESSIBLE,
        "the balancer passes bodies of any size: the app has to refuse them",
    ),
    Field("http.limits.timeout", Kind.CLAMPED, "whole seconds, 4,000 at most"),
    Field("http.limits.connections", Kind.NOT_EXPRESSIBLE, "the balancer grows with them"),
    Field("http.limits.requests", Kind.NOT_EXPRESSIBLE, "edge.firewall limits them, over minutes"),
    Field("load balancing", Kind.EQUAL),
    Field("TLS to clients", Kind.EQUAL),
    Field("HTTP/2", Kind.EQUAL),
    Field("HTTP/3", Kind.NOT_EXPRESSIBLE, "CloudFront speaks it, the balancer does not"),
    Field(
        "TLS to instances", Kind.CLAMPED, "encrypted, TLS 1.2 too; whose the certificate is, is not looked at"
    ),
    Field("headers with underscores", Kind.CLAMPED, "they are dropped, the request is not refused"),
    Field("addresses and headers that are too long", Kind.EQUAL),
    Field("access log", Kind.EQUAL),
    Field(
        "x-forwarded-for",
        Kind.CLAMPED,
        "appended to what the client wrote; the app is told how many to believe",
    ),
    Field("security headers", Kind.NOT_EXPRESSIBLE, "CloudFront adds them, and without it the app has to"),
    Field("retries", Kind.NOT_EXPRESSIBLE, "a request that a dying instance has is lost"),
    Field("outlier detection", Kind.NOT_EXPRESSIBLE, "the health checks alone take an instance out"),
    Field(
        "no instance is healthy", Kind.NOT_EXPRESSIBLE, "the balancer asks all of them, where Envoy asks none"
    ),
)

_DEFAULT = Http()
# What was said beyond the default, by the path that it has in the table.
_SAID: dict[str, Callable[[AwsTopology], str | None]] = {
    "http.limits.body": lambda it: _other(it.limits.body, _DEFAULT.limits.body),
    "http.limits.connections": lambda it: _other(it.limits.connections, _DEFAULT.limits.connections),
    "http.limits.requests": lambda it: None if it.edge.firewall else _other(it.limits.requests, None),
    "app.protocol": lambda it: "http" if it.app.protocol == "http" else None,
    "edge.default_domain": lambda it: "true" if it.reach is Reach.DEFAULT_DOMAIN else None,
}
_PLAIN = {
    "app.protocol": "the way from the balancer to the tasks is not encrypted; nobody else is let in there",
    "edge.default_domain": "the way from CloudFront to the balancer is not encrypted; it is inside the network",
}


def differences(topology: AwsTopology) -> tuple[Difference, ...]:
    """What of the environment's manifest is not as it says: brought to the nearest, or not to be had."""
    return (*map(_clamped, topology.clamps), *_not_expressible(topology))


def _clamped(clamp: Clamp) -> Difference:
    return Difference(clamp.path, f"{clamp.said} becomes {clamp.becomes} on AWS")


def _not_expressible(topology: AwsTopology) -> Iterator[Difference]:
    reasons = {**{it.path: it.why for it in FIELDS}, **_PLAIN}
    for path, said in _SAID.items():
        value = said(topology)
        if value is not None:
            yield Difference(path, f"{value}: {reasons[path]}")


def _other(value: object, default: object) -> str | None:
    return None if value == default else str(value)
