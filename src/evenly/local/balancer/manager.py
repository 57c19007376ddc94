"""How the balancer speaks HTTP with clients: whom it believes, what it refuses, how long it waits. Pure.

Limits follow Envoy's own advice for an edge ("Configuring Envoy as an edge proxy").
"""

from evenly.local.balancer import compression, error_pages, limits, pages
from evenly.local.balancer.accesslog import access_log
from evenly.local.balancer.headers import SPOOFABLE
from evenly.local.balancer.settings import BalancerSettings
from evenly.local.balancer.terms import Config, extension

_HTTP = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def connection_manager(settings: BalancerSettings, statistics: str, table: Config) -> Config:
    return extension(
        "envoy.filters.network.http_connection_manager",
        _HTTP,
        stat_prefix=statistics,
        route_config=table,
        http_filters=[
            *limits.filters(settings),
            *compression.filters(),
            *error_pages.filters(settings),
            _router(),
        ],
        upgrade_configs=[_websocket(settings)],
        access_log=[access_log(settings)],
        local_reply_config=pages.local_replies(settings.error_pages),
        **_identity(),
        **limits.strictness(settings),
        **limits.timeouts(settings),
    )


def _websocket(settings: BalancerSettings) -> Config:
    """What passes has no body to measure or to compress."""
    return {
        "upgrade_type": "websocket",
        "filters": [*limits.upgrade_filters(settings), *error_pages.filters(settings), _router()],
    }


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
        # One pass over the headers there are costs half as much as one search for each name (ADR 0020).
        mutations=[{"remove_on_match": {"key_matcher": {"safe_regex": {"regex": "|".join(SPOOFABLE)}}}}],
    )
    return {
        "use_remote_address": True,
        "append_x_forwarded_port": True,
        "early_header_mutation_extensions": [forget],
        "server_header_transformation": "PASS_THROUGH",
    }
