"""How a release comes, what makes it go back, and how the count follows the load."""

from typing import Any

import pytest
from tests.unit.aws.serviceworld import Json, body, manifest, only, rendered, resources, topology

from evenly.aws.topology import aws_topology
from evenly.core.scaling import STEPS
from evenly.manifest.types import CanaryStep, Cooldown, Count, Deployment, RollbackAlarms, Seconds

LATENCY = Count(minimum=2, maximum=8, response_time=Seconds(0.2))


def deployment(kind: str) -> Json:
    found: Json = body(kind)["Resources"]["App"]["Properties"]["DeploymentConfiguration"]
    return found


def alarms(found: Json) -> dict[str, Json]:
    return {it["AlarmName"]: it for it in resources(found, "CloudWatch::Alarm").values()}


def policies(count: Count, **more: Any) -> dict[str, Json]:
    return resources(rendered(topology(count=count, **more)), "ApplicationAutoScaling::ScalingPolicy")


def test_never_fewer_than_are_wanted_and_twice_as_many_at_most() -> None:
    for kind in ("small", "blue-green", "canary", "fargate"):
        said = deployment(kind)
        assert (said["MinimumHealthyPercent"], said["MaximumPercent"]) == (100, 200)
        assert said["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


def test_a_rolling_release_takes_no_time_to_watch_that_aws_would_refuse() -> None:
    assert deployment("small")["Strategy"] == "ROLLING"
    assert "BakeTimeInMinutes" not in deployment("small")


def test_releases_beside_the_old_one_are_ecs_own() -> None:
    assert deployment("blue-green")["Strategy"] == "BLUE_GREEN"
    assert deployment("blue-green")["BakeTimeInMinutes"] == 1
    canary = deployment("canary")
    assert canary["Strategy"] == "CANARY"
    assert canary["BakeTimeInMinutes"] == 5
    assert canary["CanaryConfiguration"] == {"CanaryPercent": 20, "CanaryBakeTimeInMinutes": 2}
    for kind in ("blue-green", "canary"):
        (place,) = body(kind)["Resources"]["App"]["Properties"]["LoadBalancers"]
        assert place["TargetGroupArn"] == {"Ref": "TargetGroup"}
        assert place["AdvancedConfiguration"] == {
            "AlternateTargetGroupArn": {"Ref": "OtherTargetGroup"},
            "ProductionListenerRule": {"Ref": "ServingRule"},
            "RoleArn": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/hello-staging-traffic"},
        }


def test_what_ecs_rounds_is_told() -> None:
    steps = (CanaryStep(weight=10, time=Seconds(30.0)), CanaryStep(weight=50, time=Seconds(60.0)))
    said = Deployment(strategy="canary", steps=steps, bake=Seconds(60.0))
    told = {(it.path, it.said, it.becomes) for it in topology(deployment=said).clamps}
    assert told == {("deployment.steps", "2 steps", "the first alone"), ("deployment.steps", "30s", "1min")}
    assert topology(deployment=Deployment()).clamps == ()


def test_a_release_that_fails_its_users_goes_back() -> None:
    limits = RollbackAlarms(errors=2.5, response_time=Seconds(0.8))
    found = rendered(topology(deployment=Deployment(rollback_alarms=limits)))
    service = found["Resources"]["App"]["Properties"]["DeploymentConfiguration"]["Alarms"]
    assert service == {
        "AlarmNames": [{"Ref": "RollbackErrors"}, {"Ref": "RollbackSlowness"}],
        "Enable": True,
        "Rollback": True,
    }
    errors = alarms(found)["hello-staging-rollback-errors"]
    slowness = alarms(found)["hello-staging-rollback-slowness"]
    assert (errors["Threshold"], slowness["Threshold"]) == (2.5, 0.8)
    (p95,) = slowness["Metrics"]
    assert p95["MetricStat"]["Stat"] == "p95"
    assert p95["MetricStat"]["Metric"]["MetricName"] == "TargetResponseTime"
    counted = {
        it["Id"]: it["MetricStat"]["Metric"]["MetricName"] for it in errors["Metrics"] if "MetricStat" in it
    }
    assert counted == {
        "asked": "RequestCount",
        "targets": "HTTPCode_Target_5XX_Count",
        "balancer": "HTTPCode_ELB_5XX_Count",
    }
    for it in (errors, slowness):
        assert it["TreatMissingData"] == "notBreaching"  # nobody asks: nothing has failed


@pytest.mark.parametrize("kind", ["small", "full", "fargate", "canary"])
def test_the_metrics_are_the_balancers_whichever_target_group_serves(kind: str) -> None:
    for name, it in alarms(body(kind)).items():
        if "rollback" in name:
            for metric in it["Metrics"]:
                if "MetricStat" in metric:
                    (dimension,) = metric["MetricStat"]["Metric"]["Dimensions"]
                    assert dimension["Name"] == "LoadBalancer"


def test_the_count_is_held_by_tracking_and_stepped_by_latency() -> None:
    everything = Count(minimum=2, maximum=9, response_time=Seconds(0.2), requests=100, cpu=70)
    found = rendered(topology(count=everything))
    target = only(found, "ApplicationAutoScaling::ScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 9)
    made = policies(everything)
    assert set(made) == {"ByRequests", "ByCpu", "ByLatency"}
    tracked = {name: it.get("TargetTrackingScalingPolicyConfiguration") for name, it in made.items()}
    assert tracked["ByRequests"]["TargetValue"] == 6000  # a minute, of 100 a second
    assert tracked["ByCpu"]["TargetValue"] == 70
    assert made["ByLatency"]["PolicyType"] == "StepScaling"
    kinds = {
        name: it["PredefinedMetricSpecification"]["PredefinedMetricType"]
        for name, it in tracked.items()
        if it
    }
    assert kinds == {"ByRequests": "ALBRequestCountPerTarget", "ByCpu": "ECSServiceAverageCPUUtilization"}


def test_the_steps_are_the_local_targets() -> None:
    said = policies(LATENCY)["ByLatency"]["StepScalingPolicyConfiguration"]
    assert said["AdjustmentType"] == "PercentChangeInCapacity"
    found = [(it["MetricIntervalLowerBound"], it["ScalingAdjustment"]) for it in said["StepAdjustments"]]
    assert found == [(round(0.2 * (times - 1), 6), round(100 * share)) for times, share in sorted(STEPS)]
    ends = [it.get("MetricIntervalUpperBound") for it in said["StepAdjustments"]]
    assert ends == [begin for begin, _ in found[1:]] + [None]


def test_latency_only_ever_adds_and_cpu_brings_the_count_back() -> None:
    made = policies(LATENCY)
    assert set(made) == {"ByCpu", "ByLatency"}
    steps = made["ByLatency"]["StepScalingPolicyConfiguration"]["StepAdjustments"]
    assert all(it["ScalingAdjustment"] > 0 for it in steps)
    (slow,) = [it for it in alarms(rendered(topology(count=LATENCY))).values() if it.get("AlarmActions")]
    assert (slow["Threshold"], slow["EvaluationPeriods"], slow["DatapointsToAlarm"]) == (0.2, 3, 3)
    assert slow["AlarmActions"] == [{"Ref": "ByLatency"}]
    assert slow["Metrics"][0]["MetricStat"]["Stat"] == "p95"


def test_without_a_figure_nothing_moves_the_count_as_on_this_machine() -> None:
    assert policies(Count(minimum=2, maximum=8)) == {}
    assert set(policies(Count(minimum=2, maximum=8, requests=10))) == {"ByRequests"}
    assert policies(Count(minimum=4, maximum=4, cpu=50)) == {}


def test_cooldowns_are_the_manifests() -> None:
    rests = Cooldown(scale_in=Seconds(600.0), scale_out=Seconds(30.0))
    made = policies(Count(minimum=2, maximum=8, cpu=50, response_time=Seconds(1.0), cooldown=rests))
    tracked = made["ByCpu"]["TargetTrackingScalingPolicyConfiguration"]
    assert (tracked["ScaleInCooldown"], tracked["ScaleOutCooldown"]) == (600, 30)
    assert made["ByLatency"]["StepScalingPolicyConfiguration"]["Cooldown"] == 30


def test_requests_count_on_whichever_target_group_serves() -> None:
    """The predefined metric is of one, and after a release beside it the other one serves."""
    said = aws_topology(
        manifest(deployment=Deployment(strategy="blue-green"), count=Count(requests=50)), "staging"
    )
    made = resources(rendered(said), "ApplicationAutoScaling::ScalingPolicy")
    metrics = made["ByRequests"]["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"][
        "Metrics"
    ]
    groups = [
        dimension["Value"]["Fn::GetAtt"][0]
        for it in metrics
        if "MetricStat" in it
        for dimension in it["MetricStat"]["Metric"]["Dimensions"]
        if dimension["Name"] == "TargetGroup"
    ]
    assert groups == ["TargetGroup", "OtherTargetGroup"]
    (shown,) = [it for it in metrics if it["ReturnData"]]
    assert shown["Expression"] == "FILL(one, 0) + FILL(other, 0)"
