"""What every answer says to browsers, and what none says of the software behind."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from evenly.verify.catalogue import FailError, Probe, check
from evenly.verify.client import Answer, Service
from evenly.verify.reference import HTML, NOWHERE
from evenly.verify.results import Evidence

DEVICES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
_STRICT_REFERRERS = ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin")


def _directives(value: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in value.lower().split(";"))
    return {name: rest.strip() for name, _, rest in parts if name}


def _guards_the_page(value: str) -> bool:
    """No base that leads elsewhere, and no plug-in's object."""
    told = _directives(value)
    objects = told.get("object-src", told.get("default-src"))
    return told.get("base-uri") in ("'none'", "'self'") and objects == "'none'"


def _turns_devices_off(value: str) -> bool:
    off = {
        part.partition("=")[0].strip() for part in value.lower().split(",") if part.strip().endswith("=()")
    }
    return off.issuperset(DEVICES)


def _is(*allowed: str) -> Callable[[str], bool]:
    return lambda value: value.strip().lower() in allowed


# An application may be stricter than the balancer, or a little milder where its pages need it: so each is judged by
# what it does, not by the letter.
WANTED: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "x-content-type-options": _is("nosniff"),
        "x-frame-options": _is("deny", "sameorigin"),
        "x-permitted-cross-domain-policies": _is("none"),
        "content-security-policy": _guards_the_page,
        "cross-origin-opener-policy": _is("same-origin", "same-origin-allow-popups"),
        "cross-origin-resource-policy": _is("same-origin", "same-site"),
        "permissions-policy": _turns_devices_off,
        "referrer-policy": lambda value: value.split(",")[-1].strip().lower() in _STRICT_REFERRERS,
    }
)
# After OWASP's list of headers to remove.
LEAKING = re.compile(
    r"server|via|(x-)?powered-.*|x-.*-version|x-(server-)?powered-.*|x-(aspnet|envoy|generat|runtime|cms|framework|"
    r"joomla|php|drupal|varnish|turbo-charged|redirect-by|owa|sourcefiles|mod-pagespeed|page-speed|litespeed).*|"
    r"host-header|k-proxy-request|liferay-portal|oraclecommercecloud-version"
)
# Names that stand in no sentence by chance, any name with its version, and traces of a program.
SOFTWARE = re.compile(
    r"\b(envoy|nginx|openresty|granian|uvicorn|gunicorn|hypercorn|werkzeug|haproxy|traefik|awselb|asyncpg|psycopg)\b|"
    r"\b(?!http/)[a-z][a-z-]*/\d+\.\d+|traceback \(most recent call last\)|\bfile \"[^\"]+\", line \d+|\bat java\.",
    re.IGNORECASE,
)


@check("headers.security", "Every answer carries the security headers, page, error and redirect alike")
def are_secure(probe: Probe) -> tuple[Evidence, ...]:
    answers = _answers(probe.service)
    for answer in answers:
        _judge(answer)
    return tuple(answer.showing(*WANTED) for answer in answers[:1]) + tuple(it.evidence for it in answers[1:])


@check("headers.software", "No header names the software behind, or its version")
def name_no_software(probe: Probe) -> tuple[Evidence, ...]:
    answers = (*_answers(probe.service), *_refused(probe.service))
    for answer in answers:
        found = [name for name, _ in answer.headers if LEAKING.fullmatch(name)]
        if found:
            raise FailError(f"The header {found[0]} does.", answer.showing(found[0]))
    return tuple(answer.evidence for answer in answers)


@check("headers.error-pages", "No error page names the software behind, its version, or where its code is")
def pages_name_no_software(probe: Probe) -> tuple[Evidence, ...]:
    answers = _refused(probe.service)
    for answer in answers:
        found = SOFTWARE.search(answer.text)
        if found:
            raise FailError(f"The page says {found[0]!r}.", answer.evidence)
    return tuple(answer.evidence for answer in answers)


def _answers(service: Service) -> tuple[Answer, ...]:
    plain = (service.request("GET", "/", plain=True),) if service.plain_place else ()
    return (
        service.get("/", HTML),
        service.get("/"),
        service.get(NOWHERE, HTML),
        service.get(NOWHERE),
        *plain,
    )


def _refused(service: Service) -> tuple[Answer, ...]:
    """Errors of the application, of the balancer, and of what reads requests."""
    return (
        service.get(NOWHERE, HTML),
        service.get(NOWHERE),
        service.request("TRACE", "/", HTML),
        service.get("/%00", HTML),
        service.get("/", {"host": "not a host"}),
    )


def _judge(answer: Answer) -> None:
    for name, is_good in WANTED.items():
        value = answer.header(name)
        if value is None:
            raise FailError(f"There is no {name}.", answer.showing(name))
        if not is_good(value):
            raise FailError(f"The {name} is too weak.", answer.showing(name))
