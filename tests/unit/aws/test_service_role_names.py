"""The names that stacks give, and those that CloudFormation makes up, are such as the service role may make."""

import re
from collections.abc import Iterator
from typing import Any

from tests.unit.aws.iam import ACCOUNT, KEY, REGION, Who, filled
from tests.unit.aws.securityworld import all_made, environments, role

from evenly.aws.stacks.catalogue import CONCERNS
from evenly.aws.stacks.common import TAG_ENVIRONMENT, TAG_SERVICE

MADE_UP = "{stack}-{key}-1ABCDEFGHIJK"  # as CloudFormation does, where a resource has no name
# By type: what makes it, and its ARN from its properties; `{own}` is the name that CloudFormation makes up.
MAKES: dict[str, tuple[str, str]] = {
    "AWS::AutoScaling::AutoScalingGroup": (
        "autoscaling:CreateAutoScalingGroup",
        "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}",
    ),
    "AWS::Budgets::Budget": ("budgets:ModifyBudget", "arn:aws:budgets::{account}:budget/{BudgetName}"),
    "AWS::CloudWatch::Alarm": (
        "cloudwatch:PutMetricAlarm",
        "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}",
    ),
    "AWS::CloudWatch::Dashboard": (
        "cloudwatch:PutDashboard",
        "arn:aws:cloudwatch::{account}:dashboard/{DashboardName}",
    ),
    "AWS::CodeBuild::Project": (
        "codebuild:CreateProject",
        "arn:aws:codebuild:{region}:{account}:project/{Name}",
    ),
    "AWS::ECS::CapacityProvider": (
        "ecs:CreateCapacityProvider",
        "arn:aws:ecs:{region}:{account}:capacity-provider/{Name}",
    ),
    "AWS::ECS::Cluster": ("ecs:CreateCluster", "arn:aws:ecs:{region}:{account}:cluster/{ClusterName}"),
    "AWS::ECS::Service": (
        "ecs:CreateService",
        "arn:aws:ecs:{region}:{account}:service/{service}-{environment}/{ServiceName}",
    ),
    "AWS::ECS::TaskDefinition": (
        "ecs:RegisterTaskDefinition",
        "arn:aws:ecs:{region}:{account}:task-definition/{Family}:1",
    ),
    "AWS::KMS::Alias": ("kms:CreateAlias", "arn:aws:kms:{region}:{account}:{AliasName}"),
    "AWS::Lambda::Function": (
        "lambda:CreateFunction",
        "arn:aws:lambda:{region}:{account}:function:{FunctionName}",
    ),
    "AWS::Logs::DeliveryDestination": (
        "logs:PutDeliveryDestination",
        "arn:aws:logs:{region}:{account}:delivery-destination:{Name}",
    ),
    "AWS::Logs::DeliverySource": (
        "logs:PutDeliverySource",
        "arn:aws:logs:{region}:{account}:delivery-source:{Name}",
    ),
    "AWS::Logs::LogGroup": (
        "logs:CreateLogGroup",
        "arn:aws:logs:{region}:{account}:log-group:{LogGroupName}",
    ),
    "AWS::RDS::DBInstance": (
        "rds:CreateDBInstance",
        "arn:aws:rds:{region}:{account}:db:{DBInstanceIdentifier}",
    ),
    "AWS::RDS::DBParameterGroup": (
        "rds:CreateDBParameterGroup",
        "arn:aws:rds:{region}:{account}:pg:{DBParameterGroupName}",
    ),
    "AWS::RDS::DBSubnetGroup": (
        "rds:CreateDBSubnetGroup",
        "arn:aws:rds:{region}:{account}:subgrp:{DBSubnetGroupName}",
    ),
    "AWS::RDS::EventSubscription": (
        "rds:CreateEventSubscription",
        "arn:aws:rds:{region}:{account}:es:{SubscriptionName}",
    ),
    "AWS::S3::Bucket": ("s3:CreateBucket", "arn:aws:s3:::{BucketName}"),
    "AWS::SNS::Topic": ("sns:CreateTopic", "arn:aws:sns:{region}:{account}:{TopicName}"),
    "AWS::SSM::Parameter": ("ssm:PutParameter", "arn:aws:ssm:{region}:{account}:parameter{Name}"),
    "AWS::Scheduler::Schedule": (
        "scheduler:CreateSchedule",
        "arn:aws:scheduler:{region}:{account}:schedule/default/{Name}",
    ),
    "AWS::SecretsManager::Secret": (
        "secretsmanager:CreateSecret",
        "arn:aws:secretsmanager:{region}:{account}:secret:{Name}-AbCdEf",
    ),
    "AWS::StepFunctions::StateMachine": (
        "states:CreateStateMachine",
        "arn:aws:states:{region}:{account}:stateMachine:{StateMachineName}",
    ),
    "AWS::WAFv2::WebACL": ("wafv2:CreateWebACL", "arn:aws:wafv2:{region}:{account}:{scope}/webacl/{Name}/0a"),
}
LOWER = ("AWS::RDS::", "AWS::S3::")  # CloudFormation makes up names in lower case


def named() -> Iterator[tuple[str, str, str, str, str]]:
    """Each resource that has a name, and is the service role's: its environment, stack and logical id, what makes it,
    on which ARN."""
    regions = {it.name: it.region or REGION for it in CONCERNS}
    for (which, stack), template in all_made().items():
        if stack in ("foundation", "security"):
            continue
        for key, said in template["Resources"].items():
            if said["Type"] in MAKES:
                action, form = MAKES[said["Type"]]
                topology = environments()[which]
                own = MADE_UP.format(stack=topology.names.stack(stack), key=key)
                place = {
                    "region": regions[stack],
                    "account": ACCOUNT,
                    "service": topology.service,
                    "environment": topology.environment,
                    "scope": "global" if said["Properties"].get("Scope") == "CLOUDFRONT" else "regional",
                }
                yield which, stack, key, action, _arn(form, place, said, own, regions[stack])


def _arn(form: str, place: dict[str, str], said: dict[str, Any], own: str, region: str) -> str:
    made_up = own.lower() if said["Type"].startswith(LOWER) else own
    given = {"AWS::Region": region, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "KeyArn": KEY}
    inner = said["Properties"].get("Budget", {})  # which has its name inside
    properties = {name: filled(value, given) for name, value in {**said["Properties"], **inner}.items()}
    return re.sub(
        r"\{(\w+)\}", lambda it: place[it[1]] if it[1] in place else str(properties.get(it[1], made_up)), form
    )


def test_the_service_role_may_make_what_has_these_names() -> None:
    service = {which: role("cloudformation", which) for which in environments()}
    refused = {
        (stack, key, action, arn)
        for which, stack, key, action, arn in named()
        if not _may(service[which], action, arn)
    }
    assert refused == set()


def _may(who: Who, action: str, arn: str) -> bool:
    asked = {
        f"aws:RequestTag/{TAG_SERVICE}": "shop",
        f"aws:RequestTag/{TAG_ENVIRONMENT}": "staging",
        "aws:RequestedRegion": REGION,
    }
    return who.asks(action, arn, asked)


def test_it_may_make_nothing_under_another_environments_name() -> None:
    service = role("cloudformation", "full")
    arns = {
        (action, arn.replace("staging", "production"))
        for which, _, _, action, arn in named()
        if which == "full" and "staging" in arn
    }
    assert arns
    assert {it for it in arns if _may(service, *it)} == set()
