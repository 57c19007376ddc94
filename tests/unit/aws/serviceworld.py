"""Environments of every kind that matters to the service's stack, and their templates as plain data."""

import json
from functools import cache
from typing import Any

from evenly.aws.stacks import service
from evenly.aws.topology import AwsTopology, aws_topology
from evenly.manifest.types import (
    MEBIBYTE,
    App,
    Bytes,
    CanaryStep,
    Compute,
    Count,
    Database,
    Deployment,
    Edge,
    Environment,
    Http,
    Job,
    Limits,
    Manifest,
    Network,
    Observability,
    Seconds,
    Worker,
)

Json = dict[str, Any]

ALIAS = "hello.example.com"


def manifest(*, production: bool = False, **more: Any) -> Manifest:
    said = Environment(target="aws", regions=("eu-west-1",), production=production)
    return Manifest(name="hello", environments={"staging": said}, **more)


def topology(**more: Any) -> AwsTopology:
    return aws_topology(manifest(**more), "staging")


FARGATE = Compute(type="fargate", cpu=512, memory=Bytes(1024 * MEBIBYTE))
FULL = manifest(
    production=True,
    app=App(serve="shop.main:app"),
    http=Http(alias=ALIAS),
    zones=3,
    count=Count(minimum=3, maximum=12, response_time=Seconds(0.2), requests=100, cpu=60),
    database=Database(migrations="db/"),
    variables={"COLOUR": "green"},
    secrets={"API_KEY": "payment"},
    workers={"mailer": Worker(command=("python", "-m", "shop.mailer"), count=2)},
    jobs={"tidy": Job(command=("python", "-m", "shop.tidy"), schedule="30 2 * * 1-5", retries=2)},
    observability=Observability(tracing=True),
)
MANIFESTS = {
    "small": manifest(),
    "full": FULL,
    "fargate": manifest(
        compute=FARGATE,
        http=Http(alias=ALIAS),
        database=None,
        jobs={"tidy": Job(command=("tidy",), schedule="0 0 * * *")},
    ),
    "internal": manifest(
        network=Network(internal=True), edge=Edge(firewall=True), http=Http(redirect_to_https=False)
    ),
    "internal-alias": manifest(network=Network(internal=True), http=Http(alias=ALIAS)),
    "default-domain": manifest(edge=Edge(default_domain=True), database=Database(url_from="SHOP")),
    "firewall": manifest(edge=Edge(firewall=True), http=Http(limits=Limits(requests=20))),
    "blue-green": manifest(
        deployment=Deployment(strategy="blue-green"), count=Count(minimum=2, maximum=6, requests=50)
    ),
    "canary": manifest(
        deployment=Deployment(
            strategy="canary", steps=(CanaryStep(weight=20, time=Seconds(90.0)),), bake=Seconds(300.0)
        )
    ),
    "arm": manifest(compute=Compute(instance="t4g.medium")),
    "plain": manifest(
        app=App(serve=None, command=("node", "server.js", "--port", "$PORT"), protocol="http"), database=None
    ),
}


@cache
def body(kind: str) -> Json:
    """The template of one of `MANIFESTS`."""
    return rendered(aws_topology(MANIFESTS[kind], "staging"))


def rendered(it: AwsTopology) -> Json:
    found: Json = json.loads(service.template(it).to_json())
    return found


def resources(body: Json, kind: str) -> dict[str, Json]:
    """By logical id, the properties of those of a type, without its AWS::."""
    return {
        name: it.get("Properties", {})
        for name, it in body["Resources"].items()
        if it["Type"] == f"AWS::{kind}"
    }


def only(body: Json, kind: str) -> Json:
    (found,) = resources(body, kind).values()
    return found


def attributes(found: Json, key: str) -> dict[str, Any]:
    return {it["Key"]: it["Value"] for it in found[key]}
