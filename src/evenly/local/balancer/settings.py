"""What the balancer is told: one frozen value, from which all of its configuration follows."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from evenly.core.topology import HealthPolicy, Topology
from evenly.local.certificates import CertificateFiles
from evenly.manifest.types import Limits, Protocol, Seconds

STATISTICS = "edge"  # the prefix of the counters of what comes in
SERVICE = "service"  # the one cluster
ANSWER_TIME = f"cluster.{SERVICE}.upstream_rq_time"
CONCURRENCY = 2  # worker threads
DEFAULTS = Limits()
HEAP_BYTES = 1024 * 1024 * 1024  # the reason: docs/adr/0009-limits.md


class BalancerSettings(Struct, frozen=True):
    """One balancer. `folder` holds its configuration and nothing else; `listen` are addresses, `hosts` the
    hosts by which it is reached from outside of this machine, if it is.

    `protocol` is what the instances speak; `concurrency` is Envoy's worker threads, `heap_bytes` the most memory
    it may take; `response_time` is what scaling holds, if it does; `error_pages` are the user's, by status (`404`) or
    class (`4xx`).
    """

    name: str
    region: str
    alias: str | None
    redirect_to_https: bool
    health: HealthPolicy
    https_port: int
    http_port: int
    folder: Path
    admin_socket: Path
    access_log: Path
    certificates: CertificateFiles
    protocol: Protocol = "https"
    listen: tuple[str, ...] = ("127.0.0.1",)
    hosts: tuple[str, ...] = ()
    concurrency: int = CONCURRENCY
    limits: Limits = DEFAULTS
    heap_bytes: int = HEAP_BYTES
    response_time: Seconds | None = None
    error_pages: Mapping[str, str] = field(default_factory=dict)

    @property
    def plain_hosts(self) -> tuple[str, ...]:
        """The hosts that other programs of this machine share."""
        return ("localhost", "127.0.0.1", "[::1]", *(f"[{it}]" if ":" in it else it for it in self.hosts))

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """The hosts that are this service's alone."""
        return (f"{self.name}.localhost", *((self.alias,) if self.alias else ()))


class Endpoint(Struct, frozen=True):
    """One instance as the balancer sees it. A draining one gets no new request. `address`: a loopback address, or the
    path of a unix socket, which has no port. `weight`: what it gets in proportion to the others."""

    id: str
    zone: str
    address: str
    port: int
    draining: bool = False
    weight: int = 1


class BalancerFiles(Struct, frozen=True):
    """The files in the balancer's folder."""

    folder: Path

    @property
    def bootstrap(self) -> Path:
        return self.folder / "bootstrap.json"

    @property
    def listeners(self) -> Path:
        return self.folder / "listeners.json"

    @property
    def clusters(self) -> Path:
        return self.folder / "clusters.json"

    @property
    def endpoints(self) -> Path:
        return self.folder / "endpoints.json"

    def secret(self, name: str) -> Path:
        return self.folder / f"secret-{name}.json"


def balancer_settings(
    topology: Topology,
    *,
    https_port: int,
    http_port: int,
    folder: Path,
    admin_socket: Path,
    access_log: Path,
    certificates: CertificateFiles,
    listen: tuple[str, ...] = ("127.0.0.1",),
    hosts: tuple[str, ...] = (),
    concurrency: int = CONCURRENCY,
    error_pages: Mapping[str, str] | None = None,
) -> BalancerSettings:
    """The settings of the balancer of `topology`."""
    return BalancerSettings(
        name=topology.name,
        region=topology.region,
        alias=topology.alias,
        redirect_to_https=topology.redirect_to_https,
        health=topology.health,
        https_port=https_port,
        http_port=http_port,
        folder=folder,
        admin_socket=admin_socket,
        access_log=access_log,
        certificates=certificates,
        protocol=topology.app.protocol,
        listen=listen,
        hosts=hosts,
        concurrency=concurrency,
        limits=topology.limits,
        response_time=topology.count.response_time,
        error_pages=error_pages or {},
    )
