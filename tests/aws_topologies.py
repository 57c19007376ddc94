"""Topologies on AWS for tests, made as the product makes them: from a manifest."""

from typing import Any

from evenly.aws.topology import AwsTopology, aws_topology
from evenly.manifest.types import Environment, Manifest

REGION = "eu-west-1"


def topology(*, production: bool = True, **said: Any) -> AwsTopology:
    """Of a service named shop, whose manifest says `said`."""
    name = "production" if production else "staging"
    here = Environment(target="aws", regions=(REGION,), production=production)
    return aws_topology(Manifest(name="shop", environments={name: here}, **said), name)


def resources(template: Any, kind: str | None = None) -> dict[str, Any]:
    """The template's resources as dictionaries, by logical id; those of one type alone."""
    found: dict[str, Any] = template.to_dict()["Resources"]
    return {key: it for key, it in found.items() if kind is None or it["Type"] == kind}
