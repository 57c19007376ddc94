"""The dashboard: from what visitors see down to what it rests on, in one page that is read from the top. Pure.

Its body is JSON for Fn::Sub. CloudWatch draws metrics of other regions too, so that the edge's are here as well.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from evenly.aws.stacks.alarms import MINUTE, Alarm, Metric
from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.observability.databasealarms import database_metric
from evenly.aws.stacks.observability.logmetrics import APP, counted
from evenly.aws.stacks.observability.servicealarms import balancer_metric, healthy
from evenly.aws.topology import EDGE_REGION, Reach

WIDTH = 24  # of the page, in CloudWatch's units
COLUMNS = 3
HEIGHT = 6
LINE = 140  # characters
HERE = "${AWS::Region}"
Json = dict[str, Any]


class Graph(Struct, frozen=True):
    """One drawing. `lines`: each metric with its label. `most`: where a line is drawn across, if there is a limit."""

    title: str
    lines: Sequence[tuple[Metric, str]]
    region: str = HERE
    stacked: bool = False
    most: float | None = None


def body(stack: Stack, rings: Sequence[Alarm]) -> str:
    """As text that people read, in the template and in CloudWatch's own editor."""
    first = [_alarms(stack, rings)]
    drawn = [_placed(number, it) for number, it in enumerate(graphs(stack))]
    last = [_errors(stack, len(drawn))]
    return indented({"start": "-PT3H", "widgets": [*first, *drawn, *last]})


def indented(value: Any, margin: str = "") -> str:
    """`value` as JSON; what fits on a line is on one."""
    line = json.dumps(value)
    if len(margin) + len(line) <= LINE or not isinstance(value, dict | list) or not value:
        return line
    inner = margin + "  "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {indented(it, inner)}" for key, it in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{margin}}}"
    return "[\n" + ",\n".join(inner + indented(it, inner) for it in value) + f"\n{margin}]"


def graphs(stack: Stack) -> Iterator[Graph]:
    """From the outside in."""
    if stack.topology.reach in (Reach.ALIAS, Reach.DEFAULT_DOMAIN):
        yield from _edge(stack)
    yield from _service(stack)
    if stack.topology.own_database is not None:
        yield from _database(stack)
    yield Graph("Errors in the app's log", [(counted(stack, it), it.title) for it in APP], stacked=True)


def _edge(stack: Stack) -> Iterator[Graph]:
    distribution = (
        ("DistributionId", stack.parameter("DistributionId", "The distribution of CloudFront")),
        ("Region", "Global"),
    )
    check = (("HealthCheckId", stack.parameter("HealthCheckId", "The check that asks as a visitor does")),)
    yield Graph(
        "The service as seen from the world",
        [
            (
                Metric("AWS/Route53", "HealthCheckPercentageHealthy", check, "Average"),
                "checkers that get an answer, %",
            )
        ],
        region=EDGE_REGION,
    )
    yield Graph(
        "CloudFront: requests",
        [(Metric("AWS/CloudFront", "Requests", distribution, "Sum"), "requests a minute")],
        region=EDGE_REGION,
    )
    yield Graph(
        "CloudFront: errors",
        [
            (Metric("AWS/CloudFront", "5xxErrorRate", distribution, "Average"), "5xx, %"),
            (Metric("AWS/CloudFront", "4xxErrorRate", distribution, "Average"), "4xx, %"),
        ],
        region=EDGE_REGION,
    )
    if stack.topology.edge.firewall:
        of = (("Rule", "ALL"), ("WebACL", stack.names.firewall))
        blocked = (Metric("AWS/WAFV2", "BlockedRequests", of, "Sum"), "blocked a minute")
        yield Graph("Firewall", [blocked], region=EDGE_REGION)


def _service(stack: Stack) -> Iterator[Graph]:
    topology = stack.topology
    yield Graph("Requests", [(balancer_metric(stack, "RequestCount", "Sum"), "a minute")])
    yield Graph(
        "Errors",
        [
            (balancer_metric(stack, "HTTPCode_Target_5XX_Count", "Sum"), "by the app"),
            (balancer_metric(stack, "HTTPCode_ELB_5XX_Count", "Sum"), "by the balancer"),
        ],
        stacked=True,
    )
    yield Graph(
        "How long answers take",
        [
            (balancer_metric(stack, "TargetResponseTime", statistic), f"{statistic}, s")
            for statistic in ("p50", "p95", "p99")
        ],
        most=topology.count.response_time,
    )
    yield Graph(
        "Healthy instances",
        [(it, name) for name, it in healthy(stack, "Minimum").items()],
        most=topology.zones,
    )
    yield Graph(
        "Load of the instances",
        [(_tasks(stack, "CPUUtilization"), "CPU, %"), (_tasks(stack, "MemoryUtilization"), "memory, %")],
    )


def _database(stack: Stack) -> Iterator[Graph]:
    yield Graph("Database: CPU", [(database_metric(stack, "CPUUtilization", "Average"), "%")])
    yield Graph(
        "Database: connections", [(database_metric(stack, "DatabaseConnections", "Maximum"), "taken")]
    )
    yield Graph("Database: storage left", [(database_metric(stack, "FreeStorageSpace", "Minimum"), "bytes")])
    yield Graph(
        "Database: how long it takes",
        [
            (database_metric(stack, "ReadLatency", "Average"), "a read, s"),
            (database_metric(stack, "WriteLatency", "Average"), "a write, s"),
        ],
    )


def _tasks(stack: Stack, name: str) -> Metric:
    cluster = ("ClusterName", stack.parameter("ClusterName", "The cluster that the tasks run in"))
    service = ("ServiceName", stack.parameter("ServiceName", "The app's service in the cluster"))
    return Metric("AWS/ECS", name, (cluster, service), "Average")


def _alarms(stack: Stack, rings: Sequence[Alarm]) -> Json:
    arns = [stack.names.alarm_arn(it.purpose) for it in rings]
    return {
        "type": "alarm",
        "x": 0,
        "y": 0,
        "width": WIDTH,
        "height": HEIGHT // 2,
        "properties": {"title": f"{stack.names.prefix}: alarms", "alarms": arns},
    }


def _placed(number: int, graph: Graph) -> Json:
    width = WIDTH // COLUMNS
    return {
        "type": "metric",
        "x": number % COLUMNS * width,
        "y": HEIGHT // 2 + number // COLUMNS * HEIGHT,
        "width": width,
        "height": HEIGHT,
        "properties": _properties(graph),
    }


def _properties(graph: Graph) -> Json:
    limit = {"annotations": {"horizontal": [{"label": "limit", "value": graph.most}]}} if graph.most else {}
    return {
        "title": graph.title,
        "region": graph.region,
        "view": "timeSeries",
        "stacked": graph.stacked,
        "period": MINUTE,
        "metrics": [_line(metric, label) for metric, label in graph.lines],
        "yAxis": {"left": {"min": 0}},
        **limit,
    }


def _line(metric: Metric, label: str) -> list[Any]:
    dimensions = [part for name, value in metric.dimensions for part in (name, _text(value))]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic, "label": label}]


def _text(value: Any) -> str:
    """A parameter as Fn::Sub finds it in a text."""
    return value if isinstance(value, str) else f"${{{value.data['Ref']}}}"


def _errors(stack: Stack, drawn: int) -> Json:
    group = stack.names.log_group("app")
    return {
        "type": "log",
        "x": 0,
        "y": HEIGHT // 2 + -(-drawn // COLUMNS) * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": "The app's last errors",
            "region": HERE,
            "view": "table",
            "query": f"SOURCE '{group}' | fields @timestamp, @message | filter level in ['error', 'critical'] "
            "or @message like /Traceback|ERROR|FATAL|CRITICAL/ | sort @timestamp desc | limit 20",
        },
    }
