"""The firewall, what is logged, and who may use the keys for it."""

from tests.unit.aws.edgeworld import ALIAS, MANIFESTS, Json, changed, manifest, of_type, only, stacks

from evenly.aws.stacks import edge
from evenly.aws.topology import aws_topology
from evenly.manifest.types import Http


def front(kind: str) -> Json:
    return stacks(kind)["edge"]


def distribution(kind: str) -> Json:
    return only(front(kind), "AWS::CloudFront::Distribution")["DistributionConfig"]


def test_without_a_wish_there_is_no_firewall() -> None:
    assert not of_type(front("alias"), "AWS::WAFv2::WebACL")
    assert "WebACLId" not in distribution("alias")


def test_the_firewall_asks_awss_rules_and_lets_uploads_pass() -> None:
    acl = only(front("full"), "AWS::WAFv2::WebACL")
    assert distribution("full")["WebACLId"] == {"Fn::GetAtt": ["Firewall", "Arn"]}
    assert (acl["Scope"], acl["DefaultAction"]) == ("CLOUDFRONT", {"Allow": {}})
    groups = {
        it["Name"]: it["Statement"]["ManagedRuleGroupStatement"]
        for it in acl["Rules"]
        if "OverrideAction" in it
    }
    assert set(groups) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    }
    counted = {
        name: [over["Name"] for over in it["RuleActionOverrides"]]
        for name, it in groups.items()
        if "RuleActionOverrides" in it
    }
    assert counted == {"AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"]}
    priorities = [it["Priority"] for it in acl["Rules"]]
    assert len(set(priorities)) == len(priorities)


def test_the_limit_of_requests_is_held_by_the_firewall_over_a_minute() -> None:
    rule = only(front("full"), "AWS::WAFv2::WebACL")["Rules"][0]
    assert rule["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 60,
        "Limit": 20 * 60,
    }
    blocked = rule["Action"]["Block"]["CustomResponse"]
    assert blocked["ResponseCode"] == 429
    assert blocked["ResponseHeaders"] == [{"Name": "retry-after", "Value": "60"}]


def test_without_a_limit_of_requests_the_firewall_counts_none() -> None:
    base = changed(MANIFESTS["full"], http=Http(alias=ALIAS))
    acl = edge.template(aws_topology(base, "staging")).to_dict()["Resources"]["Firewall"]["Properties"]
    assert "Requests" not in {it["Name"] for it in acl["Rules"]}


def test_what_lets_one_in_is_not_in_the_firewalls_log() -> None:
    logging = only(front("full"), "AWS::WAFv2::LoggingConfiguration")
    assert [it["SingleHeader"]["Name"] for it in logging["RedactedFields"]] == ["authorization", "cookie"]
    group = only(front("full"), "AWS::Logs::LogGroup")
    assert group["LogGroupName"].startswith("aws-waf-logs-")
    assert logging["LogDestinationConfigs"] == [
        {
            "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
            f"{group['LogGroupName']}"
        }
    ]
    assert group["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}


def test_what_cloudfront_was_asked_is_kept_as_long_as_the_other_logs() -> None:
    template = front("alias")
    (rule,) = of_type(template, "AWS::S3::Bucket")["Logs"]["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == manifest().observability.retention
    assert only(template, "AWS::Logs::DeliverySource")["LogType"] == "ACCESS_LOGS"
    delivery = only(template, "AWS::Logs::Delivery")
    assert delivery["DeliverySourceName"] == {"Ref": "LogSource"}
    assert delivery["DeliveryDestinationArn"] == {"Fn::GetAtt": ["LogDestination", "Arn"]}


def test_the_edges_own_key_is_for_its_logs_and_its_topic_alone() -> None:
    statements = {it["Sid"]: it for it in only(front("full"), "AWS::KMS::Key")["KeyPolicy"]["Statement"]}
    topic = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:hello-staging-edge-alarms"
    assert statements["UsedByTheTopicOfAlarms"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": {"Fn::Sub": topic}}
    }
    assert only(front("full"), "AWS::SNS::Topic")["TopicName"] == "hello-staging-edge-alarms"
    for sid in ("UsedByLogs", "UsedByTheTopicOfAlarms", "UsedByTheDeliveryOfLogs"):
        assert statements[sid]["Condition"]


def test_the_environments_key_lets_the_log_of_a_balancers_firewall_in_too() -> None:
    statements = only(stacks("full")["foundation"], "AWS::KMS::Key")["KeyPolicy"]["Statement"]
    (let,) = (it for it in statements if it["Sid"] == "UsedByLogs")
    groups = [
        it["Fn::Sub"].rpartition(":")[2]
        for it in let["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    ]
    assert groups[0] == "/evenly/hello/staging/*"
    assert "aws-waf-logs-hello-staging" in groups
