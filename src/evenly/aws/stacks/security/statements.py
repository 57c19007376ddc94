"""What the roles' policies are made of: one role, and the statements that several of them have. Pure."""

from typing import Any

from msgspec import Struct

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import TAG_ENVIRONMENT, TAG_SERVICE, Json, Statement, substituted

KEY = "${KeyArn}"  # the parameter that is the foundation's output


class Role(Struct, frozen=True):
    """One role. `purpose`: what `Names.role` makes its name of. `trusts`: the document of who may take it."""

    purpose: str
    said: str
    trusts: dict[str, Any]
    statements: tuple[Statement, ...]


def ours(names: Names, what: str | None = None) -> Json:
    """On nothing but what bears the environment's tags, and the Name that `what` makes: for ids that AWS chooses."""
    named = {} if what is None else {"aws:ResourceTag/Name": f"{names.prefix}-{what}"}
    return {
        "StringEquals": {
            f"aws:ResourceTag/{TAG_SERVICE}": names.service,
            f"aws:ResourceTag/{TAG_ENVIRONMENT}": names.environment,
            **named,
        }
    }


def asked_as_ours(names: Names) -> Json:
    """Nothing but what is to bear the environment's tags."""
    return {
        "StringEquals": {
            f"aws:RequestTag/{TAG_SERVICE}": names.service,
            f"aws:RequestTag/{TAG_ENVIRONMENT}": names.environment,
        }
    }


def in_cluster(cluster: str) -> Json:
    return {"ArnEquals": {"ecs:cluster": substituted(cluster)}}


def write_logs(names: Names, *purposes: str) -> Statement:
    """Into these log groups, which are there already."""
    return Statement(
        "WriteLogs",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        tuple(names.log_streams_arn(it) for it in purposes),
    )


def read_secrets(names: Names, *secrets: str) -> tuple[Statement, Statement]:
    """The values of these secrets, and the key's work for them."""
    return (
        Statement(
            "ReadSecrets", ("secretsmanager:GetSecretValue",), tuple(names.secret_arn(it) for it in secrets)
        ),
        use_key("DecryptSecrets", "secretsmanager", "kms:Decrypt"),
    )


def use_key(sid: str, service: str, *actions: str) -> Statement:
    """The environment's key, through one service in this region alone."""
    via = substituted(f"{service}.${{AWS::Region}}.amazonaws.com")
    return Statement(sid, actions, (KEY,), {"StringEquals": {"kms:ViaService": via}})


def pass_roles(names: Names, service: str, *purposes: str) -> Statement:
    """These roles, to this service of AWS alone. Its sid tells them apart: ecs-tasks is `PassToEcsTasks`."""
    to = service.removesuffix(".amazonaws.com")
    sid = "PassTo" + "".join(part.capitalize() for part in to.replace(".", "-").split("-"))
    return Statement(
        sid,
        ("iam:PassRole",),
        tuple(names.role_arn(it) for it in purposes),
        {"StringEquals": {"iam:PassedToService": service}},
    )


class Tasks(Struct, frozen=True):
    """One-off tasks of some task definitions, all ARNs: `tasks` is a pattern of those in the `cluster`."""

    cluster: str
    tasks: str
    families: tuple[str, ...]


def run_tasks(what: Tasks) -> tuple[Statement, ...]:
    """What a state machine needs to run a task and wait for its end. It waits by a rule that it makes itself.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
    """
    rule = arn("events", "rule/StepFunctionsGetEventsForECSTaskRule")
    created = {"StringEquals": {"ecs:CreateAction": "RunTask"}}
    return (
        Statement("RunTasks", ("ecs:RunTask",), what.families, in_cluster(what.cluster)),
        Statement("TagTasks", ("ecs:TagResource",), (what.tasks,), created),
        watch_tasks(what.cluster, what.tasks),
        Statement("AwaitTasks", ("events:DescribeRule", "events:PutRule", "events:PutTargets"), (rule,)),
    )


def watch_tasks(cluster: str, tasks: str) -> Statement:
    return Statement("WatchTasks", ("ecs:DescribeTasks", "ecs:StopTask"), (tasks,), in_cluster(cluster))


def deliver_logs() -> Statement:
    """What a state machine needs to write its log: it sets up the delivery by itself.

    https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    """
    actions = (
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    )
    return Statement("DeliverLogs", actions, ("*",))


def trace() -> Statement:
    """The spans of whatever runs.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSXrayWriteOnlyAccess.html
    """
    actions = (
        "xray:GetSamplingRules",
        "xray:GetSamplingStatisticSummaries",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    )
    return Statement("Trace", actions, ("*",))


def make_interfaces(names: Names, function: str) -> tuple[Statement, Statement]:
    """Lambda's own work for a function in the network. It asks for it on everything, before there is anything; what
    runs in the function is refused the same.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    """
    actions = (
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    )
    by_function = {"ArnEquals": {"lambda:SourceFunctionArn": substituted(names.function_arn(function))}}
    return (
        Statement("MakeInterfaces", actions, ("*",)),
        Statement("NotByTheCode", actions, ("*",), by_function, effect="Deny"),
    )


def decrypt_environment() -> Statement:
    """What a function is told by variables.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
    """
    return use_key("DecryptEnvironment", "lambda", "kms:Decrypt")


def open_shells() -> Statement:
    """The two ends of a session of Session Manager or ECS Exec."""
    return Statement(
        "OpenShells",
        (
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ),
        ("*",),
    )
