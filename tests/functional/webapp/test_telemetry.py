"""Traces and metrics reach a collector: a small one of ours, which reads the protocol's own messages."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent, parsed."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.traces = []
        self.metrics = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.server.traces.append(ExportTraceServiceRequest.FromString(body))
        elif self.path == "/v1/metrics":
            self.server.metrics.append(ExportMetricsServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def collector():
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def loaded(server) -> bool:
    """Whether the process has loaded the exporter, known by protobuf's extension module."""
    return any("_upb" in part.path for part in psutil.Process(server.process.pid).memory_maps())


def attributes(of) -> dict:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in of.attributes}


async def test_spans_and_metrics_arrive(launch, database_url, collector):
    server = launch(
        DATABASE_URL=database_url, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="greeter"
    )
    async with server.client() as client:
        async with client.get("/greetings/1", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}) as answer:
            assert answer.status == 200
        async with client.get("/nowhere") as answer:
            assert answer.status == 404
    assert loaded(server)
    assert server.stop() == 0
    [resource] = [resource for sent in collector.traces for resource in sent.resource_spans]
    known = attributes(resource.resource)
    assert (known["service.name"], known["service.version"]) == ("greeter", "7")
    assert (known["service.instance.id"], known["cloud.availability_zone"]) == (
        "i-0123456789abcdef0",
        "local-b",
    )
    spans = {span.name: span for scope in resource.scope_spans for span in scope.spans}
    assert sorted(spans) == ["GET", "GET /greetings/{id}", "SELECT greetings"]
    serving, query = spans["GET /greetings/{id}"], spans["SELECT greetings"]
    assert (serving.trace_id.hex(), serving.parent_span_id.hex()) == (TRACE, PARENT)
    assert (query.trace_id, query.parent_span_id) == (serving.trace_id, serving.span_id)
    told = attributes(serving)
    assert told["http.request.method"] == "GET" and told["http.response.status_code"] == 200
    assert told["http.route"] == "/greetings/{id}" and told["url.path"] == "/greetings/1"
    assert attributes(query)["db.system.name"] == "postgresql"
    metrics = {
        metric.name: metric
        for sent in collector.metrics
        for resource in sent.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    points = metrics["http.server.request.duration"].histogram.data_points
    assert {attributes(p)["http.response.status_code"]: p.count for p in points} == {200: 1, 404: 1}
    pool = metrics["db.client.connection.count"].sum.data_points
    assert {attributes(p)["db.client.connection.state"]: p.as_int for p in pool} == {"idle": 1, "used": 0}


async def test_a_collector_that_is_away_costs_no_request_and_no_stop(launch, database_url):
    server = launch(DATABASE_URL=database_url, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    async with server.client() as client, client.get("/") as answer:
        assert answer.status == 200
    assert server.stop() == 0


async def test_spans_on_the_console(launch, database_url):
    server = launch(DATABASE_URL=database_url, OTEL_TRACES_EXPORTER="console")
    async with server.client() as client, client.get("/") as answer:
        assert answer.status == 200
    assert server.stop() == 0
    assert '"name": "GET /"' in server.stdout.read_text()


@pytest.mark.parametrize(
    "environ", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}]
)
def test_nothing_of_it_is_loaded_while_it_is_off(launch, database_url, environ):
    server = launch(DATABASE_URL=database_url, **environ)
    assert not loaded(server)
