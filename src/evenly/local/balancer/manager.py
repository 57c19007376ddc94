"""How the balancer speaks HTTP with clients: whom it believes, what it refuses, how long it waits. Pure.

Limits follow Envoy's own advice for an edge ("Configuring Envoy as an edge proxy").
"""

from evenly.local.balancer import pages, routes
from evenly.local.balancer.accesslog import access_log
from evenly.local.balancer.settings import BalancerSettings
from evenly.local.balancer.terms import Config, extension

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


def connection_manager(settings: BalancerSettings, statistics: str, table: Config) -> Config:
    return extension(
        "envoy.filters.network.http_connection_manager",
        _HTTP,
        stat_prefix=statistics,
        route_config=table,
        http_filters=[_router()],
        access_log=[access_log(settings)],
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
