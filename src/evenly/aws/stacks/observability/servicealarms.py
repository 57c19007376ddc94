"""The alarms of the service: what its visitors see, and how many instances stand behind it. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from collections.abc import Iterator
from typing import Any

from evenly.aws.stacks.alarms import Alarm, Metric
from evenly.aws.stacks.common import Stack

NAMESPACE = "AWS/ApplicationELB"
FEW = 5  # failed requests a minute that are no share of anything
BUSY_MINUTES = 15  # at the maximum; a release, which has up to twice as many for a while, is through by then


def service_alarms(stack: Stack) -> Iterator[Alarm]:
    yield _app_errors(stack)
    yield _balancer_errors(stack)
    yield _slow(stack)
    yield _few_instances(stack)
    if stack.topology.count.minimum < stack.topology.count.maximum:
        yield _at_maximum(stack)


def balancer_metric(stack: Stack, name: str, statistic: str) -> Metric:
    """Of the whole balancer."""
    return Metric(NAMESPACE, name, (_balancer(stack),), statistic)


def healthy(stack: Stack, statistic: str) -> dict[str, Metric]:
    """Instances that answer their health checks, by target group: what a release brings beside the old ones has a group
    of its own, and the one that nothing is in counts nothing."""
    groups = {"serving": "TargetGroupFullName"}
    if stack.topology.deployment.strategy != "rolling":
        groups["other"] = "OtherTargetGroupFullName"
    return {
        name: Metric(NAMESPACE, "HealthyHostCount", (_group(stack, output), _balancer(stack)), statistic)
        for name, output in groups.items()
    }


def _app_errors(stack: Stack) -> Alarm:
    most = stack.topology.deployment.rollback_alarms.errors
    return Alarm(
        title="AppErrors",
        purpose="app-errors",
        says=f"The app answers more than {most:g} % of the requests with a server error.",
        to_do=f"run `evenly logs -e {stack.topology.environment}` for the errors; if they began with a release, "
        f"`evenly rollback -e {stack.topology.environment}`; if the database is meant, see its alarms.",
        metrics={
            "failed": balancer_metric(stack, "HTTPCode_Target_5XX_Count", "Sum"),
            "asked": balancer_metric(stack, "RequestCount", "Sum"),
        },
        expression="100 * failed / asked",
        over=">",
        threshold=most,
        periods=3,
        of=5,
        missing="notBreaching",
    )


def _balancer_errors(stack: Stack) -> Alarm:
    """Requests for which there was no instance are among those that failed, and not among those that were asked."""
    most = stack.topology.deployment.rollback_alarms.errors
    return Alarm(
        title="BalancerErrors",
        purpose="balancer-errors",
        says=f"For more than {most:g} % of the requests the balancer gets no answer from an instance.",
        to_do=f"run `evenly status -e {stack.topology.environment}`: instances that are missing or unhealthy say why "
        "in their log; if all are healthy, they cut connections off, or take longer than `http.limits.timeout`.",
        metrics={
            "failed": balancer_metric(stack, "HTTPCode_ELB_5XX_Count", "Sum"),
            "asked": balancer_metric(stack, "RequestCount", "Sum"),
        },
        expression=f"IF(failed > {FEW}, 100 * failed / (FILL(asked, 0) + failed), 0)",
        over=">",
        threshold=most,
        periods=3,
        of=5,
        missing="notBreaching",
    )


def _slow(stack: Stack) -> Alarm:
    held = stack.topology.count.response_time
    most = held if held is not None else stack.topology.deployment.rollback_alarms.response_time
    return Alarm(
        title="SlowAnswers",
        purpose="slow-answers",
        says=f"For ten minutes, 5 of 100 answers have taken longer than {most * 1000:g} ms.",
        to_do="look at the dashboard: if the database is busy, find its slow statements; if the instances are, raise "
        "`count.range` or the size of a task; more instances do not help a slow database.",
        metrics={"p95": balancer_metric(stack, "TargetResponseTime", "p95")},
        over=">",
        threshold=most,
        periods=10,
        of=10,
        missing="notBreaching",
    )


def _few_instances(stack: Stack) -> Alarm:
    zones = stack.topology.zones
    metrics = healthy(stack, "Minimum")
    return Alarm(
        title="FewInstances",
        purpose="few-instances",
        says=f"Fewer than {zones} instances are healthy, so that a zone has none.",
        to_do=f"run `evenly status -e {stack.topology.environment}`; AWS replaces what is lost by itself. If a whole "
        "zone is away, wait; if new instances end at once, look at their log and at the last release.",
        metrics=metrics,
        expression=_sum(metrics) if len(metrics) > 1 else None,
        over="<",
        threshold=zones,
        periods=3,
        of=3,
        missing="breaching",
    )


def _at_maximum(stack: Stack) -> Alarm:
    most = stack.topology.count.maximum
    metrics = healthy(stack, "Maximum")
    return Alarm(
        title="AtMaximum",
        purpose="at-maximum",
        says=f"For {BUSY_MINUTES} minutes there have been {most} instances, the most that the manifest allows.",
        to_do="if the load is real, raise `count.range`; if answers are slow although the instances are idle, look at "
        "the database first: more instances would make it slower.",
        metrics=metrics,
        expression=_sum(metrics) if len(metrics) > 1 else None,
        over=">=",
        threshold=most,
        periods=BUSY_MINUTES,
        of=BUSY_MINUTES,
        missing="notBreaching",
    )


def _sum(metrics: dict[str, Metric]) -> str:
    return " + ".join(f"FILL({name}, 0)" for name in metrics)


def _balancer(stack: Stack) -> tuple[str, Any]:
    return "LoadBalancer", stack.parameter("BalancerFullName", "The balancer as CloudWatch names it")


def _group(stack: Stack, output: str) -> tuple[str, Any]:
    return "TargetGroup", stack.parameter(output, "A target group of the balancer as CloudWatch names it")
