"""What the balancer does when there is too much of everything: it turns away the newest, and lives. Pure."""

from evenly.local.balancer.limits import URI_BYTES
from evenly.local.balancer.settings import BalancerSettings
from evenly.local.balancer.terms import Config, extension, typed

HEAP = "envoy.resource_monitors.fixed_heap"
# Streams that hold a MiB or more are the first to go.
TRACKED_POWER_OF_TWO = 20


# A connection of which more than half the streams are reset within a second is closed after so many streams.
# Envoy's own default is 500; a browser that leaves a page resets a few dozen (CVE-2023-44487).
RESET_STREAMS = 200


def runtime() -> Config:
    """Envoy's switches that have no field of their own."""
    values = {
        "overload.premature_reset_total_stream_count": RESET_STREAMS,
        "re2.max_program_size.error_level": URI_BYTES + 1024,  # the regex that counts an address's length
    }
    return {"layers": [{"name": "static", "static_layer": values}]}


def overload_manager(settings: BalancerSettings) -> Config:
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [_connections(settings), _heap(settings)],
        "buffer_factory_config": {"minimum_account_to_track_power_of_two": TRACKED_POWER_OF_TWO},
        "actions": [
            _action("shrink_heap", _above(0.80)),
            _action("reduce_timeouts", _between(0.80, 0.95)) | {"typed_config": _shorter_timeouts()},
            _action("reset_high_memory_stream", _between(0.85, 0.95)),
            _action("disable_http_keepalive", _above(0.90)),
            _action("stop_accepting_requests", _above(0.95)),
            _action("reject_incoming_connections", _above(0.98)),
        ],
    }


def _connections(settings: BalancerSettings) -> Config:
    return extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=settings.limits.connections,
    )


def _heap(settings: BalancerSettings) -> Config:
    kind = "extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"
    return extension(HEAP, kind, max_heap_size_bytes=settings.heap_bytes)


def _action(name: str, trigger: Config) -> Config:
    return {"name": f"envoy.overload_actions.{name}", "triggers": [{"name": HEAP, **trigger}]}


def _above(share: float) -> Config:
    return {"threshold": {"value": share}}


def _between(begins: float, full: float) -> Config:
    return {"scaled": {"scaling_threshold": begins, "saturation_threshold": full}}


def _shorter_timeouts() -> Config:
    timers = ("HTTP_DOWNSTREAM_CONNECTION_IDLE", "HTTP_DOWNSTREAM_STREAM_IDLE", "TRANSPORT_SOCKET_CONNECT")
    factors = [{"timer": timer, "min_timeout": "2s"} for timer in timers]
    return typed("config.overload.v3.ScaleTimersOverloadActionConfig", timer_scale_factors=factors)
