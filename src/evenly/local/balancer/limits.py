"""What one request, one client and all of them may take. Pure.

The reasons for the numbers, and what each was seen to stop: `docs/security.md` and `docs/adr/0009-limits.md`.
"""

from evenly.local.balancer.settings import BalancerSettings
from evenly.local.balancer.terms import Config, extension, seconds

# As an Application Load Balancer: what is served here is served there.
URI_BYTES = 16 * 1024
HEADERS_KIB = 64
HEADERS = 100
# Nobody needs longer to shake hands or to send headers; nobody gains from an idle connection kept longer.
HEADERS_S = 5.0
KEPT_IDLE_S = 60.0
SLOWEST_BYTES_PER_S = 64 * 1024
CLIENTS = 10_000


def filters(settings: BalancerSettings) -> list[Config]:
    """The HTTP filters that stand before all others."""
    return [*upgrade_filters(settings), _body(settings)]


def upgrade_filters(settings: BalancerSettings) -> list[Config]:
    """Those for a request that becomes a WebSocket: what passes through it later is no body."""
    return _request_rate(settings)


def timeouts(settings: BalancerSettings) -> Config:
    """When a slow or silent client is given up on: 408 while its request is under way, 504 once it is whole."""
    idle = settings.limits.timeout
    return {
        "request_headers_timeout": seconds(min(HEADERS_S, idle)),
        "request_timeout": seconds(idle + settings.limits.body / SLOWEST_BYTES_PER_S),
        "stream_idle_timeout": seconds(idle),
        "delayed_close_timeout": "1s",
    }


def handshake_timeout(settings: BalancerSettings) -> str:
    return seconds(min(HEADERS_S, settings.limits.timeout))


def strictness(settings: BalancerSettings) -> Config:
    """One meaning for each request, or 400: what reaches an instance is what was checked."""
    return {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "max_request_headers_kb": HEADERS_KIB,
        "common_http_protocol_options": {
            "idle_timeout": seconds(min(KEPT_IDLE_S, settings.limits.timeout)),
            "max_headers_count": HEADERS,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65536,
            "initial_connection_window_size": 1048576,
            "allow_connect": True,  # WebSockets over HTTP/2 (RFC 8441), and nothing else
        },
        "http3_protocol_options": {
            "quic_protocol_options": {
                "max_concurrent_streams": 100,
                "initial_stream_window_size": 65536,
                "initial_connection_window_size": 1048576,
            },
        },
    }


def _body(settings: BalancerSettings) -> Config:
    """Counts what passes and keeps nothing of it."""
    return extension(
        "envoy.filters.http.body_size_limit",
        "extensions.filters.http.body_size_limit.v3.BodySizeLimit",
        max_request_bytes=settings.limits.body,
    )


def _request_rate(settings: BalancerSettings) -> list[Config]:
    """A bucket for each address (IPv6: for each /64, which is one customer's), the least used forgotten."""
    rate = settings.limits.requests
    if rate is None:
        return []
    bucket = {"max_tokens": rate, "tokens_per_fill": rate, "fill_interval": "1s"}
    always = {"default_value": {"numerator": 100}}
    limit = extension(
        "envoy.filters.http.local_ratelimit",
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="clients",
        filter_enabled=always,
        filter_enforced=always,
        rate_limits=[{"actions": [{"masked_remote_address": {"v6_prefix_mask_len": 64}}]}],
        descriptors=[{"entries": [{"key": "masked_remote_address"}], "token_bucket": bucket}],
        max_dynamic_descriptors=CLIENTS,
    )
    return [limit]
