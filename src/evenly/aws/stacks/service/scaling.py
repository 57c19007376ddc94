"""How many tasks of the app there are, as the manifest's `count` says it. Pure.

Out and in by target tracking on requests and CPU; out alone, and in steps, by how long answers take: a fast answer does
not tell what fewer could bear, and a slow database would drive tracking of latency to its maximum. So where only
`response_time` is asked for, CPU is tracked beside it, to come back in.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html
"""

from collections.abc import Iterator
from typing import Any

from troposphere import GetAtt, Join, Ref, applicationautoscaling, cloudwatch, ecs

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.service.balancer import Balancer
from evenly.aws.stacks.service.rollout import METRICS, MINUTE, metric_stat
from evenly.core.scaling import STEPS
from evenly.manifest.types import Count

CPU_BESIDE = 60  # percent of what a task reserves, where latency alone is asked for
SLOW_PERIODS = 3  # minutes that p95 stays over its target
COOLDOWN_OUT, COOLDOWN_IN = 60, 300  # s; the manifest's, where it says some


def is_fixed(count: Count) -> bool:
    return count.minimum == count.maximum


def scale(stack: Stack, balancer: Balancer, service: ecs.Service) -> None:
    """The range, and what moves the count within it. The alarm that it has reached its end is among the others, in
    `servicealarms`."""
    count = stack.topology.count
    if is_fixed(count):
        return
    target = _range(stack, service, count)
    for policy in _tracking(stack, balancer, target):
        stack.add(policy)
    if count.response_time is not None:
        _steps(stack, balancer, target, count.response_time)


def _range(stack: Stack, service: ecs.Service, count: Count) -> applicationautoscaling.ScalableTarget:
    return stack.add(
        applicationautoscaling.ScalableTarget(
            "Range",
            MinCapacity=count.minimum,
            MaxCapacity=count.maximum,
            ResourceId=Join("/", ["service", Ref("Cluster"), GetAtt(service, "Name")]),
            ScalableDimension="ecs:service:DesiredCount",
            ServiceNamespace="ecs",
        )
    )


def _tracking(
    stack: Stack, balancer: Balancer, target: applicationautoscaling.ScalableTarget
) -> Iterator[applicationautoscaling.ScalingPolicy]:
    count = stack.topology.count
    if count.requests is not None:
        yield _tracked(stack, target, "ByRequests", float(count.requests * MINUTE), _requests(balancer))
    cpu = count.cpu if count.cpu is not None else CPU_BESIDE
    if count.cpu is not None or (count.response_time is not None and count.requests is None):
        yield _tracked(stack, target, "ByCpu", float(cpu), _predefined("ECSServiceAverageCPUUtilization"))


def _tracked(
    stack: Stack,
    target: applicationautoscaling.ScalableTarget,
    title: str,
    value: float,
    metric: dict[str, Any],
) -> applicationautoscaling.ScalingPolicy:
    cooldown = stack.topology.count.cooldown
    return applicationautoscaling.ScalingPolicy(
        title,
        PolicyName=f"{stack.names.prefix}-{title}",
        PolicyType="TargetTrackingScaling",
        ScalingTargetId=Ref(target),
        TargetTrackingScalingPolicyConfiguration=applicationautoscaling.TargetTrackingScalingPolicyConfiguration(
            TargetValue=value,
            ScaleOutCooldown=round(cooldown.scale_out or COOLDOWN_OUT),
            ScaleInCooldown=round(cooldown.scale_in or COOLDOWN_IN),
            **metric,
        ),
    )


def _predefined(kind: str, **more: Any) -> dict[str, Any]:
    specification = applicationautoscaling.PredefinedMetricSpecification(PredefinedMetricType=kind, **more)
    return {"PredefinedMetricSpecification": specification}


def _requests(balancer: Balancer) -> dict[str, Any]:
    """Requests a minute to each target. The predefined metric is of one target group, and where releases are put beside
    each other now the one serves and now the other: then it is the sum over both."""
    if balancer.other is None:
        label = Join("/", [_full_name(balancer), GetAtt(balancer.target_group, "TargetGroupFullName")])
        return _predefined("ALBRequestCountPerTarget", ResourceLabel=label)
    groups = {"one": balancer.target_group, "other": balancer.other}
    metrics = [
        applicationautoscaling.TargetTrackingMetricDataQuery(
            Id=id, MetricStat=_per_target(balancer, group), ReturnData=False
        )
        for id, group in groups.items()
    ]
    total = applicationautoscaling.TargetTrackingMetricDataQuery(
        Id="each", Expression="FILL(one, 0) + FILL(other, 0)", ReturnData=True
    )
    return {
        "CustomizedMetricSpecification": applicationautoscaling.CustomizedMetricSpecification(
            Metrics=[*metrics, total]
        )
    }


def _per_target(balancer: Balancer, group: Any) -> applicationautoscaling.TargetTrackingMetricStat:
    dimensions = {"LoadBalancer": _full_name(balancer), "TargetGroup": GetAtt(group, "TargetGroupFullName")}
    return applicationautoscaling.TargetTrackingMetricStat(
        Metric=applicationautoscaling.TargetTrackingMetric(
            Namespace=METRICS,
            MetricName="RequestCountPerTarget",
            Dimensions=[
                applicationautoscaling.TargetTrackingMetricDimension(Name=name, Value=value)
                for name, value in dimensions.items()
            ],
        ),
        Stat="Sum",
    )


def _full_name(balancer: Balancer) -> GetAtt:
    return GetAtt(balancer.load_balancer, "LoadBalancerFullName")


def _steps(
    stack: Stack, balancer: Balancer, target: applicationautoscaling.ScalableTarget, response_time: float
) -> None:
    """The local target's steps: the more p95 is over what was asked for, the more of what serves is added."""
    policy = stack.add(
        applicationautoscaling.ScalingPolicy(
            "ByLatency",
            PolicyName=f"{stack.names.prefix}-ByLatency",
            PolicyType="StepScaling",
            ScalingTargetId=Ref(target),
            StepScalingPolicyConfiguration=applicationautoscaling.StepScalingPolicyConfiguration(
                AdjustmentType="PercentChangeInCapacity",
                MetricAggregationType="Average",
                MinAdjustmentMagnitude=1,
                Cooldown=round(stack.topology.count.cooldown.scale_out or COOLDOWN_OUT),
                StepAdjustments=step_adjustments(response_time),
            ),
        )
    )
    stack.add(
        cloudwatch.Alarm(
            "Slow",
            AlarmName=stack.names.alarm("slow"),
            AlarmDescription=f"5 of 100 answers have taken longer than {response_time:g} s for {SLOW_PERIODS} minutes: "
            "tasks are added. If that does not help, look at the database.",
            AlarmActions=[Ref(policy)],
            ComparisonOperator="GreaterThanThreshold",
            Threshold=response_time,
            EvaluationPeriods=SLOW_PERIODS,
            DatapointsToAlarm=SLOW_PERIODS,
            TreatMissingData="notBreaching",
            Metrics=[
                cloudwatch.MetricDataQuery(
                    Id="p95", MetricStat=metric_stat(balancer, "TargetResponseTime", "p95"), ReturnData=True
                )
            ],
        )
    )


def step_adjustments(response_time: float) -> list[applicationautoscaling.StepAdjustment]:
    """Bounds in seconds over the alarm's threshold, from the smallest step up; the last one is open."""
    steps = sorted(STEPS)
    found = []
    for number, (times, share) in enumerate(steps):
        bounds: dict[str, float] = {"MetricIntervalLowerBound": _over(response_time, times)}
        if number + 1 < len(steps):
            bounds["MetricIntervalUpperBound"] = _over(response_time, steps[number + 1][0])
        found.append(applicationautoscaling.StepAdjustment(ScalingAdjustment=round(100 * share), **bounds))
    return found


def _over(response_time: float, times: float) -> float:
    """Seconds over the target, to the microsecond."""
    return round(response_time * (times - 1), 6)
