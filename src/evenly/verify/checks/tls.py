"""What is agreed on before anything is said: versions, the certificate, and that browsers stay with HTTPS."""

import re
import ssl
from datetime import UTC, datetime

from evenly.verify.asking import handshakes, oldtls
from evenly.verify.catalogue import FailError, Probe, SkipError, check
from evenly.verify.client import NoAnswerError
from evenly.verify.reference import NOWHERE
from evenly.verify.results import Evidence

# ACME clients renew with a third of its life left: less than a tenth means that it failed.
LIFE_LEFT = 0.1
LEAST_HSTS_S = 300
_MAX_AGE = re.compile(r'(?:^|;)\s*max-age\s*=\s*"?(\d+)"?\s*(?:;|$)', re.IGNORECASE)


@check("tls.versions", "TLS 1.2 and TLS 1.3 are spoken")
def speaks_today(probe: Probe) -> tuple[Evidence, ...]:
    return tuple(_speaks(probe, version) for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))


@check("tls.old-versions", "Nothing older than TLS 1.2 is spoken")
def refuses_the_past(probe: Probe) -> tuple[Evidence, ...]:
    return tuple(_refuses(probe, name, version) for name, version in oldtls.VERSIONS.items())


@check(
    "tls.chain",
    "The certificate comes from an authority that is trusted",
    advice="Give the authority that issued it with --ca, and see that the server sends the whole chain.",
)
def chain_is_trusted(probe: Probe) -> Evidence:
    why = handshakes.distrust(probe.service.place, probe.service.ca_file)
    asked = handshakes.asked(probe.service.place)
    if why:
        raise FailError(f"It is not trusted: {why}.", Evidence(asked, why))
    return Evidence(asked, f"issued by {_life(probe).issuer}")


@check("tls.name", "The certificate is for this host")
def name_matches(probe: Probe) -> Evidence:
    why = handshakes.misnamed(probe.service.place)
    evidence = Evidence(
        handshakes.asked(probe.service.place), f"for {', '.join(_life(probe).names) or 'no name'}"
    )
    if why:
        raise FailError(f"It is for another: {why}.", evidence)
    return evidence


@check("tls.life", "The certificate is valid now, and at least a tenth of its life is left")
def life_is_left(probe: Probe) -> Evidence:
    life = _life(probe)
    now = datetime.now(UTC)
    left = (life.ends - now) / (life.ends - life.begins)
    days = (life.ends - now).total_seconds() / 86400
    evidence = Evidence(
        handshakes.asked(probe.service.place),
        f"valid from {life.begins:%Y-%m-%d} to {life.ends:%Y-%m-%d}",
        {"days_left": round(days, 1), "share_left": round(left, 3)},
    )
    if now < life.begins:
        raise FailError(f"It is valid from {life.begins:%Y-%m-%d %H:%M} UTC on only.", evidence)
    if now > life.ends:
        raise FailError(f"It ended on {life.ends:%Y-%m-%d}.", evidence)
    if left < LIFE_LEFT:
        raise FailError(f"It ends on {life.ends:%Y-%m-%d}, and was not renewed yet.", evidence)
    return evidence


@check(
    "tls.hsts", "Browsers are told to stay with HTTPS (HSTS); localhost, which others share, is left alone"
)
def is_pinned(probe: Probe) -> tuple[Evidence, ...]:
    where = probe.service.place
    if where.is_address:
        raise SkipError("Browsers keep no HSTS for an IP address (RFC 6797, 8.1.1).")
    try:
        answers = (probe.service.get("/"), probe.service.get(NOWHERE))
    except NoAnswerError as error:  # no browser would read it either; why not is another check's to say
        raise SkipError(f"There is no connection to be trusted. {error.why}") from None
    for answer in answers:
        told = answer.header("strict-transport-security")
        evidence = answer.showing("strict-transport-security")
        if where.host == "localhost" and told:
            raise FailError("It would cut off what else localhost serves by HTTP.", evidence)
        if where.host != "localhost" and _seconds(told) < LEAST_HSTS_S:
            raise FailError(f"There is no max-age of {LEAST_HSTS_S} s or more.", evidence)
    return tuple(answer.showing("strict-transport-security") for answer in answers)


def _speaks(probe: Probe, version: ssl.TLSVersion) -> Evidence:
    asked = f"{handshakes.asked(probe.service.place)}, {_name(version)} only"
    try:
        agreed = handshakes.shake(probe.service.place, handshakes.only(version))
    except NoAnswerError as error:
        raise FailError(f"{_name(version)} is refused.", Evidence(asked, error.why)) from None
    return Evidence(asked, f"{agreed.version} with {agreed.cipher}")


def _refuses(probe: Probe, name: str, version: int) -> Evidence:
    where = probe.service.place
    asked = f"{handshakes.asked(where)}, {name} only"
    hello = oldtls.client_hello(version, None if where.is_address else where.host)
    try:
        answer = handshakes.first_bytes(where, hello, oldtls.ANSWER_BYTES)
    except TimeoutError:
        return Evidence(asked, "no answer")
    evidence = Evidence(asked, oldtls.describe(answer))
    if oldtls.chosen(answer) is not None:
        raise FailError(f"{name} is spoken.", evidence)
    return evidence


def _life(probe: Probe) -> handshakes.Life:
    return handshakes.life(handshakes.shake(probe.service.place, handshakes.believing()).certificate)


def _name(version: ssl.TLSVersion) -> str:
    return version.name.replace("TLSv", "TLS ").replace("_", ".")


def _seconds(told: str | None) -> int:
    found = _MAX_AGE.search(told or "")
    return int(found[1]) if found else 0
