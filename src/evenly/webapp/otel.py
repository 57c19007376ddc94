"""Traces and metrics by OpenTelemetry, in its semantic conventions. Imported only when it is on.

Exporting runs in the SDK's own threads; a collector that is away costs the service nothing but lost spans.
"""

import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from evenly.webapp.database import Database
from evenly.webapp.greetings import GreetingSession
from evenly.webapp.http import Request, Response
from evenly.webapp.pool import Pool
from evenly.webapp.routing import UNMATCHED
from evenly.webapp.settings import Settings
from evenly.webapp.signals import Signals

R = TypeVar("R")
SECONDS_TO_FLUSH = 3.0
# The boundaries that the semantic conventions advise, in seconds.
BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
KNOWN_METHODS = frozenset(["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"])
_PROPAGATOR = TraceContextTextMapPropagator()


class OpenTelemetry:
    """Server spans, database spans, request durations and the pool's size of one instance."""

    def __init__(
        self, wanted: Signals, settings: Settings, environ: Mapping[str, str], pool: Pool[GreetingSession]
    ) -> None:
        resource = _resource(settings, environ)
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        for name in sorted(wanted.traces):
            self._traces.add_span_processor(BatchSpanProcessor(_span_exporter(name)))
        self._metrics = MeterProvider(
            [_reader(name) for name in sorted(wanted.metrics)], resource, shutdown_on_exit=False
        )
        self._tracer = self._traces.get_tracer("evenly.webapp")
        self._duration = _instruments(self._metrics, pool)

    async def observe(
        self, request: Request, scope: Any, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """The answer to `request`, with a server span around it."""
        started = time.perf_counter()
        with self._tracer.start_as_current_span(
            request.method if request.method in KNOWN_METHODS else "HTTP",
            context=_PROPAGATOR.extract(_carrier(request)),
            kind=SpanKind.SERVER,
            attributes=_request_attributes(request, scope),
        ) as span:
            response = await answer(request)
            _finish(span, request, response)
        self._duration.record(time.perf_counter() - started, _metric_attributes(request, scope, response))
        return response

    def traced(self, database: Database[GreetingSession]) -> Database[GreetingSession]:
        """`database`, with a client span around each operation."""
        return _TracedDatabase(database.pool, self._tracer)

    def close(self) -> None:
        """Sends what is left, for a few seconds at most: a collector that hangs must not hold up a stop."""
        flush = threading.Thread(target=self._shut_down, daemon=True)
        flush.start()
        flush.join(SECONDS_TO_FLUSH)

    def _shut_down(self) -> None:
        self._traces.shutdown()
        self._metrics.shutdown()


class _TracedDatabase(Database[GreetingSession]):
    def __init__(self, pool: Pool[GreetingSession], tracer: Tracer) -> None:
        super().__init__(pool)
        self._tracer = tracer

    async def read(self, operation: Callable[[GreetingSession], Awaitable[R]], request: Request) -> R:
        with self._span("SELECT"):
            return await super().read(operation, request)

    async def write(self, operation: Callable[[GreetingSession], Awaitable[R]], request: Request) -> R:
        with self._span("INSERT"):
            return await super().write(operation, request)

    def _span(self, operation: str) -> Any:
        attributes = {
            "db.system.name": "postgresql",
            "db.operation.name": operation,
            "db.collection.name": "greetings",
        }
        name = f"{operation} greetings"
        return self._tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes)


def _instruments(metrics: MeterProvider, pool: Pool[GreetingSession]) -> Any:
    def connections(_options: CallbackOptions) -> Iterable[Observation]:
        common = {"db.client.connection.pool.name": "greetings"}
        yield Observation(pool.idle, {**common, "db.client.connection.state": "idle"})
        yield Observation(pool.size - pool.idle, {**common, "db.client.connection.state": "used"})

    meter = metrics.get_meter("evenly.webapp")
    meter.create_observable_up_down_counter("db.client.connection.count", [connections], "{connection}")
    return meter.create_histogram(
        "http.server.request.duration", "s", explicit_bucket_boundaries_advisory=BOUNDARIES
    )


def _finish(span: Span, request: Request, response: Response) -> None:
    span.set_attribute("http.response.status_code", int(response.status))
    if request.route != UNMATCHED:
        span.update_name(f"{request.method} {request.route}")
        span.set_attribute("http.route", request.route)
    if response.status >= 500:
        span.set_attribute("error.type", str(int(response.status)))
        span.set_status(Status(StatusCode.ERROR))


def _carrier(request: Request) -> dict[str, str]:
    names = ("traceparent", "tracestate")
    return {name: value for name in names if (value := request.headers.get(name))}


def _request_attributes(request: Request, scope: Any) -> dict[str, str]:
    attributes = {
        "http.request.method": request.method if request.method in KNOWN_METHODS else "_OTHER",
        "url.scheme": scope.scheme,
        "url.path": request.path,
        "network.protocol.version": scope.http_version,
        "client.address": scope.client.rpartition(":")[0],
    }
    if request.method not in KNOWN_METHODS:
        attributes["http.request.method_original"] = request.method
    return attributes


def _metric_attributes(request: Request, scope: Any, response: Response) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "http.request.method": request.method if request.method in KNOWN_METHODS else "_OTHER",
        "url.scheme": scope.scheme,
        "http.response.status_code": int(response.status),
    }
    if request.route != UNMATCHED:
        attributes["http.route"] = request.route
    if response.status >= 500:
        attributes["error.type"] = str(int(response.status))
    return attributes


def _resource(settings: Settings, environ: Mapping[str, str]) -> Resource:
    """`Resource.create` adds OTEL_RESOURCE_ATTRIBUTES; what we know wins."""
    return Resource.create(
        {
            "service.instance.id": settings.name,
            "service.version": str(settings.release),
            "cloud.region": settings.region,
            "cloud.availability_zone": settings.zone,
            "deployment.environment.name": settings.environment,
            "service.name": environ.get("OTEL_SERVICE_NAME") or settings.service,
        }
    )


def _span_exporter(name: str) -> SpanExporter:
    if name == "otlp":
        return OTLPSpanExporter()
    return ConsoleSpanExporter(formatter=lambda span: span.to_json(indent=None) + "\n")


def _reader(name: str) -> MetricReader:
    if name == "otlp":
        return PeriodicExportingMetricReader(OTLPMetricExporter())
    console = ConsoleMetricExporter(formatter=lambda metrics: metrics.to_json(indent=None) + "\n")
    return PeriodicExportingMetricReader(console)
