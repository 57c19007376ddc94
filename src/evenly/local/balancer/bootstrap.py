"""What Envoy reads once, at its start: where all else comes from, the admin socket, and its limits. Pure."""

from evenly.local.balancer.overload import overload_manager, runtime
from evenly.local.balancer.settings import ANSWER_TIME, STATISTICS, BalancerFiles, BalancerSettings
from evenly.local.balancer.terms import Config, file_source

# Bucket bounds of the time a request takes, in milliseconds: fine around what a service is scaled to hold.
BUCKETS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, 100, 125, 150, 175, 200, 250, 300, 400, 500, 750)
LONG_BUCKETS = (1000, 1500, 2000, 3000, 5000, 7500, 10000, 30000, 60000)


def bootstrap(settings: BalancerSettings) -> Config:
    """The configuration that `envoy --config-path` starts with."""
    files = BalancerFiles(settings.folder)
    return {
        "node": {"id": "balancer", "cluster": settings.name, "locality": {"region": settings.region}},
        "admin": {"address": {"pipe": {"path": str(settings.admin_socket), "mode": 0o600}}},
        "dynamic_resources": {
            "lds_config": file_source(files.listeners),
            "cds_config": file_source(files.clusters),
        },
        "stats_config": {"histogram_bucket_settings": _buckets(settings)},
        "stats_flush_interval": "1s",  # histograms are only as fresh as the last flush
        "overload_manager": overload_manager(settings),
        "layered_runtime": runtime(),
    }


def _buckets(settings: BalancerSettings) -> list[Config]:
    """Of what comes in; and of what the instances take, where scaling holds that: its target is a bound, so that
    which share of the answers took longer is told exactly."""
    bounds = {*BUCKETS, *LONG_BUCKETS}
    edge = {"match": {"exact": f"http.{STATISTICS}.downstream_rq_time"}, "buckets": sorted(bounds)}
    if settings.response_time is None:
        return [edge]
    target_ms = round(settings.response_time * 1000)
    return [edge, {"match": {"exact": ANSWER_TIME}, "buckets": sorted({*bounds, target_ms})}]
