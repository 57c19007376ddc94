"""How the balancer reaches the instances, and when it trusts one. Pure.

Every number here was measured: `docs/adr/0003-balancer.md`.
"""

from evenly.local.balancer import secrets
from evenly.local.balancer.settings import SERVICE, BalancerFiles, BalancerSettings
from evenly.local.balancer.terms import Config, file_source, seconds, typed


def cluster_resources(settings: BalancerSettings) -> Config:
    """The cluster file: the one cluster of the service."""
    return {"resources": [_cluster(settings)]}


def _cluster(settings: BalancerSettings) -> Config:
    endpoints = file_source(BalancerFiles(settings.folder).endpoints)
    return typed(
        "config.cluster.v3.Cluster",
        name=SERVICE,
        type="EDS",
        eds_cluster_config={"eds_config": endpoints},
        connect_timeout="1s",
        lb_policy="LEAST_REQUEST",
        common_lb_config=_load_balancing(),
        health_checks=[_health_check(settings)],
        outlier_detection=_outlier_detection(),
        circuit_breakers=_circuit_breakers(settings),
        close_connections_on_host_health_failure=True,
        ignore_health_on_host_removal=True,
        per_connection_buffer_limit_bytes=32768,
        **_transport(settings),
        typed_extension_protocol_options=_http1(),
    )


def _transport(settings: BalancerSettings) -> Config:
    return {"transport_socket": secrets.upstream(settings)} if settings.protocol == "https" else {}


def _load_balancing() -> Config:
    """No panic: better no instance than a dead one. No merging: a changed endpoint counts at once."""
    return {
        "healthy_panic_threshold": {"value": 0},
        "locality_weighted_lb_config": {},
        "update_merge_window": "0s",
    }


def _health_check(settings: BalancerSettings) -> Config:
    health = settings.health
    return {
        "timeout": seconds(health.timeout),
        "interval": seconds(health.interval),
        "no_traffic_interval": seconds(health.interval),
        "unhealthy_interval": seconds(health.unhealthy_interval),
        "healthy_threshold": health.healthy_threshold,
        "unhealthy_threshold": health.unhealthy_threshold,
        "http_health_check": {"path": health.path},
    }


def _outlier_detection() -> Config:
    """Ejects what fails real requests, long before its health checks say so; the statistical ones are off."""
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 2,
        "enforcing_consecutive_local_origin_failure": 100,
        "consecutive_gateway_failure": 3,
        "enforcing_consecutive_gateway_failure": 100,
        "enforcing_consecutive_5xx": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "interval": "1s",
        "base_ejection_time": "3s",
        "max_ejection_time": "3s",
        "max_ejection_percent": 75,
    }


def _circuit_breakers(settings: BalancerSettings) -> Config:
    most = settings.limits.connections
    thresholds = {
        "max_connections": most,
        "max_pending_requests": most,
        "max_requests": 2 * most,
        "retry_budget": {"budget_percent": {"value": 50}, "min_retry_concurrency": 1000},
    }
    return {"thresholds": [thresholds]}


def _http1() -> Config:
    kind = "extensions.upstreams.http.v3.HttpProtocolOptions"
    options = typed(
        kind,
        explicit_http_config={"http_protocol_options": {}},
        common_http_protocol_options={"idle_timeout": "30s"},
    )
    return {f"envoy.{kind}": options}
