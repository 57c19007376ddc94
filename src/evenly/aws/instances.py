"""The types of hosts: what each has, whether a task fits on it, and how many hosts an environment takes at most. Pure,
but that it reads the table beside it, `instances.txt`, the first time.
"""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

from evenly.aws.topology import AwsTopology
from evenly.manifest.types import MEBIBYTE, Compute

Architecture = Literal["x86_64", "arm64"]

LEAST_INTERFACES = 3  # one of the host, one a task: the old release's and the new one's
UNITS = 1024  # of ECS, in one processor
MOST_SHARE = 0.45  # of a host, for one task: two fit, and the agent beside them
USABLE = 0.9  # of a host's memory: the rest is the kernel's, Docker's and the agent's
TABLE = Path(__file__).with_name("instances.txt")


class InstanceType(Struct, frozen=True):
    """`memory`: MiB. `interfaces`: that can be attached, the host's own among them."""

    name: str
    architecture: Architecture
    processors: int
    memory: int
    interfaces: int

    @property
    def units(self) -> int:
        return self.processors * UNITS

    @property
    def usable_memory(self) -> int:
        """MiB."""
        return int(self.memory * USABLE)


class Unfit(Struct, frozen=True):
    """Why an environment can't run on its hosts: where in the manifest, what is wrong, what to try."""

    where: str
    what: str
    try_: str


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """All that AWS had when the table was made; its first lines say when, and from what."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {it.name: it for it in map(_read, lines) if it is not None}


def _read(line: str) -> InstanceType | None:
    if not line or line.startswith("#"):
        return None
    name, architecture, processors, memory, interfaces = line.split()
    return InstanceType(
        name,
        "arm64" if architecture == "arm64" else "x86_64",
        int(processors),
        int(memory),
        int(interfaces),
    )


def host_of(topology: AwsTopology) -> InstanceType | None:
    """The type of the environment's hosts; `None` on Fargate, and for one that is in no table."""
    return instance_types().get(topology.compute.instance) if topology.on_hosts else None


def architecture_of(topology: AwsTopology) -> Architecture:
    """What its images are built for."""
    host = host_of(topology)
    return host.architecture if host else "x86_64"


def processors_of(topology: AwsTopology) -> str:
    """The same, in the word that task definitions and builders have for it."""
    return "ARM64" if architecture_of(topology) == "arm64" else "X86_64"


def unfit(topology: AwsTopology) -> tuple[Unfit, ...]:
    """What stands against the hosts of the environment. Fargate has none."""
    if not topology.on_hosts:
        return ()
    host = host_of(topology)
    if host is None:
        return (
            Unfit(
                "compute.instance",
                f"{topology.compute.instance} is in no table of what hosts have.",
                "Take another type, such as t3.small.",
            ),
        )
    return (*_too_few_interfaces(host), *_too_large(host, topology.compute))


def _too_few_interfaces(host: InstanceType) -> tuple[Unfit, ...]:
    if host.interfaces >= LEAST_INTERFACES:
        return ()
    return (
        Unfit(
            "compute.instance",
            f"{host.name} has {host.interfaces} network interfaces: a host needs one itself and one for each task, so "
            "a new release would find no room beside the old one.",
            f"Take a type with {LEAST_INTERFACES} or more, such as t3.small.",
        ),
    )


def _too_large(host: InstanceType, compute: Compute) -> tuple[Unfit, ...]:
    found: list[Unfit] = []
    if compute.cpu > MOST_SHARE * host.units:
        found.append(
            _no_room("compute.cpu", f"{compute.cpu} units", host, f"{int(MOST_SHARE * host.units)} units")
        )
    memory = math.ceil(compute.memory / MEBIBYTE)
    if memory > MOST_SHARE * host.memory:
        found.append(
            _no_room("compute.memory", f"{memory} MiB", host, f"{int(MOST_SHARE * host.memory)} MiB")
        )
    return tuple(found)


def _no_room(where: str, said: str, host: InstanceType, most: str) -> Unfit:
    return Unfit(
        where,
        f"{said} are more than {MOST_SHARE:.0%} of a {host.name}: two tasks would not fit on one host.",
        f"Write {most} or less, or take a larger compute.instance.",
    )


def tasks_on(host: InstanceType, compute: Compute) -> int:
    """How many tasks of the app one host takes: by its interfaces, its processors, its memory."""
    memory = math.ceil(compute.memory / MEBIBYTE)
    return max(1, min(host.interfaces - 1, host.units // compute.cpu, host.usable_memory // memory))


def most_hosts(topology: AwsTopology) -> int:
    """As many as it takes while a release of the largest count replaces another, with workers, jobs and a migration,
    and one a zone to spare."""
    host = host_of(topology)
    each = tasks_on(host, topology.compute) if host else 1
    workers = sum(it.count for _, it in topology.workers)
    tasks = 2 * (topology.count.maximum + workers) + len(topology.jobs) + 1
    return max(2, math.ceil(tasks / each / topology.zones) + 1) * topology.zones
