"""How ECS brings a release to where it serves, and what makes it take the release back. Pure.

ECS does it itself: rolling, or the new tasks beside the old ones with the traffic moved over by the listener's rule
(blue-green at once, canary in two steps). Nothing of CodeDeploy. A deployment that does not come up is ended by the
circuit breaker, one that comes up and fails its users by the alarms; both go back to the release before.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from typing import Any

from troposphere import GetAtt, Ref, Sub, cloudwatch, ecs

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.service.balancer import Balancer
from evenly.aws.topology import APP_PORT

MINUTE = 60  # s
PERIODS, BREACHING = 3, 2  # of the last three minutes two
METRICS = "AWS/ApplicationELB"


def deployment(stack: Stack, alarms: tuple[cloudwatch.Alarm, ...]) -> ecs.DeploymentConfiguration:
    """Never fewer than are wanted, at most twice as many while a release takes over."""
    rollout = stack.topology.rollout
    said: dict[str, Any] = {"Strategy": "ROLLING"}
    if rollout.strategy == "blue-green":
        said = {"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": rollout.bake_minutes}
    elif rollout.strategy == "canary":
        canary = ecs.CanaryConfiguration(
            CanaryPercent=rollout.canary_percent, CanaryBakeTimeInMinutes=rollout.canary_minutes
        )
        said = {
            "Strategy": "CANARY",
            "BakeTimeInMinutes": rollout.bake_minutes,
            "CanaryConfiguration": canary,
        }
    return ecs.DeploymentConfiguration(
        MinimumHealthyPercent=100,
        MaximumPercent=200,
        DeploymentCircuitBreaker=circuit_breaker(),
        Alarms=ecs.DeploymentAlarms(AlarmNames=[Ref(it) for it in alarms], Enable=True, Rollback=True),
        **said,
    )


def circuit_breaker() -> ecs.DeploymentCircuitBreaker:
    return ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True)


def behind(stack: Stack, balancer: Balancer, container: str) -> ecs.LoadBalancer:
    """The service's place behind the balancer."""
    more: dict[str, Any] = {}
    if balancer.other is not None and balancer.rule is not None:
        more["AdvancedConfiguration"] = ecs.AdvancedConfiguration(
            AlternateTargetGroupArn=Ref(balancer.other),
            ProductionListenerRule=Ref(balancer.rule),
            RoleArn=Sub(stack.names.role_arn("traffic")),
        )
    return ecs.LoadBalancer(
        TargetGroupArn=Ref(balancer.target_group), ContainerName=container, ContainerPort=APP_PORT, **more
    )


def rollback_alarms(stack: Stack, balancer: Balancer) -> tuple[cloudwatch.Alarm, ...]:
    """What users see of a bad release: errors, and slowness. For both target groups together: the one that serves is
    now the one and now the other."""
    limits = stack.topology.deployment.rollback_alarms
    return (_errors(stack, balancer, limits.errors), _slowness(stack, balancer, limits.response_time))


def _errors(stack: Stack, balancer: Balancer, most: float) -> cloudwatch.Alarm:
    """Percent of the requests, those among them that no target answered."""
    share = "IF(FILL(asked, 0) > 0, 100 * (FILL(targets, 0) + FILL(balancer, 0)) / asked, 0)"
    return _alarm(
        stack,
        "RollbackErrors",
        "rollback-errors",
        f"More than {most:g} % of the requests fail. A deployment under way is rolled back; without one, look at what "
        "the app and the database log.",
        most,
        [
            cloudwatch.MetricDataQuery(
                Id="share", Expression=share, Label="failed, percent", ReturnData=True
            ),
            _counted(balancer, "asked", "RequestCount", "Sum"),
            _counted(balancer, "targets", "HTTPCode_Target_5XX_Count", "Sum"),
            _counted(balancer, "balancer", "HTTPCode_ELB_5XX_Count", "Sum"),
        ],
    )


def _slowness(stack: Stack, balancer: Balancer, most: float) -> cloudwatch.Alarm:
    return _alarm(
        stack,
        "RollbackSlowness",
        "rollback-slowness",
        f"5 of 100 requests take longer than {most:g} s. A deployment under way is rolled back; without one, look at "
        "the database, and at how many tasks there are.",
        most,
        [_counted(balancer, "p95", "TargetResponseTime", "p95", shown=True)],
    )


def _alarm(
    stack: Stack,
    title: str,
    purpose: str,
    says: str,
    threshold: float,
    metrics: list[cloudwatch.MetricDataQuery],
) -> cloudwatch.Alarm:
    return stack.add(
        cloudwatch.Alarm(
            title,
            AlarmName=stack.names.alarm(purpose),
            AlarmDescription=says,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=threshold,
            EvaluationPeriods=PERIODS,
            DatapointsToAlarm=BREACHING,
            TreatMissingData="notBreaching",
            Metrics=metrics,
        )
    )


def _counted(
    balancer: Balancer, id: str, metric: str, statistic: str, *, shown: bool = False
) -> cloudwatch.MetricDataQuery:
    return cloudwatch.MetricDataQuery(
        Id=id, MetricStat=metric_stat(balancer, metric, statistic), ReturnData=shown
    )


def metric_stat(balancer: Balancer, metric: str, statistic: str) -> cloudwatch.MetricStat:
    """A metric of the whole balancer, by the minute."""
    name = GetAtt(balancer.load_balancer, "LoadBalancerFullName")
    return cloudwatch.MetricStat(
        Metric=cloudwatch.Metric(
            Namespace=METRICS,
            MetricName=metric,
            Dimensions=[cloudwatch.MetricDimension(Name="LoadBalancer", Value=name)],
        ),
        Period=MINUTE,
        Stat=statistic,
    )
