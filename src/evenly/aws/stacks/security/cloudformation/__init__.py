"""What CloudFormation may in the environment's name: its service role, in several policies, for one takes 6,144
characters. Pure.

The actions of each type are those that its schema names for its handlers (`aws cloudformation describe-type`), less
those of properties that no stack of ours has. Where AWS chooses the id, what is changed or removed has to bear the
environment's tags; where we do, it has to have the environment's name. The foundation and this stack are in none of
them: whoever makes those, makes them as himself, so no deploy can widen what a deploy may do, nor let anybody else
use the key.
"""

from collections.abc import Mapping

from evenly.aws.naming import ROLE_MOST, Names, arn
from evenly.aws.stacks.common import Json, Statement, substituted
from evenly.aws.stacks.security.cloudformation.edge import edge, edge_logs
from evenly.aws.stacks.security.cloudformation.network import data, network
from evenly.aws.stacks.security.cloudformation.running import running
from evenly.aws.stacks.security.cloudformation.service import hosts, observability, service
from evenly.aws.stacks.security.statements import KEY
from evenly.aws.topology import EDGE_REGION, AwsTopology, Reach

SERVICE_LINKED = (
    "autoscaling.amazonaws.com",
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
    "vpcorigin.cloudfront.amazonaws.com",
    "wafv2.amazonaws.com",
)
KEY_USERS = ("lambda", "rds", "s3", "scheduler", "secretsmanager", "sns", "ssm")


def policies(topology: AwsTopology, given: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[Statement, ...]]:
    """The service role's policies by what they are for. `given`: by the service of AWS, the purposes of the roles
    that it may be given."""
    made = {
        "shared": _shared(topology, given),
        "running": running(topology),
        "network": network(topology),
        "service": service(topology),
        "observability": observability(topology),
    }
    if topology.own_database:
        made["data"] = data(topology)
    if topology.on_hosts:
        made["hosts"] = hosts(topology)
    if topology.reach in (Reach.ALIAS, Reach.DEFAULT_DOMAIN):
        made["edge"] = edge(topology)
        made["edge-logs"] = edge_logs(topology)
    return made


def _shared(topology: AwsTopology, given: Mapping[str, tuple[str, ...]]) -> tuple[Statement, ...]:
    names = topology.names
    return (
        *_published(names),
        *_log_groups(names),
        *_alarms(names),
        *_key(),
        *_roles(names, given),
    )


def _roles(names: Names, given: Mapping[str, tuple[str, ...]]) -> tuple[Statement, ...]:
    """Which of these services a role is good for, it says itself: it trusts one. This role is not among them."""
    given_roles = sorted({names.role_arn(it) for many in given.values() for it in many})
    return (
        Statement(
            "GiveRoles",
            ("iam:PassRole",),
            tuple(given_roles),
            {"StringEquals": {"iam:PassedToService": sorted(given)}},
        ),
        Statement("SeeRoles", ("iam:GetRole",), (arn("iam", f"role/{names.every(ROLE_MOST)}", ""),)),
        Statement(
            "LetServicesHaveTheirRoles",
            ("iam:CreateServiceLinkedRole",),
            (arn("iam", "role/aws-service-role/*", ""),),
            {"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}},
        ),
    )


def _published(names: Names) -> tuple[Statement, ...]:
    return (
        Statement(
            "Publish",
            (
                "ssm:AddTagsToResource",
                "ssm:DeleteParameter",
                "ssm:GetParameters",
                "ssm:ListTagsForResource",
                "ssm:PutParameter",
                "ssm:RemoveTagsFromResource",
            ),
            (names.parameters_arn(), names.parameters_arn(EDGE_REGION)),
        ),
    )


def _log_groups(names: Names) -> tuple[Statement, ...]:
    """Those with names of ours, and those whose names RDS and the firewall choose."""
    rds, firewall = names.database_log_group("*"), names.firewall_log_group
    return (
        Statement(
            "KeepLogs",
            (
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:DeleteDataProtectionPolicy",
                "logs:DeleteLogGroup",
                "logs:DeleteMetricFilter",
                "logs:DeleteRetentionPolicy",
                "logs:DescribeMetricFilters",
                "logs:DisassociateKmsKey",
                "logs:GetDataProtectionPolicy",
                "logs:ListTagsForResource",
                "logs:PutMetricFilter",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ),
            (
                names.log_group_arn("*"),
                names.log_group_arn("*", EDGE_REGION),
                arn("logs", f"log-group:{rds}"),
                arn("logs", f"log-group:{firewall}"),
                arn("logs", f"log-group:{firewall}", EDGE_REGION),
            ),
        ),
        Statement("SeeLogs", ("logs:DescribeIndexPolicies", "logs:DescribeLogGroups"), ("*",)),
    )


def _alarms(names: Names) -> tuple[Statement, ...]:
    alarms = f"alarm:{names.every()}"
    return (
        Statement(
            "KeepAlarms",
            (
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutCompositeAlarm",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ),
            (arn("cloudwatch", alarms), arn("cloudwatch", alarms, EDGE_REGION)),
        ),
    )


def _key() -> tuple[Statement, ...]:
    via = [substituted(f"{it}.${{AWS::Region}}.amazonaws.com") for it in KEY_USERS]
    for_services: Json = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return (
        Statement("SeeKey", ("kms:DescribeKey",), (KEY,)),
        Statement("LendKey", ("kms:CreateGrant",), (KEY,), for_services),
        Statement(
            "UseKey",
            ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
            (KEY,),
            {"StringEquals": {"kms:ViaService": via}},
        ),
    )
