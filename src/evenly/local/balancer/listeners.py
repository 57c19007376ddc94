"""Where the balancer listens, and how it speaks there. Pure.

Limits follow Envoy's own advice for an edge ("Configuring Envoy as an edge proxy").
"""

from evenly.local.balancer import pages, routes, secrets
from evenly.local.balancer.endpoints import METADATA
from evenly.local.balancer.settings import STATISTICS, BalancerSettings
from evenly.local.balancer.terms import Config, extension, socket_address, typed

_HTTP = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
# What a client could use to lie about who it is, or to steer the balancer.
SPOOFABLE = (
    "forwarded",
    "x-client-ip",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
)
BUFFER_BYTES = 32768


def listener_resources(settings: BalancerSettings) -> Config:
    """The listener file: HTTPS, and HTTP that redirects to it or serves as well."""
    return {"resources": [_https(settings), _http(settings)]}


def _https(settings: BalancerSettings) -> Config:
    # Without a redirect, plain HTTP is wanted: then nothing may pin a browser to HTTPS.
    table = routes.service_routes(settings, hsts=settings.redirect_to_https)
    chain = {
        "transport_socket": secrets.downstream(settings),
        "transport_socket_connect_timeout": "5s",
        "filters": [_connection_manager(settings, STATISTICS, table)],
    }
    return _listener(settings, "https", settings.https_port, [chain])


def _http(settings: BalancerSettings) -> Config:
    if not settings.redirect_to_https:
        table = routes.service_routes(settings, hsts=False)
        plain = {"filters": [_connection_manager(settings, STATISTICS, table)]}
        return _listener(settings, "http", settings.http_port, [plain])
    manager = _connection_manager(settings, "redirect", routes.redirect_routes(settings))
    # A browser that knows the host from HSTS asks this port by TLS: it is redirected all the same.
    tls = {
        "filter_chain_match": {"transport_protocol": "tls"},
        "transport_socket": secrets.downstream(settings),
        "transport_socket_connect_timeout": "5s",
        "filters": [manager],
    }
    inspector = extension(
        "envoy.filters.listener.tls_inspector",
        "extensions.filters.listener.tls_inspector.v3.TlsInspector",
    )
    listener = _listener(settings, "http", settings.http_port, [tls, {"filters": [manager]}])
    return listener | {"listener_filters": [inspector], "listener_filters_timeout": "5s"}


def _listener(settings: BalancerSettings, name: str, port: int, chains: list[Config]) -> Config:
    first, *others = settings.listen
    return typed(
        "config.listener.v3.Listener",
        name=name,
        address=socket_address(first, port),
        additional_addresses=[{"address": socket_address(other, port)} for other in others],
        enable_reuse_port=False,  # with it, a second environment would share the port and nobody would notice
        per_connection_buffer_limit_bytes=BUFFER_BYTES,
        filter_chains=chains,
    )


def _connection_manager(settings: BalancerSettings, statistics: str, table: Config) -> Config:
    return extension(
        "envoy.filters.network.http_connection_manager",
        _HTTP,
        stat_prefix=statistics,
        route_config=table,
        http_filters=[_router()],
        access_log=[_access_log(settings)],
        local_reply_config=pages.local_replies(),
        **_identity(),
        **_strictness(),
        **_timeouts(),
    )


def _router() -> Config:
    return extension(
        "envoy.filters.http.router",
        "extensions.filters.http.router.v3.Router",
        suppress_envoy_headers=True,
    )


def _identity() -> Config:
    """Who asks is what the connection says. Nobody is internal (Envoy's default, and it takes an address on
    loopback for no exception), so the request id is always the balancer's own."""
    forget = extension(
        "envoy.http.early_header_mutation.header_mutation",
        "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[{"remove": header} for header in SPOOFABLE],
    )
    return {
        "use_remote_address": True,
        "append_x_forwarded_port": True,
        "early_header_mutation_extensions": [forget],
        "server_header_transformation": "PASS_THROUGH",
    }


def _strictness() -> Config:
    return {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": {
            "idle_timeout": "60s",
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65536,
            "initial_connection_window_size": 1048576,
        },
    }


def _timeouts() -> Config:
    return {
        "request_headers_timeout": "5s",
        "request_timeout": routes.ROUTE_TIMEOUT,
        "stream_idle_timeout": routes.ROUTE_TIMEOUT,
        "delayed_close_timeout": "1s",
    }


def _access_log(settings: BalancerSettings) -> Config:
    """One line a request, without the query: it may hold what nobody should read later."""
    line = {
        "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "method": "%REQ(:METHOD)%",
        "host": "%REQ(:AUTHORITY)%",
        "path": "%PATH(NQ:PATH)%",
        "protocol": "%PROTOCOL%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "bytes_received": "%BYTES_RECEIVED%",
        "bytes_sent": "%BYTES_SENT%",
        "duration_ms": "%DURATION%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "upstream": "%UPSTREAM_HOST%",
        "instance": f"%UPSTREAM_METADATA({METADATA}:instance)%",
        "zone": f"%UPSTREAM_METADATA({METADATA}:zone)%",
    }
    return extension(
        "envoy.access_loggers.file",
        "extensions.access_loggers.file.v3.FileAccessLog",
        path=str(settings.access_log),
        log_format={"json_format": line},
    )
