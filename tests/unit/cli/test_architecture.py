"""The picture of an environment shows what its templates make, no more and no less, and the pictures of the
documentation are those of today: `python scripts/architecture.py` draws them anew."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import pytest
from scripts.architecture import CASES, ENVIRONMENT, IMAGES, MANIFESTS, ROOT, files
from tests.aws_topologies import resources, topology

from evenly.aws.stacks.catalogue import templates
from evenly.aws.topology import aws_topology
from evenly.cli.architecture.parts import MOST_TASKS, parts
from evenly.cli.architecture.picture import drawn
from evenly.cli.architecture.shapes import STYLE, fitted, width_of
from evenly.manifest import load
from evenly.manifest.types import (
    Compute,
    Count,
    Database,
    Edge,
    Http,
    Job,
    Network,
    Observability,
    Worker,
)

NAMESPACE = "{http://www.w3.org/2000/svg}"
ALIAS = Http(alias="shop.example.com")
SAID: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "without a database": {"database": None},
    "a database elsewhere": {"database": Database(url_from="SHOP_DATABASE")},
    "one member": {"database": Database(multi_zone=False)},
    "alias": {"http": ALIAS, "network": Network(egress="nat-per-zone"), "edge": Edge(firewall=True)},
    "default domain": {"edge": Edge(default_domain=True), "network": Network(egress="endpoints")},
    "internal": {"http": ALIAS, "network": Network(internal=True), "edge": Edge(firewall=True)},
    "internal without a name": {"network": Network(internal=True)},
    "three zones": {"zones": 3, "count": Count(minimum=40, maximum=40), "http": ALIAS},
    "six zones": {"zones": 6, "network": Network(cidr="172.20.0.0/16", egress="nat-per-zone")},
    "fargate": {"compute": Compute(type="fargate")},
    "all beside": {
        "workers": {"mails": Worker(command=("true",), count=3)},
        "jobs": {"nightly": Job(command=("true",), schedule="0 3 * * *")},
        "observability": Observability(alarms="ops@example.com", budget=100, tracing=True),
    },
}
ALL = {name: topology(**said) for name, said in SAID.items()}
ALL |= {
    case: aws_topology(load(MANIFESTS / case / "evenly.yaml"), ENVIRONMENT)
    for case in ("full", "small", "fargate")
}
every = pytest.mark.parametrize("name", ALL)


@cache
def picture(name: str) -> ET.Element:
    return ET.fromstring(drawn(ALL[name]))  # noqa: S314  # our own


@cache
def stacks(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The resources of each stack."""
    return {concern: resources(template) for concern, template in templates(ALL[name]).items()}


def shown(found: ET.Element, kind: str) -> list[ET.Element]:
    return found.findall(f".//{NAMESPACE}g[@data-part='{kind}']")


def said(found: ET.Element) -> str:
    return " ".join("".join(it.itertext()) for it in found.iter(f"{NAMESPACE}text"))


def made(name: str, kind: str) -> dict[str, Any]:
    """The resources of a type, of all stacks."""
    return {key: it for stack in stacks(name).values() for key, it in stack.items() if it["Type"] == kind}


def ids(found: ET.Element, kind: str) -> set[str | None]:
    return {it.get("data-of") for it in shown(found, kind)}


@pytest.mark.parametrize("file", files(), ids=lambda it: it.name)
def test_the_pictures_of_the_documentation_are_those_of_today(file) -> None:
    assert file.read_text() == files()[file], f"{file.name} is another by now: python scripts/architecture.py"
    assert f"(images/{file.name})" in (ROOT / "docs" / "architecture.md").read_text()


def test_no_picture_is_left_that_nobody_draws() -> None:
    assert {it.name for it in IMAGES.glob("architecture*.svg")} == set(CASES.values())


@every
def test_the_subnets_are_the_templates(name: str) -> None:
    environment = ALL[name]
    found = picture(name)
    addresses = {key: it["Properties"]["CidrBlock"] for key, it in made(name, "AWS::EC2::Subnet").items()}
    assert {it.get("data-of"): said(it).split()[1] for it in shown(found, "subnet")} == addresses
    assert len(shown(found, "zone")) == environment.zones
    (network,) = made(name, "AWS::EC2::VPC").values()
    assert network["Properties"]["CidrBlock"] in said(shown(found, "network")[0])


@every
def test_the_ways_out_are_the_templates(name: str) -> None:
    environment = ALL[name]
    found = picture(name)
    assert ids(found, "nat") == made(name, "AWS::EC2::NatGateway").keys()
    endpoints = made(name, "AWS::EC2::VPCEndpoint")
    count = sum(it["Properties"]["VpcEndpointType"] == "Interface" for it in endpoints.values())
    wanted = [f"{count} endpoints"] * environment.zones if count else []
    assert [said(it) for it in shown(found, "endpoints")] == wanted


@every
def test_the_balancer_is_the_templates(name: str) -> None:
    environment = ALL[name]
    (one,) = shown(picture(name), "balancer")
    (balancer,) = made(name, "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    assert ("for the internet" in said(one)) == (balancer["Properties"]["Scheme"] == "internet-facing")
    listeners = [it["Properties"] for it in made(name, "AWS::ElasticLoadBalancingV2::Listener").values()]
    assert ("HTTPS 443" in said(one)) == any(it["Port"] == 443 for it in listeners)
    redirects = any(action["Type"] == "redirect" for it in listeners for action in it["DefaultActions"])
    assert ("HTTP is redirected" in said(one)) == redirects
    (group,) = made(name, "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    health = group["Properties"]
    assert f"asks {health['HealthCheckPath']} every {health['HealthCheckIntervalSeconds']} s" in said(one)
    assert f"{health['Protocol']} {health['Port']}" == parts(environment).leg_out


@every
def test_the_database_is_the_templates(name: str) -> None:
    found = picture(name)
    instances = made(name, "AWS::RDS::DBInstance")
    members = sum(2 if it["Properties"]["MultiAZ"] else 1 for it in instances.values())
    assert len(shown(found, "database")) == members
    assert len(shown(found, "in-sync")) == (members == 2)
    for it in instances.values():
        assert f"PostgreSQL {it['Properties']['EngineVersion']}" in said(found)
    assert bool(shown(found, "door")) == bool(instances)


@every
def test_what_runs_is_what_the_templates_run(name: str) -> None:
    environment = ALL[name]
    found = picture(name)
    hosts = made(name, "AWS::EC2::LaunchTemplate")
    assert len(shown(found, "host" if hosts else "fargate")) == environment.zones
    assert shown(found, "fargate" if hosts else "host") == []
    for it in hosts.values():
        assert f"Host, {it['Properties']['LaunchTemplateData']['InstanceType']}" in said(found)
    policies = made(name, "AWS::ApplicationAutoScaling::ScalingPolicy")
    assert ("out and in by load" in said(found)) == bool(policies)
    services = made(name, "AWS::ECS::Service")
    wanted = environment.count.minimum + sum(it.count for _, it in environment.workers)
    told = Counter({it.name: len(it.tasks) + it.more for it in parts(environment).zones})
    assert sum(told.values()) == wanted
    assert max(told.values()) - min(told.values()) <= len(services)
    assert len(services) == 1 + len(environment.workers)
    assert len(shown(found, "task")) == sum(min(count, MOST_TASKS) for count in told.values())
    assert ("nightly" in said(found)) == bool(
        made(name, "AWS::Scheduler::Schedule").keys() & {"JobNightlySchedule"}
    )


@every
def test_the_edge_is_the_templates(name: str) -> None:
    environment = ALL[name]
    found = picture(name)
    assert len(shown(found, "cloudfront")) == len(made(name, "AWS::CloudFront::Distribution"))
    records = [it for it in stacks(name).get("edge", {}).values() if it["Type"] == "AWS::Route53::RecordSet"]
    names = {it["Properties"]["Name"].rstrip(".") for it in records}
    assert {environment.alias for _ in shown(found, "name")} == names
    assert len(shown(found, "edge-alarms")) == len(made(name, "AWS::Route53::HealthCheck"))
    assert ("behind AWS WAF" in said(found)) == bool(made(name, "AWS::WAFv2::WebACL"))
    origins = made(name, "AWS::CloudFront::VpcOrigin").values()
    for it in origins:
        policy = it["Properties"]["VpcOriginEndpointConfig"]["OriginProtocolPolicy"]
        assert f"{policy.removesuffix('-only').upper()}, VPC origin" in said(found)


@every
def test_the_stacks_are_those_of_the_environment(name: str) -> None:
    """Each part names the stack whose template has it; each stack has a part."""
    found, of = picture(name), stacks(name)
    tagged = [it for it in found.iter(f"{NAMESPACE}g") if it.get("data-stack")]
    for it in tagged:
        logical = it.get("data-of")
        assert it.get("data-stack") in of
        assert not logical or logical in of[it.get("data-stack", "")], logical
    assert {it.get("data-stack") for it in tagged} | {"network"} == set(of)


@every
def test_it_is_told_in_words_too(name: str) -> None:
    found = picture(name)
    assert found.get("role") == "img"
    assert found.get("aria-labelledby") == "title desc"
    words = found.findtext(f"{NAMESPACE}desc") or ""
    for subnet in made(name, "AWS::EC2::Subnet").values():
        assert subnet["Properties"]["CidrBlock"] in words
    assert ("standby" in words) == (len(shown(found, "database")) == 2)


def test_a_long_word_is_cut_where_its_box_ends() -> None:
    assert fitted("short", 100) == "short"
    cut = fitted("a" * 40, 100)
    assert cut.endswith("a…")
    assert width_of(cut) <= 100 < width_of("a" + cut)


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", STYLE.split("@media"), ids=["light", "dark"])
def test_words_can_be_read_on_every_ground_by_day_and_by_night(colours: str) -> None:
    named = dict(re.findall(r"--(\w+): (#\w{6})", colours))
    grounds = ("paper", "card", "global", "region", "public", "private", "isolated")
    for letters, ground in product(("ink", "soft", "mark"), grounds):
        assert contrast(named[letters], named[ground]) >= 4.5, (letters, ground)
    assert contrast(named["ink"], named["task"]) >= 4.5
