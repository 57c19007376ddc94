"""Environments of every kind that matters to the edge and to the alarms, and their templates as plain data."""

import json
from functools import cache
from typing import Any

import msgspec

from evenly.aws.stacks.catalogue import templates
from evenly.aws.topology import AwsTopology, aws_topology
from evenly.manifest.types import (
    Count,
    Database,
    Deployment,
    Edge,
    Environment,
    Http,
    Limits,
    Manifest,
    Network,
    Observability,
    Seconds,
)

ALIAS = "hello.example.com"
TOLD = "ops@example.com"

Json = dict[str, Any]


def manifest(**more: Any) -> Manifest:
    environments = {"staging": Environment(target="aws", regions=("eu-west-1",))}
    return Manifest(name="hello", environments=environments, **more)


def topology(**more: Any) -> AwsTopology:
    return aws_topology(manifest(**more), "staging")


FULL = manifest(
    http=Http(alias=ALIAS, limits=Limits(requests=20)),
    count=Count(minimum=2, maximum=8, response_time=Seconds(0.2)),
    edge=Edge(firewall=True),
    observability=Observability(alarms=TOLD, budget=100, tracing=True),
)
MANIFESTS = {
    "full": FULL,
    "alias": manifest(http=Http(alias=ALIAS)),
    "alias-plain": manifest(http=Http(alias=ALIAS, redirect_to_https=False), database=None),
    "default-domain": manifest(edge=Edge(default_domain=True), count=Count(minimum=3, maximum=3)),
    "balancer": manifest(observability=Observability(alarms=TOLD, budget=50)),
    "internal": manifest(network=Network(internal=True), database=Database(url_from="SHOP")),
    "internal-alias": manifest(http=Http(alias=ALIAS), network=Network(internal=True)),
    "blue-green": manifest(http=Http(alias=ALIAS), deployment=Deployment(strategy="blue-green")),
}


@cache
def stacks(kind: str) -> dict[str, Json]:
    """The templates of one of `MANIFESTS`, by concern."""
    made = templates(aws_topology(MANIFESTS[kind], "staging"))
    return {name: json.loads(it.to_json()) for name, it in made.items()}


def of_type(template: Json, kind: str) -> dict[str, Json]:
    """The properties of each resource of the type, by logical id."""
    return {title: it["Properties"] for title, it in template["Resources"].items() if it["Type"] == kind}


def only(template: Json, kind: str) -> Json:
    (found,) = of_type(template, kind).values()
    return found


def changed(base: Manifest, **more: Any) -> Manifest:
    return msgspec.structs.replace(base, **more)
