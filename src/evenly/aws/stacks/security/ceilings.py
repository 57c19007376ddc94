"""The permissions boundaries. Pure.

A boundary grants nothing: it is what a policy that somebody attaches one day can't lift a role over. The one for what
runs has the actions of its roles and no other, and keeps them to this environment's secrets, logs, key and images.
One for CloudFormation can't be as exact: a policy takes 6,144 characters, and its actions alone are more. It names
the services, keeps them to two regions, and leaves out all that could change who may do what.
"""

from collections import defaultdict
from collections.abc import Sequence

from evenly.aws.naming import FUNCTION_MOST, ROLE_MOST, SCHEDULE_MOST, Names, arn
from evenly.aws.stacks.common import Statement, substituted
from evenly.aws.stacks.security.database import RDS_METRICS
from evenly.aws.stacks.security.statements import Role
from evenly.aws.topology import EDGE_REGION

# Of CloudFormation's policies; IAM is not among them.
SERVICES = (
    "acm",
    "application-autoscaling",
    "autoscaling",
    "budgets",
    "cloudfront",
    "cloudwatch",
    "codebuild",
    "ec2",
    "ecs",
    "elasticloadbalancing",
    "kms",
    "lambda",
    "logs",
    "rds",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "ssm",
    "states",
    "wafv2",
)


def ceiling(names: Names, roles: Sequence[Role]) -> tuple[Statement, ...]:
    """Every action of the roles: those that one of them has on everything, and the rest by their services, on what is
    the environment's."""
    given = [it for role in roles for it in role.statements if it.effect == "Allow"]
    on_all = {action for it in given if "*" in it.resources for action in it.actions}
    actions: dict[str, set[str]] = defaultdict(set)
    resources: dict[str, set[str]] = defaultdict(set)
    for statement in given:
        for action in set(statement.actions) - on_all:
            service = action.partition(":")[0]
            actions[service].add(action)
            resources[service] |= set(statement.resources)
    return (
        Statement("OnEverything", tuple(sorted(on_all)), ("*",)),
        *(
            Statement(
                service.capitalize(),
                tuple(sorted(actions[service])),
                _wider(names, service, resources[service]),
            )
            for service in sorted(actions)
        ),
    )


def _wider(names: Names, service: str, resources: set[str]) -> tuple[str, ...]:
    """Patterns of all that are the environment's, in place of what there are many of."""
    patterns = {
        "ec2": (arn("ec2", "security-group*"),),
        "ecs": (arn("ecs", f"*/{names.prefix}*"),),
        "elasticloadbalancing": (arn("elasticloadbalancing", "*"),),
        "lambda": (arn("lambda", f"function:{names.every(FUNCTION_MOST)}"),),
        "logs": (names.log_group_arn("*"), arn("logs", f"log-group:{RDS_METRICS}*")),
        "secretsmanager": (names.secret_arn("*"),),
        "states": (arn("states", f"*:{names.every(SCHEDULE_MOST)}"),),
    }
    return patterns.get(service, tuple(sorted(resources)))


def cloudformation_ceiling(names: Names) -> tuple[Statement, ...]:
    here = {"StringEquals": {"aws:RequestedRegion": [substituted("${AWS::Region}"), EDGE_REGION]}}
    roles = arn("iam", f"role/{names.every(ROLE_MOST)}", "")
    linked = arn("iam", "role/aws-service-role/*", "")
    return (
        Statement("AtMostTheseServices", tuple(f"{it}:*" for it in SERVICES), ("*",), here),
        Statement("GiveRoles", ("iam:GetRole", "iam:PassRole"), (roles,)),
        Statement("LetServicesHaveTheirRoles", ("iam:CreateServiceLinkedRole",), (linked,)),
    )
