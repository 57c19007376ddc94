"""HTTP/2 is there for who asks, HTTP/3 where it is offered, and HTTP/1.1 for everybody."""

import re

from msgspec.structs import replace

from evenly.verify.catalogue import FailError, Probe, SkipError, check
from evenly.verify.client import Service
from evenly.verify.results import Evidence

_H3 = re.compile(r'(?:^|,)\s*h3="([^":]*):(\d+)"')


@check("protocols.http1", "HTTP/1.1 is spoken")
def http1(probe: Probe) -> Evidence:
    answer = probe.service.get("/")
    if answer.version != "1.1" or answer.status >= 500:
        raise FailError(f"The answer is HTTP/{answer.version} {answer.status}.", answer.evidence)
    return answer.evidence


@check("protocols.http2", "HTTP/2 is agreed on by ALPN, and spoken")
def http2(probe: Probe) -> Evidence:
    answer = probe.service.get("/", http="2")
    if answer.status >= 500:
        raise FailError(f"The answer has status {answer.status}.", answer.evidence)
    return answer.evidence


@check(
    "protocols.http3",
    "HTTP/3 is spoken where it is offered",
    advice="See that UDP reaches the port that alt-svc names.",
)
def http3(probe: Probe) -> tuple[Evidence, ...]:
    offer = probe.service.get("/")
    offered = _H3.search(offer.header("alt-svc") or "")
    if offered is None:
        raise SkipError("HTTP/3 is not offered (no h3 in alt-svc).")
    if offered[1] not in ("", probe.service.place.host):
        raise SkipError(f"HTTP/3 is offered by another host, {offered[1]}.")
    answer = _at(probe.service, int(offered[2])).get("/", http="3")
    if answer.status >= 500:
        raise FailError(f"The answer has status {answer.status}.", answer.evidence)
    return (offer.showing("alt-svc"), answer.evidence)


def _at(service: Service, port: int) -> Service:
    there = replace(service.place, port=port)
    return replace(service, url=f"{there.origin}/")
