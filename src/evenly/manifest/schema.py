"""The keys of the manifest, what each may hold, and what has to fit together. The one list of keys. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from evenly.manifest import checks, deployment, others
from evenly.manifest.checks import Check, InvalidError, duration, size, whole
from evenly.manifest.hosts import host_name
from evenly.manifest.places import file, folder
from evenly.manifest.variables import check_name

Values = Mapping[str, Any]


class Conflict(Struct, frozen=True):
    """Valid values that do not go together. `key` is the one to point at."""

    key: str
    wrong: InvalidError


class Section(Struct, frozen=True):
    """A mapping: its keys, what it may be other than a mapping (`single`), and what its values add up to.

    `required`: keys that have to be there, each with its advice. `nullable`: a null says something, and is
    `single`'s to judge; elsewhere it is as if the key were not written.
    """

    keys: Mapping[str, "Check | Section | Variables | Named"]
    single: Check | None = None
    nullable: bool = False
    required: Mapping[str, str] = field(default_factory=dict)
    conflicts: Callable[[Values], Iterator[Conflict]] = field(default=lambda _: iter(()))
    finish: Callable[[Values], object] = field(default=dict)


class Variables(Struct, frozen=True):
    """A mapping whose keys are the user's: environment variables."""


class Named(Struct, frozen=True):
    """A mapping whose keys are names of the user's, each with a `value`. `check_name` raises `InvalidError`.

    `nameable`: a key with nothing after it stands for its own name; else it is as if it were not written.
    """

    check_name: Callable[[str], None]
    value: "Check | Section"
    nameable: bool = False


Shape = Check | Section | Variables | Named


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
        "protocol": checks.protocol,
    },
    conflicts=_one_way_to_start,
    finish=_started_app,
)

_LIMITS = Section(
    {
        "body": size("1KiB", "100GiB", "100MiB"),
        "timeout": duration("1s", "1h", "60s"),
        "connections": whole(16, 65536),
        "requests": whole(1, 100000),
    }
)

_CERTIFICATE = Section(
    {"chain": file("certificates/chain.pem"), "key": file("certificates/key.pem")},
    required={"chain": "Write the PEM file with the certificate.", "key": "Write the PEM file with its key."},
)

_HTTP = Section(
    {
        "alias": host_name,
        "port": whole(1, 65535),
        "redirect_port": whole(1, 65535),
        "redirect_to_https": checks.truth,
        "healthcheck": _HEALTHCHECK,
        "deregistration_delay": duration("0s", "1h", "10s"),
        "error_pages": folder("pages"),
        "certificate": _CERTIFICATE,
        "limits": _LIMITS,
    },
    conflicts=_two_ports,
)

_WORKER = Section(
    {"command": checks.command, "count": whole(1, checks.MAX_COUNT), "variables": Variables()},
    required={"command": "Write it as a list: [program, argument]."},
)

_JOB = Section(
    {
        "command": checks.command,
        "schedule": others.schedule,
        "timeout": duration("1s", "24h", "10m"),
        "retries": whole(0, 10),
        "variables": Variables(),
    },
    required={
        "command": "Write it as a list: [program, argument].",
        "schedule": 'Write a cron expression such as "30 2 * * *".',
    },
)


def _canary_alone(said: Values) -> Iterator[Conflict]:
    if "steps" in said and said.get("strategy") != "canary":
        wrong = InvalidError("are a canary's.", "Write strategy: canary beside them, or leave them out.")
        yield Conflict("steps", wrong)


_DEPLOYMENT = Section(
    {
        "strategy": deployment.strategy,
        "steps": deployment.canary_steps,
        "bake": duration("0s", "24h", "10s"),
        "rollback_alarms": Section(
            {"errors": deployment.percentage, "response_time": duration("1ms", "1h", "1s")}
        ),
    },
    conflicts=_canary_alone,
)


def _database_elsewhere(database: Values) -> Iterator[Conflict]:
    if "url_from" in database and "version" in database:
        wrong = InvalidError(
            "stands beside database.url_from, which has its own.", "Leave one of the two out."
        )
        yield Conflict("version", wrong)
    if "url_from" in database and "multi_zone" in database:
        wrong = InvalidError(
            "stands beside database.url_from, whose it is to have a standby.", "Leave it out."
        )
        yield Conflict("multi_zone", wrong)


def _names_used_twice(manifest: Values) -> Iterator[Conflict]:
    for name in manifest.get("secrets", {}):
        if name in manifest.get("variables", {}):
            wrong = InvalidError(f"holds {name}, which is one of the variables too.", "Keep one of the two.")
            yield Conflict("secrets", wrong)
    for name in manifest.get("jobs", {}):
        if name in manifest.get("workers", {}):
            yield Conflict(
                "jobs", InvalidError(f"holds {name}, which is a worker too.", "Rename one of the two.")
            )


_COOLDOWN = Section(
    {"in": duration("0s", "1h", "60s"), "out": duration("0s", "1h", "10s")},
    finish=lambda values: {f"scale_{key}": value for key, value in values.items()},
)


def _ranged(count: Values) -> object:
    """`count` with its range as the two numbers that it stands for."""
    return {key: value for key, value in count.items() if key != "range"} | count.get("range", {})


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
            {
                "range": checks.count_range,
                "response_time": duration("1ms", "1m", "200ms"),
                "requests": whole(1, 100000),
                "cpu": whole(1, 100, "Write percent of a core, 1 to 100, as a plain number such as 60."),
                "cooldown": _COOLDOWN,
            },
            single=checks.count,
            required={"range": "Write a count such as 4, or {range: 2-8}."},
            finish=_ranged,
        ),
        "database": Section(
            {
                "engine": checks.engine,
                "version": checks.version,
                "migrations": folder("db/"),
                "url_from": others.secret_name,
                "multi_zone": checks.truth,
            },
            single=checks.no_database,
            nullable=True,
            conflicts=_database_elsewhere,
        ),
        "variables": Variables(),
        "secrets": Named(check_name, others.secret_source, nameable=True),
        "workers": Named(others.check_process_name, _WORKER),
        "jobs": Named(others.check_process_name, _JOB),
        "deployment": _DEPLOYMENT,
    },
    required={"name": "Add a line such as name: hello."},
    conflicts=_names_used_twice,
)


def paths(section: Section = MANIFEST, path: str = "") -> Iterator[str]:
    """Every dotted key of the manifest, sections included, in the order of the reference."""
    for key, shape in section.keys.items():
        here = f"{path}.{key}" if path else key
        yield here
        if isinstance(shape, Section):
            yield from paths(shape, here)
        elif isinstance(shape, Named) and isinstance(shape.value, Section):
            yield from paths(shape.value, f"{here}.NAME")
