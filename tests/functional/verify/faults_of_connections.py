"""Faults of redirects, TLS and protocols."""

from tests.functional.verify.behaving import Behaviour, Request, Response, problem, shown
from tests.functional.verify.fault import (
    Fault,
    at_a_wrong_address,
    changed,
    mistakes,
    redirects,
    where,
)
from tests.functional.verify.issuing import HOST
from tests.functional.verify.serving import Doors, dead_port


def _host_of(asked: Request) -> str:
    return asked.host.rpartition("@")[2]


REDIRECT = (
    Fault(
        "redirect.kept",
        "loses the query",
        redirects(lambda it: f"https://{HOST}{it.path}" if "x=1" in it.target else None),
    ),
    Fault(
        "redirect.kept",
        "redirects for now only",
        changed(lambda it, was: Response(302, was.headers) if it.plain and was.status == 301 else was),
    ),
    Fault(
        "redirect.kept",
        "serves by HTTP",
        Behaviour(instead=lambda it: shown({}) if it.plain and "x=1" in it.target else None),
    ),
    Fault(
        "redirect.safe",
        "an open redirect by //",
        redirects(lambda it: f"https:{it.target}" if it.target.startswith("//") else None),
    ),
    Fault(
        "redirect.safe",
        "glues the host and the path",
        redirects(lambda it: f"https://{HOST}{it.target}" if it.target[0] in "@." else None),
    ),
    Fault(
        "redirect.safe",
        "answers with a path that a browser takes for a host",
        redirects(lambda it: it.target if it.target.startswith("/\\") else None),
    ),
    Fault(
        "redirect.safe",
        "takes the whole address for the place",
        redirects(lambda it: it.target if it.target.startswith("http") else None),
    ),
    Fault(
        "redirect.safe",
        "believes X-Forwarded-Host",
        redirects(
            lambda it: (
                f"https://{it.headers['x-forwarded-host']}/" if "x-forwarded-host" in it.headers else None
            )
        ),
    ),
    Fault(
        "redirect.safe",
        "breaks on a backslash",
        Behaviour(instead=lambda it: problem(500) if it.plain and "\\" in it.target else None),
    ),
    Fault(
        "redirect.hosts",
        "believes any host",
        redirects(lambda it: f"https://{it.host}/" if it.host.startswith("evil") else None),
    ),
    Fault(
        "redirect.hosts",
        "takes what follows @ for the host",
        redirects(lambda it: f"https://{_host_of(it)}/" if "@" in it.host else None),
    ),
)

TLS = (
    Fault("tls.versions", "speaks TLS 1.3 only", doors=Doors(lowest="TLSv1_3")),
    Fault("tls.versions", "speaks TLS 1.2 only", doors=Doors(highest="TLSv1_2")),
    Fault("tls.old-versions", "speaks TLS 1.1", doors=Doors(lowest="TLSv1_1")),
    Fault("tls.old-versions", "speaks TLS 1.0", doors=Doors(lowest="TLSv1")),
    Fault("tls.chain", "comes from an authority that nobody knows", certificate="strange"),
    Fault("tls.name", "is for another host", certificate="misnamed"),
    Fault("tls.life", "has ended", certificate="ended"),
    Fault("tls.life", "is not valid yet", certificate="early"),
    Fault("tls.life", "was not renewed", certificate="late"),
    Fault("tls.hsts", "has no HSTS", changed(lambda _it, was: was.without("strict-transport-security"))),
    Fault(
        "tls.hsts",
        "has HSTS on the page alone",
        where(at_a_wrong_address, lambda was: was.without("strict-transport-security")),
    ),
    Fault(
        "tls.hsts",
        "takes HSTS back",
        changed(lambda _it, was: was.having(strict_transport_security="max-age=0")),
    ),
    Fault(
        "tls.hsts",
        "pins localhost",
        changed(lambda _it, was: was.having(strict_transport_security="max-age=300")),
        host="localhost",
    ),
)

PROTOCOLS = (
    Fault("protocols.http1", "breaks by HTTP/1.1", mistakes(503, lambda it: it.version == "1.1")),
    Fault("protocols.http2", "does not agree to HTTP/2", doors=Doors(protocols=("http/1.1",))),
    Fault("protocols.http2", "agrees, and says nothing", doors=Doors(http2_answers=False)),
    Fault(
        "protocols.http3",
        "is offered where nobody listens",
        changed(lambda _it, was: was.having(alt_svc=f'h3=":{dead_port()}"')),
    ),
    Fault("protocols.http3", "breaks by HTTP/3", mistakes(503, lambda it: it.version == "3")),
)
