"""The instances as the balancer is told of them. Pure."""

from collections.abc import Iterable
from itertools import groupby

from evenly.core.address import is_socket
from evenly.local.balancer.settings import SERVICE, BalancerSettings, Endpoint
from evenly.local.balancer.terms import Config, socket_address, typed
from evenly.local.certificates import instance_name

METADATA = "evenly"


def endpoint_resources(settings: BalancerSettings, endpoints: Iterable[Endpoint]) -> Config:
    """The endpoint file: one locality a zone, in the order of zone and id."""
    ordered = sorted(endpoints, key=lambda each: (each.zone, each.id))
    zones = [
        _zone(settings, zone, tuple(group)) for zone, group in groupby(ordered, key=lambda each: each.zone)
    ]
    # A zone's weight is the count of its endpoints, times the share of them that is healthy: with the usual
    # overprovisioning of 1.4 a zone that lost one of two would get more than its instances' fair part.
    policy = {"overprovisioning_factor": 100}
    assignment = typed(
        "config.endpoint.v3.ClusterLoadAssignment", cluster_name=SERVICE, endpoints=zones, policy=policy
    )
    return {"resources": [assignment]}


def _zone(settings: BalancerSettings, zone: str, endpoints: tuple[Endpoint, ...]) -> Config:
    return {
        "locality": {"region": settings.region, "zone": zone},
        "load_balancing_weight": _zone_weight(endpoints),
        "lb_endpoints": [_endpoint(each) for each in endpoints],
    }


def _zone_weight(endpoints: tuple[Endpoint, ...]) -> int:
    """The sum of its endpoints' weights, once Envoy has taken off the share of those that are draining."""
    serving = [it.weight for it in endpoints if not it.draining]
    return round(sum(serving) * len(endpoints) / len(serving)) if serving else len(endpoints)


def _endpoint(endpoint: Endpoint) -> Config:
    drained = {"health_status": "DRAINING"} if endpoint.draining else {}
    weighted = {"load_balancing_weight": endpoint.weight} if endpoint.weight != 1 else {}
    return {
        "endpoint": {
            "address": _address(endpoint),
            "hostname": instance_name(endpoint.id),
            "health_check_config": {"hostname": "localhost"},  # frameworks refuse hosts they do not know
        },
        "metadata": {"filter_metadata": {METADATA: {"instance": endpoint.id, "zone": endpoint.zone}}},
        **drained,
        **weighted,
    }


def _address(endpoint: Endpoint) -> Config:
    if is_socket(endpoint.address):
        return {"pipe": {"path": endpoint.address}}
    return socket_address(endpoint.address, endpoint.port)
