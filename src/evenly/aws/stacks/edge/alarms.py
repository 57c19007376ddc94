"""The alarms of what is global: its metrics are in us-east-1, and an alarm watches those of its own region alone. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
"""

from collections.abc import Iterator
from typing import Any

from troposphere import GetAtt, Ref

from evenly.aws.stacks.alarms import Alarm, Metric, add_alarm
from evenly.aws.stacks.certificates import certificate_alarm
from evenly.aws.stacks.common import Stack


def add_alarms(stack: Stack, topic: Any) -> None:
    for alarm in alarms(stack):
        add_alarm(stack, alarm, topic)


def alarms(stack: Stack) -> Iterator[Alarm]:
    """What the edge is watched for. The resources have to be in the stack."""
    environment = stack.topology.environment
    errors = stack.topology.deployment.rollback_alarms.errors
    yield Alarm(
        title="Unreachable",
        purpose="unreachable",
        says="Visitors from several parts of the world get no answer, or an error, from the service.",
        to_do=f"run `evenly status -e {environment}` and `evenly verify -e {environment}`; if instances are healthy, "
        "look at CloudFront in the AWS Health Dashboard and at the alias's records.",
        metrics={"healthy": Metric("AWS/Route53", "HealthCheckStatus", _check(), "Minimum")},
        over="<",
        threshold=1,
        periods=2,
        of=2,
        missing="breaching",
    )
    yield Alarm(
        title="EdgeErrors",
        purpose="edge-errors",
        says=f"More than {errors:g} % of the requests get an error from CloudFront or from behind it.",
        to_do=f"run `evenly logs -e {environment}`; if the alarms of the balancer are silent, the balancer can't be "
        "reached: look at its security group and at CloudFront's VPC origin.",
        metrics={"errors": Metric("AWS/CloudFront", "5xxErrorRate", _distribution(), "Average")},
        over=">",
        threshold=errors,
        periods=3,
        of=5,
        missing="notBreaching",
    )
    if "Certificate" in stack.template.resources:
        yield certificate_alarm(
            "edge-certificate", Ref("Certificate"), "CloudFront shows to visitors", issued=True
        )


def _check() -> tuple[tuple[str, Any], ...]:
    return (("HealthCheckId", GetAtt("HealthCheck", "HealthCheckId")),)


def _distribution() -> tuple[tuple[str, Any], ...]:
    return (("DistributionId", Ref("Distribution")), ("Region", "Global"))
