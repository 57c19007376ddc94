"""From the manifest to what the stacks are made of: every default of AWS resolved, every value that AWS can't take
brought to the nearest that it can, and said. Pure.

Sources of the limits: the Elastic Load Balancing and RDS documentation, named beside each.
"""

import math
from enum import StrEnum

from msgspec import Struct

from evenly.aws.naming import Names
from evenly.manifest.types import (
    App,
    Compute,
    Count,
    Database,
    Deployment,
    Edge,
    Job,
    Limits,
    Manifest,
    Network,
    Observability,
    Strategy,
    Worker,
)

EDGE_REGION = "us-east-1"  # CloudFront takes certificates and firewalls from there alone
APP_PORT = 8443


class Reach(StrEnum):
    """How the service is reached."""

    ALIAS = "alias"  # CloudFront under the user's own name; the balancer is internal
    DEFAULT_DOMAIN = (
        "default-domain"  # CloudFront under its own; the balancer is internal and spoken to plainly
    )
    BALANCER = "balancer"  # a public balancer with a certificate of our making
    INTERNAL = "internal"  # an internal balancer, and nothing in front


class Clamp(Struct, frozen=True):
    """A value of the manifest that AWS can't take, and what stands there in its place."""

    path: str
    said: str
    becomes: str


class Health(Struct, frozen=True):
    """How the balancer asks, as whole seconds and counts that an ALB takes."""

    path: str
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int
    grace_period: int


class Rollout(Struct, frozen=True):
    """How ECS brings a release. `canary_percent` of the traffic goes to it for `canary_minutes`; with all of it, it is
    watched for `bake_minutes` before the old one goes. None of the three counts for `rolling`."""

    strategy: Strategy
    canary_percent: int
    canary_minutes: int
    bake_minutes: int


class AwsTopology(Struct, frozen=True):
    """One environment on AWS, in one region, resolved.

    `account`: the only one that it may be put into, or `None` for whichever the credentials are of. `zones`: how many.
    `tags`: all but those that are made of the name and the environment. `deregistration_delay`, `idle_timeout`: whole
    seconds.
    """

    names: Names
    region: str
    account: str | None
    production: bool
    zones: int
    tags: tuple[tuple[str, str], ...]
    network: Network
    compute: Compute
    edge: Edge
    observability: Observability
    reach: Reach
    alias: str | None
    redirect_to_https: bool
    app: App
    count: Count
    health: Health
    deregistration_delay: int
    idle_timeout: int
    limits: Limits
    database: Database | None
    variables: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...]
    workers: tuple[tuple[str, Worker], ...]
    jobs: tuple[tuple[str, Job], ...]
    deployment: Deployment
    rollout: Rollout
    clamps: tuple[Clamp, ...]

    @property
    def service(self) -> str:
        return self.names.service

    @property
    def environment(self) -> str:
        return self.names.environment

    @property
    def own_database(self) -> Database | None:
        """The database that the environment brings itself; `None` where it has none, or one elsewhere."""
        return self.database if self.database and self.database.url_from is None else None

    @property
    def on_hosts(self) -> bool:
        """Whether the tasks run on hosts of ours (EC2), not on Fargate."""
        return self.compute.type == "ec2"


INTERVAL_LEAST, INTERVAL_MOST = 5, 300  # s; elbv2 CreateTargetGroup, HealthCheckIntervalSeconds
TIMEOUT_LEAST, TIMEOUT_MOST = 2, 120  # s; HealthCheckTimeoutSeconds
THRESHOLD_LEAST, THRESHOLD_MOST = 2, 10  # HealthyThresholdCount, UnhealthyThresholdCount
DELAY_MOST = 3600  # s; deregistration_delay.timeout_seconds
DELAY = 30  # s; long enough for what is under way, short enough for a release of many tasks
PATH_MOST = 1024  # characters; HealthCheckPath
IDLE_LEAST, IDLE_MOST = 1, 4000  # s; idle_timeout.timeout_seconds
BAKE_MOST = 1440  # min; ECS DeploymentConfiguration, BakeTimeInMinutes and CanaryBakeTimeInMinutes


def aws_topology(manifest: Manifest, environment: str) -> AwsTopology:
    """The topology of `environment`, which `manifest` says is on AWS, in its first region."""
    said = manifest.environments[environment]
    own = manifest.of_environment(environment)
    clamps = _Clamps()
    return AwsTopology(
        names=Names(own.name, environment),
        region=said.regions[0],
        account=said.account,
        production=said.production,
        zones=own.zones,
        tags=tuple(sorted(own.tags.items())),
        network=own.network,
        compute=own.compute,
        edge=own.edge,
        observability=own.observability,
        reach=_reach(own),
        alias=own.http.alias,
        redirect_to_https=own.http.redirect_to_https,
        app=own.app,
        count=own.count,
        health=_health(own, clamps),
        deregistration_delay=_delay(own, clamps),
        idle_timeout=_idle_timeout(own, clamps),
        limits=own.http.limits,
        database=own.database,
        variables=tuple(sorted(own.variables.items())),
        secrets=tuple(sorted(own.secrets.items())),
        workers=tuple(sorted(own.workers.items())),
        jobs=tuple(sorted(own.jobs.items())),
        deployment=own.deployment,
        rollout=_rollout(own.deployment, clamps),
        clamps=clamps.found(),
    )


def _reach(manifest: Manifest) -> Reach:
    if manifest.network.internal:
        return Reach.INTERNAL
    if manifest.http.alias is not None:
        return Reach.ALIAS
    return Reach.DEFAULT_DOMAIN if manifest.edge.default_domain else Reach.BALANCER


class _Clamps:
    """Brings values within limits, and remembers which it had to."""

    def __init__(self) -> None:
        self._found: list[Clamp] = []

    def found(self) -> tuple[Clamp, ...]:
        return tuple(self._found)

    def whole(
        self, path: str, said: float | None, default: int, least: int, most: int, unit: str = ""
    ) -> int:
        """The nearest whole number from `least` to `most`."""
        if said is None:
            return default
        becomes = min(max(round(said), least), most)
        if becomes != said:
            self._found.append(Clamp(path, f"{said:g}{unit}", f"{becomes}{unit}"))
        return becomes

    def minutes(self, path: str, said: float) -> int:
        """Seconds as whole minutes, one at least, rounded up: nothing is watched for less than was asked."""
        becomes = min(max(math.ceil(said / 60), 1), BAKE_MOST)
        if becomes * 60 != said:
            self.note(path, f"{said:g}s", f"{becomes}min")
        return becomes

    def note(self, path: str, said: str, becomes: str) -> None:
        self._found.append(Clamp(path, said, becomes))


def _health(manifest: Manifest, clamps: _Clamps) -> Health:
    said, here = manifest.http.healthcheck, "http.healthcheck"
    interval = clamps.whole(f"{here}.interval", said.interval, 5, INTERVAL_LEAST, INTERVAL_MOST, "s")
    most = min(TIMEOUT_MOST, interval - 1)  # it has to be shorter than the interval
    return Health(
        path=said.path,
        interval=interval,
        timeout=clamps.whole(f"{here}.timeout", said.timeout, 2, TIMEOUT_LEAST, most, "s"),
        healthy_threshold=clamps.whole(
            f"{here}.healthy_threshold", said.healthy_threshold, 2, THRESHOLD_LEAST, THRESHOLD_MOST
        ),
        unhealthy_threshold=clamps.whole(
            f"{here}.unhealthy_threshold", said.unhealthy_threshold, 2, THRESHOLD_LEAST, THRESHOLD_MOST
        ),
        grace_period=clamps.whole(f"{here}.grace_period", said.grace_period, 60, 0, 3600, "s"),
    )


def _delay(manifest: Manifest, clamps: _Clamps) -> int:
    said = manifest.http.deregistration_delay
    return clamps.whole("http.deregistration_delay", said, DELAY, 0, DELAY_MOST, "s")


def _idle_timeout(manifest: Manifest, clamps: _Clamps) -> int:
    said = manifest.http.limits.timeout
    return clamps.whole("http.limits.timeout", said, 60, IDLE_LEAST, IDLE_MOST, "s")


def _rollout(said: Deployment, clamps: _Clamps) -> Rollout:
    """ECS has one canary step, and counts minutes. What a strategy does not use is not told of."""
    noted = _Clamps() if said.strategy == "rolling" else clamps
    first = said.steps[0]
    canary = clamps if said.strategy == "canary" else _Clamps()
    if len(said.steps) > 1:
        canary.note("deployment.steps", f"{len(said.steps)} steps", "the first alone")
    return Rollout(
        strategy=said.strategy,
        canary_percent=first.weight,
        canary_minutes=canary.minutes("deployment.steps", first.time),
        bake_minutes=noted.minutes("deployment.bake", said.bake),
    )
