"""Which host may ask for what, and how often the balancer tries. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from evenly.core.webheaders import FOR_APPLICATIONS, HSTS
from evenly.local.balancer import error_pages
from evenly.local.balancer.headers import (
    LEAKING,
    about_the_client,
    alternative,
    for_a_websocket,
    where_silent,
)
from evenly.local.balancer.refusals import refusals
from evenly.local.balancer.settings import SERVICE, BalancerSettings
from evenly.local.balancer.terms import Config, extension

NO_TIMEOUT = "0s"  # an answer may take as long as it moves: what stands still is ended by limits.timeouts
# RFC 9110, 9.2: safe methods may be under way twice at once, idempotent ones may be sent again once the first
# has failed.
SAFE = "GET|HEAD|OPTIONS"
IDEMPOTENT = "PUT|DELETE"
SAFE_TO_REPEAT = "connect-failure,refused-stream,reset-before-request"
RETRY_IDEMPOTENT = f"{SAFE_TO_REPEAT},reset,gateway-error"
RETRIES = 4
# A host is drawn by its weight until it is another one. Where what has died had nine tenths of it, five draws find none
# six times of ten, and twenty find one in nine of ten.
HOSTS_TRIED = 20
SECOND_TRY_AFTER = "2s"
EVENTS = "text/event-stream"
NOTHING: Mapping[str, str] = MappingProxyType({})


def service_routes(settings: BalancerSettings, *, secure: bool) -> Config:
    """Every known host reaches the service; any other gets 400. `secure`: for clients who came by TLS."""
    # Without a redirect, plain HTTP is wanted: then nothing may pin a browser to HTTPS.
    pinned = {"strict-transport-security": HSTS} if secure and settings.redirect_to_https else {}
    plain = _virtual_host("plain", settings.plain_hosts, _service())
    own = _virtual_host("own", settings.own_hosts, _service(), response_headers_to_add=where_silent(pinned))
    also = alternative(settings.https_port) if secure else {}
    return _table(settings, "service", [plain, own], also)


def redirect_routes(settings: BalancerSettings) -> Config:
    """Every known host is sent to HTTPS, path and query kept; any other gets 400, so that nobody can be sent
    elsewhere in this service's name."""
    redirect = {
        "https_redirect": True,
        "port_redirect": settings.https_port,
        "response_code": "MOVED_PERMANENTLY",
    }
    route = {"match": {"prefix": "/"}, "redirect": redirect}
    hosts = settings.plain_hosts + settings.own_hosts
    return _table(settings, "redirect", [_virtual_host("all", hosts, [*refusals(), route])])


def _table(
    settings: BalancerSettings, name: str, hosts: list[Config], also: Mapping[str, str] = NOTHING
) -> Config:
    return {
        "name": name,
        "ignore_port_in_host_matching": True,
        "request_headers_to_add": about_the_client(),
        "request_headers_to_remove": ["x-envoy-external-address"],
        "response_headers_to_add": [
            *where_silent({**FOR_APPLICATIONS, **also}),
            *error_pages.asked(settings),
        ],
        "response_headers_to_remove": list(LEAKING) + error_pages.unread_headers(settings),
        "virtual_hosts": [*hosts, _unknown_host()],
    }


def _virtual_host(name: str, domains: tuple[str, ...], routes: list[Config], **more: Any) -> Config:
    return {"name": name, "domains": list(domains), "routes": routes, **more}


def _unknown_host() -> Config:
    refused = {"match": {"prefix": "/"}, "direct_response": {"status": 400}}
    return _virtual_host("unknown", ("*",), [refused])


def _service() -> list[Config]:
    # What takes too long is asked for once more, elsewhere, and the first answer counts. Without hedging the
    # first would be broken off, and whatever honestly takes longer could never be had.
    patient = _retry(RETRY_IDEMPOTENT) | {"per_try_timeout": SECOND_TRY_AFTER}
    return [
        *refusals(),
        _route(_retry(SAFE_TO_REPEAT), header=_saying("upgrade", exact="websocket"))
        | {"request_headers_to_add": for_a_websocket()},
        _route(_retry(RETRY_IDEMPOTENT), SAFE, header=_saying("accept", contains=EVENTS)),
        _route(patient, SAFE, hedge_policy={"hedge_on_per_try_timeout": True}),
        _route(_retry(RETRY_IDEMPOTENT), IDEMPOTENT),
        _route(_retry(SAFE_TO_REPEAT)),
    ]


def _route(retry: Config, methods: str | None = None, header: Config | None = None, **more: Any) -> Config:
    method = {"name": ":method", "string_match": {"safe_regex": {"regex": methods}}}
    # A header that is not there is found missing sooner than a method is compared.
    headers = [*([header] if header else ()), *([method] if methods else ())]
    matched = {"prefix": "/", **({"headers": headers} if headers else {})}
    route = {"cluster": SERVICE, "timeout": NO_TIMEOUT, "retry_policy": retry, **more}
    return {"match": matched, "route": route}


def _saying(header: str, **match: str) -> Config:
    return {"name": header, "string_match": {**match, "ignore_case": True}}


def _retry(retry_on: str) -> Config:
    previous_hosts = extension(
        "envoy.retry_host_predicates.previous_hosts",
        "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    )
    return {
        "retry_on": retry_on,
        "num_retries": RETRIES,
        "retry_host_predicate": [previous_hosts],
        "host_selection_retry_max_attempts": HOSTS_TRIED,
    }
