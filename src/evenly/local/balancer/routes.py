"""Which host may ask for what, and how often the balancer tries. Pure."""

from typing import Any

from evenly.local.balancer import limits
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
SECOND_TRY_AFTER = "2s"
# An instance that answers 503 with this header means it: nobody else is asked.
FINAL = "x-envoy-ratelimited"
# Five minutes, no subdomains: enough to be seen, soon forgotten. Never on localhost, where it would cut off
# whatever else the machine serves by plain HTTP.
HSTS = "max-age=300"
LEAKING = ["server", "via", "x-powered-by", FINAL]


def service_routes(settings: BalancerSettings, *, hsts: bool) -> Config:
    """Every known host reaches the service; any other gets 400."""
    own_headers = {"response_headers_to_add": [_hsts()]} if hsts else {}
    plain = _virtual_host("plain", settings.plain_hosts, _service())
    own = _virtual_host("own", settings.own_hosts, _service(), **own_headers)
    return _table("service", [plain, own])


def redirect_routes(settings: BalancerSettings) -> Config:
    """Every known host is sent to HTTPS, path and query kept; any other gets 400, so that nobody can be sent
    elsewhere in this service's name."""
    redirect = {
        "https_redirect": True,
        "port_redirect": settings.https_port,
        "response_code": "MOVED_PERMANENTLY",
    }
    route = {"match": {"prefix": "/"}, "redirect": redirect}
    return _table("redirect", [_virtual_host("all", settings.plain_hosts + settings.own_hosts, [route])])


def _table(name: str, hosts: list[Config]) -> Config:
    return {
        "name": name,
        "ignore_port_in_host_matching": True,
        "request_headers_to_add": [_client_address()],
        "request_headers_to_remove": ["x-envoy-external-address"],
        "response_headers_to_remove": LEAKING,
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
        *limits.refusals(),
        _route(patient, SAFE, hedge_policy={"hedge_on_per_try_timeout": True}),
        _route(_retry(RETRY_IDEMPOTENT), IDEMPOTENT),
        _route(_retry(SAFE_TO_REPEAT)),
    ]


def _route(retry: Config, methods: str | None = None, **more: Any) -> Config:
    method = {"name": ":method", "string_match": {"safe_regex": {"regex": methods}}}
    matched = {"prefix": "/", "headers": [method]} if methods else {"prefix": "/"}
    route = {"cluster": SERVICE, "timeout": NO_TIMEOUT, "retry_policy": retry, **more}
    return {"match": matched, "route": route}


def _retry(retry_on: str) -> Config:
    previous_hosts = extension(
        "envoy.retry_host_predicates.previous_hosts",
        "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    )
    return {
        "retry_on": retry_on,
        "num_retries": RETRIES,
        "retry_host_predicate": [previous_hosts],
        "host_selection_retry_max_attempts": 5,
    }


def _client_address() -> Config:
    """For a client on loopback, Envoy itself would say the address of this machine's first interface."""
    header = {"key": "x-forwarded-for", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _hsts() -> Config:
    header = {"key": "strict-transport-security", "value": HSTS}
    return {"header": header, "append_action": "ADD_IF_ABSENT"}
