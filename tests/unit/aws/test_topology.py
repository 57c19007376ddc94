"""From a manifest to what the stacks are made of: there is one for every manifest, and AWS takes every value of it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenly.aws.topology import DELAY_MOST, AwsTopology, Clamp, Health, Reach, aws_topology
from evenly.manifest import parse
from evenly.manifest.types import Healthcheck, Manifest

TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
Manifests = st.SearchStrategy[tuple[Manifest, str]]
Limits = Callable[[str, str], dict[str, Any]]


def topology(text: str, environment: str = "staging") -> AwsTopology:
    whole = f"name: shop\nenvironments:\n  staging: {{target: aws, region: eu-west-1}}\n{text}"
    return aws_topology(parse(whole, "evenly.yaml"), environment)


@given(st.data())
def test_every_value_is_one_that_the_balancer_takes(
    on_aws: Manifests, limits: Limits, data: st.DataObject
) -> None:
    manifest, name = data.draw(on_aws)
    found = aws_topology(manifest, name)
    said = {
        "HealthCheckIntervalSeconds": found.health.interval,
        "HealthCheckTimeoutSeconds": found.health.timeout,
        "HealthyThresholdCount": found.health.healthy_threshold,
        "UnhealthyThresholdCount": found.health.unhealthy_threshold,
    }
    for key, value in said.items():
        of = limits(TARGET_GROUP, key)
        assert of["minimum"] <= value <= of["maximum"], key
    assert len(found.health.path) <= limits(TARGET_GROUP, "HealthCheckPath")["maxLength"]
    assert found.health.timeout < found.health.interval
    assert 0 <= found.deregistration_delay <= DELAY_MOST
    assert 0 <= found.health.grace_period <= 3600


@given(st.data())
def test_what_is_clamped_is_said_and_nothing_else_is(on_aws: Manifests, data: st.DataObject) -> None:
    manifest, name = data.draw(on_aws)
    found = aws_topology(manifest, name)
    said = manifest.of_environment(name).http.healthcheck
    becomes = {field: getattr(found.health, field) for field in Healthcheck.__struct_fields__}
    changed = {
        f"http.healthcheck.{field}"
        for field, value in becomes.items()
        if getattr(said, field) not in (None, value)
    }
    assert {it.path for it in found.clamps if it.path.startswith("http.healthcheck.")} == changed
    assert all(it.said != it.becomes for it in found.clamps)


@given(st.data())
def test_all_else_is_what_the_environment_has(on_aws: Manifests, data: st.DataObject) -> None:
    manifest, name = data.draw(on_aws)
    own, said, found = (
        manifest.of_environment(name),
        manifest.environments[name],
        aws_topology(manifest, name),
    )
    assert (found.region, found.account, found.production) == (said.regions[0], said.account, said.production)
    assert (found.service, found.environment, found.zones) == (own.name, name, own.zones)
    for field in ("app", "count", "database", "deployment", "network", "compute", "edge", "observability"):
        assert getattr(found, field) == getattr(own, field)
    for field in ("tags", "variables", "secrets", "workers", "jobs"):
        assert dict(getattr(found, field)) == getattr(own, field)
        assert list(getattr(found, field)) == sorted(getattr(found, field), key=lambda it: it[0])


def test_the_defaults() -> None:
    found = topology("")
    assert found.health == Health("/healthz", 5, 2, 2, 2, 60)
    assert (found.deregistration_delay, found.clamps, found.on_hosts) == (30, (), True)


def test_what_the_balancer_can_not_take_is_brought_to_the_nearest_and_told() -> None:
    found = topology(
        "http:\n  deregistration_delay: 1500ms\n  healthcheck:\n"
        "    {interval: 1s, timeout: 500ms, healthy_threshold: 1, grace_period: 90500ms}\n"
    )
    assert found.clamps == (
        Clamp("http.healthcheck.interval", "1s", "5s"),
        Clamp("http.healthcheck.timeout", "0.5s", "2s"),
        Clamp("http.healthcheck.healthy_threshold", "1", "2"),
        Clamp("http.healthcheck.grace_period", "90.5s", "90s"),
        Clamp("http.deregistration_delay", "1.5s", "2s"),
    )


def test_a_timeout_is_shorter_than_the_interval() -> None:
    found = topology("http: {healthcheck: {interval: 10s, timeout: 10s}}\n")
    assert (found.health.interval, found.health.timeout) == (10, 9)
    assert found.clamps == (Clamp("http.healthcheck.timeout", "10s", "9s"),)


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("", Reach.BALANCER),
        ("edge: {default_domain: true}\n", Reach.DEFAULT_DOMAIN),
        ("http: {alias: shop.example.com}\n", Reach.ALIAS),
        ("http: {alias: shop.example.com}\nedge: {default_domain: true}\n", Reach.ALIAS),
        ("network: {internal: true}\n", Reach.INTERNAL),
        ("network: {internal: true}\nhttp: {alias: shop.example.com}\n", Reach.INTERNAL),
    ],
)
def test_how_the_service_is_reached(text: str, reach: Reach) -> None:
    assert topology(text).reach is reach


def test_an_environment_that_is_not_on_aws_has_none() -> None:
    with pytest.raises(KeyError):
        topology("", "production")
