"""What an environment looks like now, in one shape for every target: what `evenly status --json` prints."""

from dataclasses import dataclass
from enum import StrEnum


class EnvironmentState(StrEnum):
    HEALTHY = "healthy"  # every desired instance serves, evenly, and so do balancer and database
    DEGRADED = "degraded"  # it answers, but something is being put right
    DOWN = "down"  # nothing serves


class InstanceState(StrEnum):
    LAUNCHING = "launching"  # started, not yet seen healthy
    HEALTHY = "healthy"  # serves
    UNHEALTHY = "unhealthy"  # was healthy, fails its health checks
    DRAINING = "draining"  # takes no new requests, finishes the ones it has
    STOPPING = "stopping"  # was asked to stop


class PartState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Urls:
    https: str
    http: str


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """`address` is host:port; `started_at` an RFC 3339 time in UTC; `pid` is `None` until there is a process."""

    id: str
    state: InstanceState
    pid: int | None
    address: str
    release: int
    started_at: str


@dataclass(frozen=True, slots=True)
class ZoneStatus:
    name: str
    available: bool
    instances: tuple[InstanceStatus, ...]


@dataclass(frozen=True, slots=True)
class PartStatus:
    state: PartState
    pid: int | None


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """`database` is `None` where the manifest asks for none. `problem` is one sentence, or `None`."""

    environment: str
    target: str
    state: EnvironmentState
    urls: Urls
    ca_certificate: str
    release: int
    desired: int
    zones: tuple[ZoneStatus, ...]
    balancer: PartStatus
    database: PartStatus | None
    supervisor: PartStatus
    problem: str | None = None
