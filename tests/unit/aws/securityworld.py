"""Environments that between them have every role, and who may what in one."""

from functools import cache
from typing import Any

from tests.unit.aws.iam import Who, filled

from evenly.aws.stacks.catalogue import templates
from evenly.aws.stacks.security import title
from evenly.aws.topology import AwsTopology, aws_topology
from evenly.manifest.types import (
    Compute,
    Database,
    Deployment,
    Edge,
    Environment,
    Http,
    Job,
    Manifest,
    Network,
    Observability,
    Worker,
)

FULL: dict[str, Any] = {
    "http": Http(alias="shop.example.com"),
    "secrets": {"STRIPE_KEY": "stripe"},
    "workers": {"mail": Worker(command=("python", "-m", "shop.mail"))},
    "jobs": {"night": Job(command=("python", "-m", "shop.night"), schedule="0 3 * * *")},
    "observability": Observability(tracing=True, budget=50, alarms="team@example.com"),
    "edge": Edge(firewall=True),
    "deployment": Deployment(strategy="canary"),
}


def environment(service: str = "shop", name: str = "staging", **said: Any) -> AwsTopology:
    there = {name: Environment(target="aws", regions=("eu-west-1",))}
    return aws_topology(Manifest(name=service, environments=there, **said), name)


def environments() -> dict[str, AwsTopology]:
    return {
        "full": environment(**FULL),
        "small": environment(),
        "fargate": environment(compute=Compute(type="fargate"), database=None),
        "elsewhere": environment(database=Database(url_from="DATABASE_URL")),
        "internal": environment(**{**FULL, "network": Network(internal=True, egress="endpoints")}),
        "balancer": environment(edge=Edge(firewall=True)),
        "default domain": environment(edge=Edge(firewall=True, default_domain=True)),
    }


@cache
def made(which: str, stack: str) -> dict[str, Any]:
    """A template of one of the environments, as CloudFormation gets it."""
    return templates(environments()[which])[stack].to_dict()


@cache
def all_made() -> dict[tuple[str, str], dict[str, Any]]:
    """Every template of every environment."""
    return {
        (which, stack): template.to_dict()
        for which, topology in environments().items()
        for stack, template in templates(topology).items()
    }


def policy(name: str, which: str = "full") -> dict[str, Any]:
    said: dict[str, Any] = filled(made(which, "security")["Resources"][name]["Properties"]["PolicyDocument"])
    return said


def role(purpose: str, which: str = "full", *more: dict[str, Any]) -> Who:
    """`more`: policies that somebody has attached beside those of the template."""
    said = made(which, "security")["Resources"][f"{title(purpose)}Role"]["Properties"]
    own = [policy(it["Ref"], which) for it in said["ManagedPolicyArns"]]
    return Who([*own, *more], policy(said["PermissionsBoundary"]["Ref"], which))


def person(*names: str) -> Who:
    """Somebody with the policies of these logical ids, and no boundary."""
    return Who([policy(it) for it in names])
