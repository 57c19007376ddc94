"""The sections of the manifest that every target has, and what has to fit together in each. Pure."""

from collections.abc import Iterator

from evenly.manifest import checks, deployment, others
from evenly.manifest.checks import InvalidError, duration, size, whole
from evenly.manifest.hosts import host_name
from evenly.manifest.places import file, folder
from evenly.manifest.shapes import Conflict, Section, Values, Variables


def _one_way_to_start(app: Values) -> Iterator[Conflict]:
    if "serve" in app and "command" in app:
        wrong = InvalidError("stands beside app.serve, and only one can run.", "Keep one of the two.")
        yield Conflict(("command",), wrong, (("serve",),), "only one can run", exclusive=True)


def _started_app(app: Values) -> object:
    return {**app, "serve": None} if "command" in app else dict(app)


def _patience_within_interval(health: Values) -> Iterator[Conflict]:
    if health.get("timeout", 0) > health.get("interval", float("inf")):
        most = checks.seconds_told(health["interval"])
        wrong = InvalidError("is longer than the interval.", f"Write {most} or less.")
        yield Conflict(("timeout",), wrong, (("interval",),), "it is longer than the interval")


def _two_ports(http: Values) -> Iterator[Conflict]:
    if "port" in http and http["port"] == http.get("redirect_port"):
        wrong = InvalidError("is http.port too.", "Write two different ports.")
        yield Conflict(("redirect_port",), wrong, (("port",),), "they are one port")


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

APP = Section(
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

HTTP = Section(
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

ZONES = whole(
    2,
    6,
    "Write 2 to 6: when one zone goes out, another has to serve.",
    too_few="is too few.",
)

_COOLDOWN = Section(
    {"in": duration("0s", "1h", "60s"), "out": duration("0s", "1h", "10s")},
    finish=lambda values: {f"scale_{key}": value for key, value in values.items()},
)


def _ranged(count: Values) -> object:
    """`count` with its range as the two numbers that it stands for."""
    return {key: value for key, value in count.items() if key != "range"} | count.get("range", {})


COUNT = Section(
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
)


def _database_elsewhere(database: Values) -> Iterator[Conflict]:
    if "url_from" in database and "version" in database:
        wrong = InvalidError(
            "stands beside database.url_from, which has its own.", "Leave one of the two out."
        )
        why = "a database elsewhere has its own"
        yield Conflict(("version",), wrong, (("url_from",),), why, exclusive=True)
    if "url_from" in database and "multi_zone" in database:
        wrong = InvalidError(
            "stands beside database.url_from, whose it is to have a standby.", "Leave it out."
        )
        why = "it is a database elsewhere that has a standby, or none"
        yield Conflict(("multi_zone",), wrong, (("url_from",),), why, exclusive=True)


DATABASE = Section(
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
)

WORKER = Section(
    {"command": checks.command, "count": whole(1, checks.MAX_COUNT), "variables": Variables()},
    required={"command": "Write it as a list: [program, argument]."},
)

JOB = Section(
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
        yield Conflict(("steps",), wrong, (("strategy",),), "they are a canary's")


DEPLOYMENT = Section(
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
