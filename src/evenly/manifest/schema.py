"""The keys of the manifest, what each may hold, and what has to fit together. The one list of keys. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evenly.manifest import checks
from evenly.manifest.checks import Check, InvalidError, duration, folder, whole
from evenly.manifest.hosts import host_name

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Valid values that do not go together. `key` is the one to point at."""

    key: str
    wrong: InvalidError


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping: its keys, what it may be other than a mapping (`single`), and what its values add up to.

    `required`: keys that have to be there, each with its advice. `nullable`: a null says something, and is
    `single`'s to judge; elsewhere it is as if the key were not written.
    """

    keys: Mapping[str, "Check | Section | Variables"]
    single: Check | None = None
    nullable: bool = False
    required: Mapping[str, str] = field(default_factory=dict)
    conflicts: Callable[[Values], Iterator[Conflict]] = field(default=lambda _: iter(()))
    finish: Callable[[Values], object] = field(default=dict)


@dataclass(frozen=True, slots=True)
class Variables:
    """A mapping whose keys are the user's: environment variables."""


Shape = Check | Section | Variables


def _one_way_to_start(app: Values) -> Iterator[Conflict]:
    if "serve" in app and "command" in app:
        yield Conflict(
            "command", InvalidError("stands beside app.serve, and only one can run.", "Keep one of the two.")
        )


def _started_app(app: Values) -> object:
    return {**app, "serve": None} if "command" in app else dict(app)


def _patience_within_interval(health: Values) -> Iterator[Conflict]:
    if health.get("timeout", 0) > health.get("interval", float("inf")):
        most = checks.seconds_told(health["interval"])
        yield Conflict("timeout", InvalidError("is longer than the interval.", f"Write {most} or less."))


def _two_ports(http: Values) -> Iterator[Conflict]:
    if "port" in http and http["port"] == http.get("redirect_port"):
        yield Conflict("redirect_port", InvalidError("is http.port too.", "Write two different ports."))


_HEALTHCHECK = Section(
    {
        "path": checks.health_path,
        "interval": duration("100ms", "5m", "10s"),
        "timeout": duration("50ms", "2m", "2s"),
        "healthy_threshold": whole(1, 10),
        "unhealthy_threshold": whole(1, 10),
        "grace_period": duration("1s", "1h", "30s"),
    },
    single=checks.healthcheck_path_alone,
    conflicts=_patience_within_interval,
)

_APP = Section(
    {
        "serve": checks.serve,
        "command": checks.command,
        "build": folder("web, or . for the one this file is in"),
    },
    conflicts=_one_way_to_start,
    finish=_started_app,
)

_HTTP = Section(
    {
        "alias": host_name,
        "port": whole(1, 65535),
        "redirect_port": whole(1, 65535),
        "redirect_to_https": checks.truth,
        "healthcheck": _HEALTHCHECK,
        "deregistration_delay": duration("0s", "1h", "10s"),
    },
    conflicts=_two_ports,
)

_ZONES = whole(
    2,
    6,
    "Write 2 to 6: when one zone goes out, another has to serve.",
    too_few="is too few.",
)

MANIFEST = Section(
    {
        "name": checks.name,
        "app": _APP,
        "http": _HTTP,
        "zones": _ZONES,
        "count": Section(
            {"range": checks.count_range},
            single=checks.count,
            required={"range": "Write a count such as 4, or {range: 2-8}."},
            finish=lambda values: values.get("range", {}),
        ),
        "database": Section(
            {"engine": checks.engine, "version": checks.version, "migrations": folder("db/")},
            single=checks.no_database,
            nullable=True,
        ),
        "variables": Variables(),
    },
    required={"name": "Add a line such as name: hello."},
)


def paths(section: Section = MANIFEST, path: str = "") -> Iterator[str]:
    """Every dotted key of the manifest, sections included, in the order of the reference."""
    for key, shape in section.keys.items():
        here = f"{path}.{key}" if path else key
        yield here
        if isinstance(shape, Section):
            yield from paths(shape, here)
