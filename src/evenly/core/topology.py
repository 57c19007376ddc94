"""From the manifest to the topology: every default resolved for the local target, nothing left to guess.

Pure. Sources of the defaults: the measurements in `docs/adr/0003-balancer.md`.
"""

from string import ascii_lowercase

from msgspec import Struct

from evenly.manifest.types import App, Count, Database, Job, Limits, Manifest, Seconds, Worker

REGION = "local"
HTTPS_PORT = 8443
HTTP_PORT = 8080


class Zone(Struct, frozen=True):
    """One availability zone: its name (`local-a`) and its number, from 1."""

    name: str
    number: int


class HealthPolicy(Struct, frozen=True):
    """When an instance counts as healthy. Durations in seconds, thresholds in answers in a row."""

    path: str
    interval: Seconds
    unhealthy_interval: Seconds
    timeout: Seconds
    healthy_threshold: int
    unhealthy_threshold: int
    grace_period: Seconds


class Topology(Struct, frozen=True):
    """One environment, resolved: what the target has to build. `alias` is a public host name or `None`."""

    name: str
    environment: str
    region: str
    zones: tuple[Zone, ...]
    count: Count
    app: App
    health: HealthPolicy
    deregistration_delay: Seconds
    alias: str | None
    redirect_to_https: bool
    database: Database | None
    variables: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...]
    limits: Limits
    workers: tuple[tuple[str, Worker], ...]
    jobs: tuple[tuple[str, Job], ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names that the edge answers to, without ports."""
        named = (f"{self.name}.localhost", *((self.alias,) if self.alias else ()))
        return ("localhost", "127.0.0.1", "::1", *named)


def local_topology(manifest: Manifest, environment: str = "local") -> Topology:
    """The topology of `manifest` on this machine."""
    return Topology(
        name=manifest.name,
        environment=environment,
        region=REGION,
        zones=tuple(Zone(f"{REGION}-{ascii_lowercase[n]}", n + 1) for n in range(manifest.zones)),
        count=manifest.count,
        app=manifest.app,
        health=_health(manifest),
        deregistration_delay=_or(manifest.http.deregistration_delay, 10.0),
        alias=manifest.http.alias,
        redirect_to_https=manifest.http.redirect_to_https,
        database=manifest.database,
        variables=tuple(sorted(manifest.variables.items())),
        secrets=tuple(sorted(manifest.secrets.items())),
        limits=manifest.http.limits,
        workers=tuple(sorted(manifest.workers.items())),
        jobs=tuple(sorted(manifest.jobs.items())),
    )


def _health(manifest: Manifest) -> HealthPolicy:
    said = manifest.http.healthcheck
    interval = _or(said.interval, 1.0)
    return HealthPolicy(
        path=said.path,
        interval=interval,
        unhealthy_interval=Seconds(interval / 2),
        timeout=_or(said.timeout, min(0.5, interval)),
        healthy_threshold=said.healthy_threshold or 1,
        unhealthy_threshold=said.unhealthy_threshold or 2,
        grace_period=_or(said.grace_period, 30.0),
    )


def _or(said: Seconds | None, default: float) -> Seconds:
    return Seconds(default) if said is None else said
