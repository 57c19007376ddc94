"""One manifest, two balancers: Envoy's configuration and the load balancer's, field by field.

Every field of the manifest that is about the balancer, and whatever Envoy does beyond, is in the table of
`evenly.aws.parity`. What it calls equal is compared here, value for value, in both configurations; what it calls
clamped has to be the nearest that AWS has, and to be told; what it calls not expressible must not be found there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.aws.serviceworld import Json, attributes, manifest, only, rendered, resources

from evenly.aws.parity import FIELDS, Kind, differences
from evenly.aws.topology import AwsTopology, aws_topology
from evenly.core.topology import local_topology
from evenly.local.balancer import balancer_settings, configuration
from evenly.local.certificates import CertificateFiles
from evenly.manifest.types import (
    App,
    Edge,
    Healthcheck,
    Http,
    Limits,
    Manifest,
    Network,
    Seconds,
)

ELB = "ElasticLoadBalancingV2"
KINDS = {it.path: it.kind for it in FIELDS}
ROUND = Healthcheck(
    path="/alive",
    interval=Seconds(10.0),
    timeout=Seconds(3.0),
    healthy_threshold=3,
    unhealthy_threshold=4,
    grace_period=Seconds(90.0),
)
# Values that both take as they are, and none of them a default.
SAID = Http(healthcheck=ROUND, deregistration_delay=Seconds(45.0), limits=Limits(timeout=Seconds(120.0)))


class Both:
    """Both configurations of one manifest, as plain data."""

    def __init__(self, said: Manifest) -> None:
        self.aws: AwsTopology = aws_topology(said, "staging")
        self.body: Json = rendered(self.aws)
        self.local = local_topology(said)
        self.envoy: dict[str, Any] = {
            path.name: content
            for path, content in configuration(
                balancer_settings(
                    self.local,
                    https_port=8443,
                    http_port=8080,
                    folder=Path("/b"),
                    admin_socket=Path("/b/admin"),
                    access_log=Path("/b/log"),
                    certificates=CertificateFiles(Path("/c")),
                )
            ).items()
        }

    @property
    def cluster(self) -> Json:
        found: Json = self.envoy["clusters.json"]["resources"][0]
        return found

    @property
    def check(self) -> Json:
        found: Json = self.cluster["health_checks"][0]
        return found

    def listener(self, name: str) -> Json:
        (found,) = (it for it in self.envoy["listeners.json"]["resources"] if it["name"] == name)
        return dict(found)

    @property
    def manager(self) -> Json:
        """How Envoy speaks HTTP with clients who came by TLS."""
        found: Json = self.listener("https")["filter_chains"][0]["filters"][0]["typed_config"]
        return found

    @property
    def group(self) -> Json:
        return only(self.body, f"{ELB}::TargetGroup")

    @property
    def balancer(self) -> dict[str, Any]:
        return attributes(only(self.body, f"{ELB}::LoadBalancer"), "LoadBalancerAttributes")

    def aws_listener(self, port: int) -> Json:
        (found,) = (it for it in resources(self.body, f"{ELB}::Listener").values() if it["Port"] == port)
        return found


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def redirects(both: Both) -> tuple[bool, bool]:
    """Whether plain HTTP is sent to HTTPS, permanently."""
    routes = str(both.listener("http"))
    (action,) = both.aws_listener(80)["DefaultActions"]
    permanently = action.get("RedirectConfig", {}).get("StatusCode") == "HTTP_301"
    return "MOVED_PERMANENTLY" in routes, permanently


# By the field, its value in Envoy's configuration and in AWS's, in the same unit.
READ: dict[str, Callable[[Both], tuple[Any, Any]]] = {
    "app.protocol": lambda it: (
        "transport_socket" in it.cluster,
        it.group["Protocol"] == it.group["HealthCheckProtocol"] == "HTTPS",
    ),
    "http.redirect_to_https": redirects,
    "http.healthcheck.path": lambda it: (
        it.check["http_health_check"]["path"],
        it.group["HealthCheckPath"],
    ),
    "http.healthcheck.interval": lambda it: (
        seconds(it.check["interval"]),
        it.group["HealthCheckIntervalSeconds"],
    ),
    "http.healthcheck.timeout": lambda it: (
        seconds(it.check["timeout"]),
        it.group["HealthCheckTimeoutSeconds"],
    ),
    "http.healthcheck.healthy_threshold": lambda it: (
        it.check["healthy_threshold"],
        it.group["HealthyThresholdCount"],
    ),
    "http.healthcheck.unhealthy_threshold": lambda it: (
        it.check["unhealthy_threshold"],
        it.group["UnhealthyThresholdCount"],
    ),
    "http.healthcheck.grace_period": lambda it: (
        it.local.health.grace_period,  # the supervisor's, before Envoy hears of an instance
        only(it.body, "ECS::Service")["HealthCheckGracePeriodSeconds"],
    ),
    "http.deregistration_delay": lambda it: (
        it.local.deregistration_delay,
        float(attributes(it.group, "TargetGroupAttributes")["deregistration_delay.timeout_seconds"]),
    ),
    "http.limits.timeout": lambda it: (
        seconds(it.manager["stream_idle_timeout"]),
        float(it.balancer["idle_timeout.timeout_seconds"]),
    ),
    "load balancing": lambda it: (
        it.cluster["lb_policy"] == "LEAST_REQUEST",
        attributes(it.group, "TargetGroupAttributes")["load_balancing.algorithm.type"]
        == "least_outstanding_requests",
    ),
    "TLS to clients": lambda it: (
        "TLSv1_2" in str(it.listener("https")),
        "TLS13-1-2-" in it.aws_listener(443)["SslPolicy"],
    ),
    "HTTP/2": lambda it: ("h2" in str(it.listener("https")), it.balancer["routing.http2.enabled"] == "true"),
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html: 16 and 64 KB, fixed
    "addresses and headers that are too long": lambda it: (it.manager["max_request_headers_kb"], 64),
    "access log": lambda it: (
        "FileAccessLog" in str(it.manager["access_log"]),
        it.balancer["access_logs.s3.enabled"] == "true",
    ),
}


def test_every_field_of_the_manifest_that_is_about_the_balancer_is_in_the_table() -> None:
    nested = {"healthcheck": Healthcheck, "limits": Limits}
    wanted = {"app.protocol"}
    for field in msgspec.structs.fields(Http):
        inside = nested.get(field.name)
        names = [it.name for it in msgspec.structs.fields(inside)] if inside else []
        wanted |= {f"http.{field.name}.{it}" for it in names} or {f"http.{field.name}"}
    assert {it for it in KINDS if "." in it} == wanted
    assert len(KINDS) == len(FIELDS)


def test_whatever_is_there_on_both_sides_is_read_on_both() -> None:
    told_apart = {"TLS to instances", "headers with underscores", "x-forwarded-for"}  # below, each by itself
    there = {path for path, kind in KINDS.items() if kind is not Kind.NOT_EXPRESSIBLE}
    assert set(READ) == there - told_apart


@pytest.mark.parametrize("path", sorted(READ))
def test_a_value_that_both_take_is_the_same_in_both(path: str) -> None:
    here, there = READ[path](Both(manifest(http=SAID)))
    assert here == there
    assert here


def test_and_none_is_told_as_a_difference() -> None:
    assert differences(aws_topology(manifest(http=SAID), "staging")) == ()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("app.protocol", manifest(app=App(protocol="http"))),
        ("http.redirect_to_https", manifest(http=Http(redirect_to_https=False))),
    ],
)
def test_what_is_turned_off_is_off_in_both(path: str, said: Manifest) -> None:
    assert READ[path](Both(said)) == (False, False)


@pytest.mark.parametrize(
    ("path", "check", "here", "there"),
    [
        ("interval", Healthcheck(interval=Seconds(1.0)), 1.0, 5),
        ("interval", Healthcheck(interval=Seconds(7.4)), 7.4, 7),
        ("interval", Healthcheck(interval=Seconds(1000.0)), 1000.0, 300),
        ("timeout", Healthcheck(timeout=Seconds(0.5)), 0.5, 2),
        ("timeout", Healthcheck(timeout=Seconds(30.0), interval=Seconds(20.0)), 30.0, 19),
        ("healthy_threshold", Healthcheck(healthy_threshold=1), 1, 2),
        ("unhealthy_threshold", Healthcheck(unhealthy_threshold=40), 40, 10),
    ],
)
def test_what_aws_can_not_take_becomes_the_nearest_and_is_told(
    path: str, check: Healthcheck, here: float, there: int
) -> None:
    both = Both(manifest(http=Http(healthcheck=check)))
    assert READ[f"http.healthcheck.{path}"](both) == (here, there)
    assert f"http.healthcheck.{path}" in {it.path for it in differences(both.aws)}


def test_so_do_the_times_of_a_drain_and_of_silence() -> None:
    said = Http(deregistration_delay=Seconds(9000.0), limits=Limits(timeout=Seconds(5000.0)))
    both = Both(manifest(http=said))
    assert READ["http.deregistration_delay"](both) == (9000.0, 3600.0)
    assert READ["http.limits.timeout"](both) == (5000.0, 4000.0)
    assert {it.path: it.said for it in differences(both.aws)} == {
        "http.deregistration_delay": "9000s becomes 3600s on AWS",
        "http.limits.timeout": "5000s becomes 4000s on AWS",
    }


def test_the_way_to_the_instances_is_encrypted_on_both_and_proved_on_one() -> None:
    both = Both(manifest())
    context = both.cluster["transport_socket"]["typed_config"]
    assert context["auto_sni_san_validation"] is True
    assert both.group["Protocol"] == "HTTPS"
    assert KINDS["TLS to instances"] is Kind.CLAMPED


def test_a_header_that_two_programs_could_read_in_two_ways_is_refused_here_and_dropped_there() -> None:
    both = Both(manifest())
    assert both.manager["common_http_protocol_options"]["headers_with_underscores_action"] == "REJECT_REQUEST"
    assert both.balancer["routing.http.drop_invalid_header_fields.enabled"] == "true"


def test_the_clients_address_is_written_anew_here_and_appended_there() -> None:
    """So on AWS the app is told how many proxies there are to believe."""
    both = Both(manifest())
    assert "OVERWRITE_IF_EXISTS_OR_ADD" in str(both.manager["route_config"]["request_headers_to_add"])
    assert both.balancer["routing.http.xff_header_processing.mode"] == "append"
    (container,) = both.body["Resources"]["AppTask"]["Properties"]["ContainerDefinitions"]
    assert {"Name": "EVENLY_PROXIES", "Value": "1"} in container["Environment"]


def test_what_is_not_expressible_is_told_where_the_manifest_asks_for_it() -> None:
    limits = Limits(requests=10, connections=100)
    told = differences(aws_topology(manifest(http=Http(limits=limits)), "staging"))
    assert {it.path for it in told} == {"http.limits.requests", "http.limits.connections"}
    with_firewall = aws_topology(manifest(http=Http(limits=limits), edge=Edge(firewall=True)), "staging")
    assert {it.path for it in differences(with_firewall)} == {"http.limits.connections"}


def test_every_way_that_is_not_encrypted_is_told() -> None:
    plain = aws_topology(manifest(app=App(protocol="http"), edge=Edge(default_domain=True)), "staging")
    assert {it.path for it in differences(plain)} == {"app.protocol", "edge.default_domain"}
    hidden = aws_topology(manifest(network=Network(internal=True), edge=Edge(default_domain=True)), "staging")
    assert differences(hidden) == ()


def test_what_is_called_not_expressible_is_not_in_the_load_balancers_words() -> None:
    """Envoy retries, ejects, and lets nobody through to a dead instance; nothing in the other stack says so."""
    both = Both(manifest())
    text = str(both.body).lower()
    assert "retry_on" in str(both.envoy)
    assert both.cluster["outlier_detection"]["consecutive_gateway_failure"] > 0
    assert both.cluster["common_lb_config"]["healthy_panic_threshold"] == {"value": 0}
    assert "retry_on" not in text
    assert "anomaly_mitigation" not in text
