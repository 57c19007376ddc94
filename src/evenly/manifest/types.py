"""The manifest as types: what `evenly.yaml` can say, with the defaults that hold on every target.

`None` in a health check, and in `deregistration_delay`, means: the target's own default (see
`core.topology`).
"""

from collections.abc import Mapping
from typing import Any, Literal, NewType

import msgspec

Seconds = NewType("Seconds", float)
Bytes = NewType("Bytes", int)
Protocol = Literal["https", "http"]
Strategy = Literal["rolling", "blue-green", "canary"]
Target = Literal["local", "aws"]
Egress = Literal["nat", "nat-per-zone", "endpoints"]
ComputeType = Literal["ec2", "fargate"]

MEBIBYTE = 1024 * 1024

REFERENCE_APP = "evenly.webapp:app"
LOCAL = "local"  # the environment on this machine, which every manifest has


class App(msgspec.Struct, frozen=True, kw_only=True):
    """What runs: an ASGI or RSGI application (`module:attribute`), or a program that listens on $HOST:$PORT.

    Exactly one of `serve` and `command` is set. `build` is the folder with the app's code, relative to
    the manifest's folder. `protocol` is what the instances speak: `https` is mutual TLS.
    """

    serve: str | None = REFERENCE_APP
    command: tuple[str, ...] | None = None
    build: str = "."
    protocol: Protocol = "https"


class Healthcheck(msgspec.Struct, frozen=True, kw_only=True):
    """How the balancer asks an instance whether it is alive. Thresholds are counts of answers in a row."""

    path: str = "/healthz"
    interval: Seconds | None = None
    timeout: Seconds | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None
    grace_period: Seconds | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request, one client and all of them may take.

    `body`: of one request. `timeout`: how long nothing may move in a request or its answer. `connections`: open
    at once, over all clients. `requests`: a second, of one client; `None`: no limit.
    """

    body: Bytes = Bytes(100 * MEBIBYTE)
    timeout: Seconds = Seconds(60.0)
    connections: int = 4096
    requests: int | None = None


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The user's own certificate for the edge: PEM files, relative to the manifest's folder, leaf first."""

    chain: str
    key: str


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """How the service is reached. A port of `None`: the default one, or the next that is free."""

    alias: str | None = None
    port: int | None = None
    redirect_port: int | None = None
    redirect_to_https: bool = True
    healthcheck: Healthcheck = Healthcheck()
    deregistration_delay: Seconds | None = None
    error_pages: str | None = None
    certificate: Certificate | None = None
    limits: Limits = Limits()


class Cooldown(msgspec.Struct, frozen=True, kw_only=True):
    """How long scaling rests after it scaled out before it scales out again, and after any change before it scales
    in. `None`: the target's own default."""

    scale_in: Seconds | None = None
    scale_out: Seconds | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many instances: from `minimum` to `maximum`, both included. Equal for a fixed count.

    What scaling holds, if anything: `response_time`, which 95 of 100 answers are not to exceed; `requests` a second
    and `cpu`, percent of a core, of each instance.
    """

    minimum: int = 2
    maximum: int = 8
    response_time: Seconds | None = None
    requests: int | None = None
    cpu: int | None = None
    cooldown: Cooldown = Cooldown()


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """The database. `migrations` is a folder of numbered SQL files, relative to the manifest's; `None`: none,
    but for the reference web service, which brings its own. `url_from`: the secret that holds the URL of a
    database elsewhere, which is then used in place of one of ours. `multi_zone`: a primary and a standby in sync, in
    two zones."""

    engine: str = "postgres"
    version: int = 18
    migrations: str | None = None
    url_from: str | None = None
    multi_zone: bool = True


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """A process without a port, `count` of them spread over the zones. `variables` come on top of the app's."""

    command: tuple[str, ...]
    count: int = 1
    variables: dict[str, str] = {}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A command run by the clock: `schedule` is a cron expression in UTC; one run at a time, each attempt
    ended after `timeout`, tried again up to `retries` times when it fails."""

    command: tuple[str, ...]
    schedule: str
    timeout: Seconds = Seconds(600.0)
    retries: int = 0
    variables: dict[str, str] = {}


class CanaryStep(msgspec.Struct, frozen=True, kw_only=True):
    """`weight`: percent of the traffic that goes to the new release, for as long as `time`."""

    weight: int
    time: Seconds


class RollbackAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """What rolls a release back. `errors`: percent of the requests that fail; `response_time`: of 95 % of them."""

    errors: float = 1.0
    response_time: Seconds = Seconds(1.0)


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """How a release takes over. `steps`: a canary's. `bake`: how long it is watched with all the traffic."""

    strategy: Strategy = "rolling"
    steps: tuple[CanaryStep, ...] = (CanaryStep(weight=10, time=Seconds(30.0)),)
    bake: Seconds = Seconds(10.0)
    rollback_alarms: RollbackAlarms = RollbackAlarms()


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """The network on AWS. `egress`: by one NAT gateway, by one in each zone, or by endpoints of AWS's services alone.
    `internal`: nothing but the network itself reaches the service. `cidr`: its addresses, a /16."""

    egress: Egress = "nat"
    internal: bool = False
    cidr: str = "10.20.0.0/16"


class Compute(msgspec.Struct, frozen=True, kw_only=True):
    """What tasks run on, on AWS. `instance`: the type of the hosts, for `ec2`. `cpu`: of a task, in units of 1/1024 of
    a processor. `memory`: of a task."""

    type: ComputeType = "ec2"
    instance: str = "t3.small"
    cpu: int = 512
    memory: Bytes = Bytes(512 * MEBIBYTE)


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in front of the balancer on AWS. `default_domain`: CloudFront under its own name, where there is no
    alias. `firewall`: AWS WAF with its managed rules."""

    default_domain: bool = False
    firewall: bool = False


class Observability(msgspec.Struct, frozen=True, kw_only=True):
    """What AWS keeps and tells. `retention`: days that logs are kept. `alarms`: the address that alarms are mailed to.
    `budget`: US dollars a month, of which too much is told. `tracing`: by a collector beside each task."""

    retention: int = 30
    alarms: str | None = None
    budget: int | None = None
    tracing: bool = False


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One environment: `local`, or one on AWS. `regions`: the first is where it runs. `account`: twelve digits, the
    only one that it may be put into; `None`: whichever the credentials are of. `production`: data and names are
    guarded. `overrides`: what it says of the manifest's other keys differently, as the types take it; a name of the
    user's (a variable, a worker) with `None` is taken away."""

    target: Target
    regions: tuple[str, ...] = ()
    account: str | None = None
    production: bool = False
    overrides: dict[str, Any] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that one `evenly.yaml` says, checked.

    `secrets`: by the name of the variable, the name under which the target keeps it; never a value.
    """

    name: str
    app: App = App()
    http: Http = Http()
    zones: int = 2
    count: Count = Count()
    database: Database | None = Database()
    variables: dict[str, str] = {}
    secrets: dict[str, str] = {}
    workers: dict[str, Worker] = {}
    jobs: dict[str, Job] = {}
    deployment: Deployment = Deployment()
    tags: dict[str, str] = {}
    network: Network = Network()
    compute: Compute = Compute()
    edge: Edge = Edge()
    observability: Observability = Observability()
    environments: dict[str, Environment] = {}

    def of_environment(self, name: str) -> "Manifest":
        """The manifest as `name` has it: with what that says differently, and without environments. On this machine it
        says nothing of AWS. An environment that is not written is on this machine, and differs in nothing else."""
        said = self.environments.get(name, Environment(target="local"))
        own = msgspec.structs.replace(self, environments={})
        if said.overrides:
            own = msgspec.convert(merged(msgspec.to_builtins(own), said.overrides), Manifest)
        return own if said.target == "aws" else msgspec.structs.replace(own, **AWS_ALONE)


# The keys that say something of AWS alone, with what they say where they are not written.
AWS_ALONE: Mapping[str, Any] = {
    "tags": {},
    "network": Network(),
    "compute": Compute(),
    "edge": Edge(),
    "observability": Observability(),
}
NAMED = frozenset({"variables", "secrets", "workers", "jobs", "tags"})  # mappings whose keys are the user's


def merged(base: Mapping[str, Any], over: Mapping[str, Any], *, named: bool = False) -> dict[str, Any]:
    """`base` with what `over` says: mappings key by key, all else as a whole. `named`: its keys are names of the
    user's, of which a `None` takes one away."""
    both = {
        key: merged(base[key], value, named=key in NAMED and not named)
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        else value
        for key, value in over.items()
    }
    return {key: value for key, value in {**base, **both}.items() if not (named and value is None)}
