"""Every alarm watches something that is made, rings where it is heard, and says what to do."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.aws.edgeworld import MANIFESTS, Json, manifest, of_type, stacks
from tests.unit.aws.metricsworld import GIVEN, GLOBAL, KNOWN, LOOKED_UP, OUTPUTS, SOMETIMES

from evenly.aws.stacks import observability
from evenly.aws.topology import aws_topology
from evenly.manifest.types import Count, Seconds

ALWAYS = {"AppErrors", "BalancerErrors", "SlowAnswers", "FewInstances"}
OF_DATABASE = {"DatabaseStorage", "DatabaseCpu", "DatabaseConnections", "DoorOpen", "DoorUnwatched"}
ALARM = "AWS::CloudWatch::Alarm"


def alarms(kind: str, concern: str = "observability") -> dict[str, Json]:
    return of_type(stacks(kind)[concern], ALARM)


def every_alarm() -> Iterator[tuple[str, str, str, Json]]:
    for kind in MANIFESTS:
        for concern in ("observability", "edge"):
            if concern in stacks(kind):
                for title, it in alarms(kind, concern).items():
                    yield kind, concern, title, it


def watched(alarm: Json) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Namespace, metric and dimensions of each metric of the alarm."""
    if "Metrics" in alarm:
        metrics = [it["MetricStat"]["Metric"] for it in alarm["Metrics"] if "MetricStat" in it]
    else:
        metrics = [alarm]
    for it in metrics:
        yield it["Namespace"], it["MetricName"], {x["Name"]: x["Value"] for x in it.get("Dimensions", [])}


EVERY = list(every_alarm())
NAMED = [f"{kind}-{concern}-{title}" for kind, concern, title, _ in EVERY]


@pytest.mark.parametrize(
    ("kind", "rings"),
    [
        ("full", ALWAYS | OF_DATABASE | {"AtMaximum", "CertificateEnds"}),
        ("default-domain", ALWAYS | OF_DATABASE),  # a fixed count, and no certificate of ours
        ("internal", ALWAYS | {"AtMaximum", "CertificateEnds"}),  # the database is elsewhere
        ("balancer", ALWAYS | OF_DATABASE | {"AtMaximum", "CertificateEnds"}),
    ],
)
def test_each_kind_of_environment_has_the_alarms_of_what_it_has(kind: str, rings: set[str]) -> None:
    assert set(alarms(kind)) == rings


@pytest.mark.parametrize(
    ("kind", "rings"),
    [
        ("alias", {"Unreachable", "EdgeErrors", "CertificateEnds"}),
        ("default-domain", {"Unreachable", "EdgeErrors"}),
        ("internal-alias", set()),
    ],
)
def test_what_is_global_rings_with_the_edge(kind: str, rings: set[str]) -> None:
    assert set(alarms(kind, "edge")) == rings


@pytest.mark.parametrize(("kind", "concern", "title", "alarm"), EVERY, ids=NAMED)
def test_an_alarm_watches_metrics_that_are_made(kind: str, concern: str, title: str, alarm: Json) -> None:
    template = stacks(kind)[concern]
    counted = {
        (it["MetricTransformations"][0]["MetricNamespace"], it["MetricTransformations"][0]["MetricName"])
        for it in of_type(template, "AWS::Logs::MetricFilter").values()
    }
    for namespace, name, dimensions in watched(alarm):
        if (namespace, name) in counted:
            assert not dimensions
            continue
        assert (namespace, name) in KNOWN
        assert tuple(sorted(dimensions)) == KNOWN[namespace, name]
        assert (namespace in GLOBAL) <= (concern == "edge")
        for dimension, value in dimensions.items():
            assert_is_made(template, dimension, value)


def assert_is_made(template: Json, dimension: str, value: Any) -> None:
    """By a resource of the same stack, by another stack, or known to Evenly; never a name out of the air."""
    match value:
        case {"Ref": str(name)} if name in template["Resources"]:
            assert dimension in ("DistributionId", "CertificateArn")
        case {"Ref": str(name)}:
            assert name in template["Parameters"]
            assert name in GIVEN[dimension]
        case {"Fn::GetAtt": [name, "HealthCheckId"]}:
            assert template["Resources"][name]["Type"] == "AWS::Route53::HealthCheck"
        case _:
            assert (dimension, value) == ("Region", "Global")


@pytest.mark.parametrize("kind", MANIFESTS)
def test_each_parameter_is_an_output_of_another_stack_or_looked_up(kind: str) -> None:
    for concern in {"observability", "edge", "budget"} & stacks(kind).keys():
        from_others = frozenset().union(*(it for name, it in OUTPUTS.items() if name != concern))
        asked = set(stacks(kind)[concern].get("Parameters", {}))
        assert asked <= from_others | SOMETIMES | LOOKED_UP


@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_stacks_that_are_there_give_what_is_taken_from_them(kind: str) -> None:
    for name, template in stacks(kind).items():
        if name in OUTPUTS and (name, kind) != ("edge", "internal-alias"):
            assert OUTPUTS[name] <= set(template["Outputs"])


@pytest.mark.parametrize(("kind", "concern", "title", "alarm"), EVERY, ids=NAMED)
def test_an_alarm_tells_the_topic_of_its_own_region_when_it_begins_and_when_it_ends(
    kind: str, concern: str, title: str, alarm: Json
) -> None:
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]
    assert alarm["ActionsEnabled"] is True
    assert stacks(kind)[concern]["Resources"]["Alarms"]["Type"] == "AWS::SNS::Topic"


@pytest.mark.parametrize(("kind", "concern", "title", "alarm"), EVERY, ids=NAMED)
def test_an_alarm_says_what_has_happened_and_what_to_do(
    kind: str, concern: str, title: str, alarm: Json
) -> None:
    says, to_do = alarm["AlarmDescription"].split(" What to do: ")
    assert says.endswith(".")
    assert to_do.endswith(".")
    assert len(alarm["AlarmDescription"]) <= 1024
    assert alarm["AlarmName"].startswith("hello-staging-")


def test_no_two_alarms_of_an_environment_have_one_name() -> None:
    for kind in MANIFESTS:
        names = [it["AlarmName"] for of, _, _, it in EVERY if of == kind]
        assert len(set(names)) == len(names)


# --- when they ring


def rings(alarm: Json) -> tuple[str, float, int, int, int | None]:
    return (
        alarm["ComparisonOperator"],
        alarm["Threshold"],
        alarm["DatapointsToAlarm"],
        alarm["EvaluationPeriods"],
        alarm.get("Period"),
    )


def made(**more: Any) -> dict[str, Json]:
    template = observability.template(aws_topology(manifest(**more), "staging")).to_dict()
    return of_type(template, ALARM)


def test_fewer_healthy_instances_than_zones_ring_also_when_nothing_is_counted() -> None:
    alarm = made(zones=3, count=Count(minimum=3, maximum=6))["FewInstances"]
    assert rings(alarm) == ("LessThanThreshold", 3, 3, 3, 60)
    assert (alarm["Statistic"], alarm["TreatMissingData"]) == ("Minimum", "breaching")


def test_the_most_instances_ring_after_a_quarter_of_an_hour_unless_the_count_is_fixed() -> None:
    assert rings(made(count=Count(minimum=2, maximum=6))["AtMaximum"]) == (
        "GreaterThanOrEqualToThreshold",
        6,
        15,
        15,
        60,
    )
    assert "AtMaximum" not in made(count=Count(minimum=4, maximum=4))


def test_slow_answers_are_those_over_what_scaling_holds_or_what_rolls_back() -> None:
    held = made(count=Count(minimum=2, maximum=6, response_time=Seconds(0.25)))["SlowAnswers"]
    assert (held["Threshold"], held["ExtendedStatistic"]) == (0.25, "p95")
    assert "250 ms" in held["AlarmDescription"]
    assert made()["SlowAnswers"]["Threshold"] == manifest().deployment.rollback_alarms.response_time


def test_errors_ring_as_a_share_of_the_requests() -> None:
    alarm = made()["AppErrors"]
    (result,) = (it for it in alarm["Metrics"] if it["ReturnData"])
    assert result["Expression"] == "100 * failed / asked"
    assert {it["Id"]: it["MetricStat"]["Stat"] for it in alarm["Metrics"] if "MetricStat" in it} == {
        "failed": "Sum",
        "asked": "Sum",
    }
    assert alarm["Threshold"] == manifest().deployment.rollback_alarms.errors


def test_with_two_target_groups_the_healthy_of_both_count() -> None:
    alarm = alarms("blue-green")["FewInstances"]
    (result,) = (it for it in alarm["Metrics"] if it["ReturnData"])
    assert result["Expression"] == "FILL(serving, 0) + FILL(other, 0)"
    groups = {dimensions["TargetGroup"]["Ref"] for _, _, dimensions in watched(alarm)}
    assert groups == {"TargetGroupFullName", "OtherTargetGroupFullName"}


def test_a_certificate_rings_before_it_ends_by_its_own_means() -> None:
    for kind, renews in (("alias", "ACM renews it"), ("balancer", "run `evenly deploy`")):
        alarm = alarms(kind)["CertificateEnds"]
        assert rings(alarm) == ("LessThanThreshold", 30, 1, 1, 86400)
        assert alarm["Statistic"] == "Minimum"
        assert renews in alarm["AlarmDescription"]


def test_the_database_rings_while_there_is_still_something_left() -> None:
    found = made()
    assert rings(found["DatabaseStorage"])[:2] == ("LessThanThreshold", 2 * 1024**3)
    assert rings(found["DatabaseCpu"])[:2] == ("GreaterThanThreshold", 80)
    at_most = (8 * 10 + 50) * 0.8
    assert rings(found["DatabaseConnections"])[:2] == ("GreaterThanThreshold", int(at_most))


def test_an_open_door_rings_at_once_and_one_that_nobody_closes_after_three_times() -> None:
    found = made()
    assert rings(found["DoorOpen"]) == ("GreaterThanOrEqualToThreshold", 1, 1, 1, 60)
    assert rings(found["DoorUnwatched"]) == ("GreaterThanOrEqualToThreshold", 1, 3, 3, 900)


def test_silence_of_the_health_check_rings() -> None:
    alarm = alarms("alias", "edge")["Unreachable"]
    assert (alarm["TreatMissingData"], alarm["Statistic"]) == ("breaching", "Minimum")
    assert rings(alarm) == ("LessThanThreshold", 1, 2, 2, 60)
