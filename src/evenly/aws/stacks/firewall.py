"""AWS WAF with the rules that AWS keeps up to date. Pure.

For CloudFront here; for a public balancer the service's stack takes the same with the scope `REGIONAL`.
"""

from collections.abc import Sequence
from typing import Any, Literal

from troposphere import GetAtt, logs, wafv2

from evenly.aws.stacks.common import Stack, substituted

Scope = Literal["CLOUDFRONT", "REGIONAL"]
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html, in the order of asking
GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
# Blocks bodies over 8 KiB, and so every upload. How large a body may be is for the app and its balancer to say.
COUNTED = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
WINDOW = 60  # s, the shortest that is counted over
RATE_LEAST = 10  # requests in a window; https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
RETRY_AFTER = 60  # s; until then the window is another
PRIVATE = ("authorization", "cookie")


def add_firewall(stack: Stack, scope: Scope, key: Any) -> wafv2.WebACL:
    """What it blocks or counts is logged, encrypted with `key`, without what lets one in."""
    acl = stack.add(
        wafv2.WebACL(
            "Firewall",
            Name=stack.names.firewall,
            Description=f"In front of {stack.names.prefix}",
            Scope=scope,
            DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
            Rules=_rules(stack),
            VisibilityConfig=_seen(stack.names.firewall),
        )
    )
    _logged(stack, acl, key)
    return acl


def _rules(stack: Stack) -> Sequence[wafv2.WebACLRule]:
    """The cheapest first: whoever asks too often is asked nothing else."""
    limit = stack.topology.limits.requests
    limited = [] if limit is None else [_limited(limit)]
    managed = [_managed(name, priority) for priority, name in enumerate(GROUPS, start=1)]
    return [*limited, *managed]


def _limited(requests: int) -> wafv2.WebACLRule:
    """`http.limits.requests`, of an address, or of a /64 in IPv6, over a minute: less sudden than the local
    balancer's."""
    blocked = wafv2.BlockAction(
        CustomResponse=wafv2.CustomResponse(
            ResponseCode=429,
            ResponseHeaders=[wafv2.CustomHTTPHeader(Name="retry-after", Value=str(RETRY_AFTER))],
        )
    )
    return wafv2.WebACLRule(
        Name="Requests",
        Priority=0,
        Action=wafv2.RuleAction(Block=blocked),
        Statement=wafv2.Statement(
            RateBasedStatement=wafv2.RateBasedStatement(
                AggregateKeyType="IP", EvaluationWindowSec=WINDOW, Limit=max(requests * WINDOW, RATE_LEAST)
            )
        ),
        VisibilityConfig=_seen("Requests"),
    )


def _managed(name: str, priority: int) -> wafv2.WebACLRule:
    counted = [
        wafv2.RuleActionOverride(Name=rule, ActionToUse=wafv2.RuleAction(Count=wafv2.CountAction()))
        for rule in COUNTED.get(name, ())
    ]
    group = wafv2.ManagedRuleGroupStatement(
        VendorName="AWS", Name=name, **({"RuleActionOverrides": counted} if counted else {})
    )
    return wafv2.WebACLRule(
        Name=name,
        Priority=priority,
        OverrideAction=wafv2.OverrideAction(**{"None": {}}),
        Statement=wafv2.Statement(ManagedRuleGroupStatement=group),
        VisibilityConfig=_seen(name),
    )


def _seen(name: str) -> wafv2.VisibilityConfig:
    return wafv2.VisibilityConfig(CloudWatchMetricsEnabled=True, MetricName=name, SampledRequestsEnabled=True)


def _logged(stack: Stack, acl: wafv2.WebACL, key: Any) -> None:
    """https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"""
    stack.add(
        logs.LogGroup(
            "FirewallLogs",
            LogGroupName=stack.names.firewall_log_group,
            KmsKeyId=key,
            RetentionInDays=stack.topology.observability.retention,
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    )
    stack.add(
        wafv2.LoggingConfiguration(
            "FirewallLogging",
            ResourceArn=GetAtt(acl, "Arn"),
            LogDestinationConfigs=[substituted(stack.names.firewall_log_group_arn)],
            RedactedFields=[
                wafv2.LoggingConfigurationFieldToMatch(SingleHeader=wafv2.SingleHeader(Name=name))
                for name in PRIVATE
            ],
            LoggingFilter=_kept(),
            DependsOn=["FirewallLogs"],
        )
    )


def _kept() -> wafv2.LoggingFilter:
    """Only what was not simply let through."""
    actions = [
        wafv2.Condition(ActionCondition=wafv2.ActionCondition(Action=action))
        for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
    ]
    kept = wafv2.Filter(Behavior="KEEP", Conditions=actions, Requirement="MEETS_ANY")
    return wafv2.LoggingFilter(DefaultBehavior="DROP", Filters=[kept])
