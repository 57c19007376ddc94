"""Whether OpenTelemetry is on, by the standard `OTEL_*` variables. Loads nothing of it while it is off."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from evenly.webapp.database import Database
from evenly.webapp.greetings import GreetingSession
from evenly.webapp.http import Request, Response
from evenly.webapp.pool import Pool
from evenly.webapp.settings import Settings, SettingsError
from evenly.webapp.signals import Signals

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_EXPORTERS = frozenset({"otlp", "console"})
_PROTOCOL = "http/protobuf"


class Telemetry(Protocol):
    """What the service tells while telemetry is on."""

    async def observe(
        self, request: Request, scope: Any, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response: ...

    def traced(self, database: Database[GreetingSession]) -> Database[GreetingSession]: ...

    def close(self) -> None: ...


def signals_wanted(environ: Mapping[str, str]) -> Signals:
    """What `environ` asks for. Raises `SettingsError` for an exporter or a protocol that we do not have."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Signals(frozenset(), frozenset())
    wanted = Signals(_exporters(environ, "TRACES"), _exporters(environ, "METRICS"))
    if "otlp" in wanted.traces | wanted.metrics:
        _check_protocol(environ)
    return wanted


def make_telemetry(
    environ: Mapping[str, str], settings: Settings, pool: Pool[GreetingSession]
) -> Telemetry | None:
    """`None` while it is off."""
    wanted = signals_wanted(environ)
    if not (wanted.traces or wanted.metrics):
        return None
    from evenly.webapp.otel import OpenTelemetry

    return OpenTelemetry(wanted, settings, environ, pool)


def _exporters(environ: Mapping[str, str], signal: str) -> frozenset[str]:
    name = f"OTEL_{signal}_EXPORTER"
    said = environ.get(name, "").strip().lower()
    if not said:
        endpoints = (_ENDPOINT, f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        return frozenset({"otlp"}) if any(environ.get(e, "").strip() for e in endpoints) else frozenset()
    named = frozenset(part.strip() for part in said.split(",")) - {"none"}
    if unknown := named - _EXPORTERS:
        raise SettingsError(f"{name} can be otlp, console or none, not {min(unknown)[:20]!r}.")
    return named


def _check_protocol(environ: Mapping[str, str]) -> None:
    for name in (
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    ):
        if environ.get(name, _PROTOCOL) != _PROTOCOL:
            raise SettingsError(f"{name} can only be {_PROTOCOL}.")
