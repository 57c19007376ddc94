"""What those who tend the database may: the door for migrations, the rotation of its credentials, RDS's own monitoring.
Pure.

The door's hands are separate roles: the one that opens can't close and can't run, so whatever fails, closing needs no
help from what failed.
"""

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement, trust
from evenly.aws.stacks.security.statements import (
    Role,
    Tasks,
    decrypt_environment,
    deliver_logs,
    in_cluster,
    make_interfaces,
    ours,
    pass_roles,
    read_secrets,
    run_tasks,
    trace,
    use_key,
    watch_tasks,
    write_logs,
)
from evenly.aws.stacks.security.tasks import (
    DATABASE_APP,
    ECS_TASKS,
    decrypt_schedule,
    pull_images,
    traced,
    trusts_tasks,
)
from evenly.aws.topology import AwsTopology

LAMBDA = "lambda.amazonaws.com"
DATABASE_OWNER = "database/owner"
DATABASE_GROUP = "database"  # what the network calls the database's security group
RDS_METRICS = (
    "RDSOSMetrics"  # the log group of what RDS sees of its hosts, one for all databases of an account
)
APPLIED = "Migrations"  # the parameter, of the data stack, with the digest of what was applied


def database_roles(topology: AwsTopology) -> tuple[Role, ...]:
    if not topology.own_database:
        return ()
    names = topology.names
    return (
        _migration(names),
        _open(topology),
        _close(topology),
        _door(names),
        _schedule(names),
        _rotation(topology),
        _monitoring(names),
    )


def _migration(names: Names) -> Role:
    """It starts the task. The task itself asks nothing of AWS and has no role; the owner's password is handed to it
    alone, so what starts the app can't read that."""
    return Role(
        "migration",
        "Starts the migration task: the image, the logs, the owner's secret",
        trusts_tasks(),
        (*pull_images(names), write_logs(names, "migration"), *read_secrets(names, DATABASE_OWNER)),
    )


def _open(topology: AwsTopology) -> Role:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html"""
    authorise = ("ec2:AuthorizeSecurityGroupIngress",)
    return Role(
        "door-open",
        "Opens the database to the migration task",
        trust(LAMBDA),
        (
            Statement("Open", authorise, _groups(), ours(topology.names, DATABASE_GROUP)),
            Statement("MakeTheRule", authorise, (arn("ec2", "security-group-rule/*"),)),
            _look(),
            *_of_function(topology, "door"),
        ),
    )


def _close(topology: AwsTopology) -> Role:
    """Which run a rule is of is in its description; tasks that a run left are ended."""
    names = topology.names
    return Role(
        "door-close",
        "Closes the database to the migration task, and looks whether it is closed",
        trust(LAMBDA),
        (
            Statement("Close", ("ec2:RevokeSecurityGroupIngress",), _groups(), ours(names, DATABASE_GROUP)),
            _look(),
            Statement("SeeRuns", ("states:DescribeExecution",), (names.door_runs_arn,)),
            Statement("FindTasks", ("ecs:ListTasks",), ("*",), in_cluster(names.door_cluster_arn)),
            watch_tasks(names.door_cluster_arn, names.door_tasks_arn),
            *_of_function(topology, "door"),
        ),
    )


def _groups() -> tuple[str, ...]:
    return (arn("ec2", "security-group/*"),)


def _look() -> Statement:
    return Statement("Look", ("ec2:DescribeSecurityGroupRules",), ("*",))


def _of_function(topology: AwsTopology, log: str) -> tuple[Statement, ...]:
    return (write_logs(topology.names, log), decrypt_environment(), *traced(topology))


def _door(names: Names) -> Role:
    """It takes the steps, and can neither open nor close by itself."""
    steps = tuple(names.function_arn(it) for it in ("door-open", "door-close"))
    applied = arn("ssm", f"parameter{names.parameter('data', APPLIED)}")
    migration = Tasks(names.door_cluster_arn, names.door_tasks_arn, (names.family_arn("migration"),))
    return Role(
        "door",
        "Opens the database, runs the migrations, and closes it, step by step",
        trust("states.amazonaws.com", names.door_arn),
        (
            Statement("TakeSteps", ("lambda:InvokeFunction",), steps),
            *run_tasks(migration),
            pass_roles(names, ECS_TASKS, "migration"),
            Statement("Remember", ("ssm:GetParameters", "ssm:PutParameter"), (applied,)),
            deliver_logs(),
            trace(),
        ),
    )


def _schedule(names: Names) -> Role:
    return Role(
        "door-schedule",
        "Closes the database every quarter of an hour",
        trust("scheduler.amazonaws.com"),
        (
            Statement("Close", ("lambda:InvokeFunction",), (names.function_arn("door-close"),)),
            decrypt_schedule(),
        ),
    )


def _rotation(topology: AwsTopology) -> Role:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html"""
    names = topology.names
    secrets = tuple(names.secret_arn(it) for it in (DATABASE_OWNER, DATABASE_APP))
    return Role(
        "rotation",
        "Gives the database's users new passwords",
        trust(LAMBDA),
        (
            Statement("Rotate", ROTATE, secrets),
            Statement("MakePasswords", ("secretsmanager:GetRandomPassword",), ("*",)),
            use_key("UseKey", "secretsmanager", "kms:Decrypt", "kms:GenerateDataKey"),
            *make_interfaces(names, "rotation"),
            *_of_function(topology, "rotation"),
        ),
    )


ROTATE = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)


def _monitoring(names: Names) -> Role:
    """https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html"""
    group = arn("logs", f"log-group:{RDS_METRICS}")
    return Role(
        "database-monitoring",
        "Writes what RDS sees of the database's host",
        trust("monitoring.rds.amazonaws.com", names.database_arn),
        (
            Statement("MakeGroup", ("logs:CreateLogGroup", "logs:PutRetentionPolicy"), (group,)),
            Statement(
                "WriteMetrics",
                (
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:GetLogEvents",
                    "logs:PutLogEvents",
                ),
                (f"{group}:log-stream:*",),
            ),
        ),
    )
