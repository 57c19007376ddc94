"""What an alarm is here: what it watches, when it rings, what it says has happened and what to do. Pure.

A metric is a name and where it is counted, so that a test can show that something of ours makes it.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from troposphere import cloudwatch

from evenly.aws.stacks.common import Stack

MINUTE = 60  # s
DAY = 86_400  # s; how often ACM says how long a certificate is good for
PLAIN = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")

# What stands for a minute that nothing was counted in.
Missing = Literal["breaching", "notBreaching", "ignore", "missing"]
Over = Literal[">", ">=", "<", "<="]
_OVER: Mapping[Over, str] = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
}


class Metric(Struct, frozen=True):
    """One metric of CloudWatch, and what of it: `Sum`, `p95`, ... Dimensions in the order in which AWS names them."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, Any], ...]
    statistic: str


class Alarm(Struct, frozen=True):
    """It rings when, in `periods` of the last `of`, each `period` seconds long, the value is `over` the `threshold`.

    `metrics`: by the name that the `expression` has for each; without an expression, the only one. `says`: what has
    happened. `to_do`: what to do, in the imperative.
    """

    title: str
    purpose: str
    says: str
    to_do: str
    metrics: Mapping[str, Metric]
    over: Over
    threshold: float
    periods: int
    of: int
    missing: Missing
    period: int = MINUTE
    expression: str | None = None


def add_alarm(stack: Stack, alarm: Alarm, topic: Any) -> cloudwatch.Alarm:
    """Tells the `topic` when it begins to ring, and when it has ended."""
    return stack.add(
        cloudwatch.Alarm(
            alarm.title,
            AlarmName=stack.names.alarm(alarm.purpose),
            AlarmDescription=f"{alarm.says} What to do: {alarm.to_do}",
            ActionsEnabled=True,
            AlarmActions=[topic],
            OKActions=[topic],
            ComparisonOperator=_OVER[alarm.over],
            Threshold=alarm.threshold,
            DatapointsToAlarm=alarm.periods,
            EvaluationPeriods=alarm.of,
            TreatMissingData=alarm.missing,
            **_watched(alarm),
        )
    )


def _watched(alarm: Alarm) -> dict[str, Any]:
    if alarm.expression is not None:
        return {"Metrics": [*_queries(alarm), _result(alarm.expression)]}
    (metric,) = alarm.metrics.values()
    how = "Statistic" if metric.statistic in PLAIN else "ExtendedStatistic"
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": _dimensions(metric),
        how: metric.statistic,
        "Period": alarm.period,
    }


def _queries(alarm: Alarm) -> list[cloudwatch.MetricDataQuery]:
    return [
        cloudwatch.MetricDataQuery(
            Id=name,
            ReturnData=False,
            MetricStat=cloudwatch.MetricStat(
                Metric=cloudwatch.Metric(
                    Namespace=it.namespace, MetricName=it.name, Dimensions=_dimensions(it)
                ),
                Period=alarm.period,
                Stat=it.statistic,
            ),
        )
        for name, it in alarm.metrics.items()
    ]


def _result(expression: str) -> cloudwatch.MetricDataQuery:
    return cloudwatch.MetricDataQuery(Id="result", Expression=expression, ReturnData=True)


def _dimensions(metric: Metric) -> list[cloudwatch.MetricDimension]:
    return [cloudwatch.MetricDimension(Name=name, Value=value) for name, value in metric.dimensions]
