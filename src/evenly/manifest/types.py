"""The manifest as types: what `evenly.yaml` can say, with the defaults that hold on every target.

`None` in a health check, and in `deregistration_delay`, means: the target's own default (see
`core.topology`).
"""

from typing import NewType

import msgspec

Seconds = NewType("Seconds", float)

REFERENCE_APP = "evenly.webapp:app"


class App(msgspec.Struct, frozen=True, kw_only=True):
    """What runs: an ASGI or RSGI application (`module:attribute`), or a program that listens on $HOST:$PORT.

    Exactly one of `serve` and `command` is set. `build` is the folder with the app's code, relative to
    the manifest's folder.
    """

    serve: str | None = REFERENCE_APP
    command: tuple[str, ...] | None = None
    build: str = "."


class Healthcheck(msgspec.Struct, frozen=True, kw_only=True):
    """How the balancer asks an instance whether it is alive. Thresholds are counts of answers in a row."""

    path: str = "/healthz"
    interval: Seconds | None = None
    timeout: Seconds | None = None
    healthy_threshold: int | None = None
    unhealthy_threshold: int | None = None
    grace_period: Seconds | None = None


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """How the service is reached. A port of `None`: the default one, or the next that is free."""

    alias: str | None = None
    port: int | None = None
    redirect_port: int | None = None
    redirect_to_https: bool = True
    healthcheck: Healthcheck = Healthcheck()
    deregistration_delay: Seconds | None = None


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many instances: from `minimum` to `maximum`, both included. Equal for a fixed count."""

    minimum: int = 2
    maximum: int = 8


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """The database. `migrations` is a folder of numbered SQL files, relative to the manifest's; `None`: none,
    but for the reference web service, which brings its own."""

    engine: str = "postgres"
    version: int = 18
    migrations: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that one `evenly.yaml` says, checked."""

    name: str
    app: App = App()
    http: Http = Http()
    zones: int = 2
    count: Count = Count()
    database: Database | None = Database()
    variables: dict[str, str] = {}
