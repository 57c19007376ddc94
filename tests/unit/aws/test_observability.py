"""What tells of the environment: the topic, the counted logs, the dashboard, the budget."""

import json
import os
import re
from typing import Any

import pytest
from tests.unit.aws.edgeworld import MANIFESTS, TOLD, Json, of_type, only, stacks, topology
from tests.unit.aws.metricsworld import GIVEN, GLOBAL, KNOWN

from evenly.aws.stacks import budget
from evenly.aws.stacks.catalogue import CONCERNS
from evenly.aws.stacks.observability.logmetrics import APP
from evenly.aws.topology import EDGE_REGION
from evenly.webapp.logs import make_logger
from evenly.webapp.settings import read_settings


def told(kind: str) -> Json:
    return stacks(kind)["observability"]


def dashboard(kind: str) -> tuple[Json, str]:
    text = only(told(kind), "AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"]
    return json.loads(text), text


# --- the topic


def test_the_topic_is_encrypted_with_the_environments_key_which_lets_it_be_used() -> None:
    assert only(told("full"), "AWS::SNS::Topic")["KmsMasterKeyId"] == {"Ref": "KeyArn"}
    name = only(told("full"), "AWS::SNS::Topic")["TopicName"]
    statements = only(stacks("full")["foundation"], "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (let,) = (it for it in statements if it["Sid"] == "UsedByTheTopicOfAlarms")
    arn = f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:{name}"
    assert let["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": {"Fn::Sub": arn}}}
    assert set(let["Principal"]["Service"]) == {"cloudwatch.amazonaws.com", "events.rds.amazonaws.com"}
    assert set(let["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


@pytest.mark.parametrize(("kind", "databases"), [("full", True), ("internal", False)])
def test_only_this_environments_alarms_and_its_database_publish(kind: str, databases: bool) -> None:
    statements = {
        it["Sid"]: it for it in only(told(kind), "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    }
    assert ("PublishedByDatabases" in statements) is databases
    for it in statements.values():
        assert it["Action"] == ["sns:Publish"]
        if it["Effect"] == "Allow":
            assert it["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    source = statements["PublishedByAlarms"]["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(":alarm:hello-staging-*")
    for alarm in of_type(told(kind), "AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmName"].startswith("hello-staging-")


def test_the_address_of_the_manifest_is_mailed_from_both_regions_and_nobody_without_one() -> None:
    for concern in ("observability", "edge"):
        mail = only(stacks("full")[concern], "AWS::SNS::Subscription")
        assert (mail["Protocol"], mail["Endpoint"]) == ("email", TOLD)
        assert not of_type(stacks("alias")[concern], "AWS::SNS::Subscription")


def test_a_failover_is_told_by_rds_itself() -> None:
    events = only(told("full"), "AWS::RDS::EventSubscription")
    assert events["SourceIds"] == [{"Ref": "DatabaseIdentifier"}]
    assert {"failover", "failure", "low storage"} <= set(events["EventCategories"])
    assert events["SnsTopicArn"] == {"Ref": "Alarms"}
    assert not of_type(told("internal"), "AWS::RDS::EventSubscription")


# --- counted logs


def test_the_app_log_and_the_doors_are_counted_by_their_names() -> None:
    filters = of_type(told("full"), "AWS::Logs::MetricFilter")
    groups = {title: it["LogGroupName"] for title, it in filters.items()}
    assert groups == {
        "ErrorsLoggedCounted": "/evenly/hello/staging/app",
        "ErrorsPrintedCounted": "/evenly/hello/staging/app",
        "DoorStaysOpenCounted": "/evenly/hello/staging/door",
        "DoorFailsCounted": "/evenly/hello/staging/door",
    }
    assert not any(
        "door" in it["LogGroupName"] for it in of_type(told("internal"), "AWS::Logs::MetricFilter").values()
    )


def test_an_error_of_the_reference_service_is_one_that_is_counted() -> None:
    """Its own line, as it writes it."""
    reads, writes = os.pipe()
    make_logger(read_settings({}), writes).error("it broke")
    os.close(writes)
    level = json.loads(os.read(reads, 4096))["level"]
    os.close(reads)
    counted = re.findall(r'\$\.level = "(\w+)"', APP[0].pattern)
    assert level in counted
    assert "info" not in counted


# --- the dashboard


@pytest.mark.parametrize("kind", MANIFESTS)
def test_the_dashboard_is_json_of_metrics_that_are_made_in_the_region_where_they_are(kind: str) -> None:
    body, _ = dashboard(kind)
    counted = {
        it["MetricTransformations"][0]["MetricName"]
        for it in of_type(told(kind), "AWS::Logs::MetricFilter").values()
    }
    for widget in (it for it in body["widgets"] if it["type"] == "metric"):
        region = widget["properties"]["region"]
        for namespace, name, *pairs, _ in widget["properties"]["metrics"]:
            assert region == ("us-east-1" if namespace in GLOBAL else "${AWS::Region}")
            if namespace == "Evenly/hello/staging":
                assert name in counted
                continue
            dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
            assert tuple(sorted(dimensions)) == KNOWN[namespace, name]
            for dimension, value in dimensions.items():
                assert_is_given(told(kind), dimension, value)


def assert_is_given(template: Json, dimension: str, value: Any) -> None:
    if named := re.fullmatch(r"\$\{(\w+)\}", value):
        assert named[1] in template["Parameters"]
        assert named[1] in GIVEN[dimension]
    else:
        assert (dimension, value) in {
            ("Region", "Global"),
            ("Rule", "ALL"),
            ("WebACL", "hello-staging-firewall"),
        }


@pytest.mark.parametrize("kind", MANIFESTS)
def test_every_alarm_of_the_region_is_on_the_dashboard(kind: str) -> None:
    body, _ = dashboard(kind)
    shown = {arn.rpartition(":")[2] for arn in body["widgets"][0]["properties"]["alarms"]}
    assert shown == {it["AlarmName"] for it in of_type(told(kind), "AWS::CloudWatch::Alarm").values()}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_no_two_widgets_of_the_dashboard_lie_over_each_other(kind: str) -> None:
    taken: set[tuple[int, int]] = set()
    for it in dashboard(kind)[0]["widgets"]:
        cells = {
            (x, y)
            for x in range(it["x"], it["x"] + it["width"])
            for y in range(it["y"], it["y"] + it["height"])
        }
        assert not cells & taken
        assert it["x"] + it["width"] <= 24
        taken |= cells


def test_the_dashboard_can_be_read_as_text() -> None:
    _, text = dashboard("full")
    lines = text.splitlines()
    assert len(lines) > 100
    assert max(len(line) for line in lines) <= 240
    assert not any(line != line.rstrip() for line in lines)  # YAML writes it as it is


def test_without_an_edge_and_a_database_the_dashboard_shows_none() -> None:
    _, text = dashboard("internal")
    assert "CloudFront" not in text
    assert "AWS/RDS" not in text


# --- the budget


def test_there_is_a_budget_where_the_manifest_names_an_amount() -> None:
    assert "budget" not in stacks("alias")
    (concern,) = (it for it in CONCERNS if it.name == budget.CONCERN)
    assert concern.region == EDGE_REGION  # CloudFormation makes budgets in few regions
    amount = only(stacks("full")["budget"], "AWS::Budgets::Budget")["Budget"]
    assert amount["BudgetLimit"] == {"Amount": 100, "Unit": "USD"}
    assert (amount["BudgetType"], amount["TimeUnit"]) == ("COST", "MONTHLY")


def test_the_budget_counts_the_whole_account() -> None:
    """A budget by a tag that nobody has switched on would see nothing."""
    found = only(stacks("full")["budget"], "AWS::Budgets::Budget")["Budget"]
    assert not {"CostFilters", "FilterExpression"} & found.keys()


def test_too_much_is_mailed_before_it_is_spent_and_nothing_without_an_address() -> None:
    notices = only(stacks("full")["budget"], "AWS::Budgets::Budget")["NotificationsWithSubscribers"]
    assert {(it["Notification"]["Threshold"], it["Notification"]["NotificationType"]) for it in notices} == {
        (80, "ACTUAL"),
        (100, "ACTUAL"),
        (100, "FORECASTED"),
    }
    for it in notices:
        assert it["Subscribers"] == [{"SubscriptionType": "EMAIL", "Address": TOLD}]


def test_a_budget_that_nobody_wants_is_refused() -> None:
    with pytest.raises(ValueError, match="no budget"):
        budget.template(topology())
