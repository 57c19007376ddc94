"""The manifest as types: what `evenly.yaml` can say, with the defaults that hold on every target.

`None` in a health check, and in `deregistration_delay`, means: the target's own default (see
`core.topology`).
"""

from typing import Literal, NewType

import msgspec

Seconds = NewType("Seconds", float)
Bytes = NewType("Bytes", int)
Protocol = Literal["https", "http"]
Strategy = Literal["rolling", "blue-green", "canary"]

MEBIBYTE = 1024 * 1024

REFERENCE_APP = "evenly.webapp:app"


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
