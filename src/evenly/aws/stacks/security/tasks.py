"""What tasks and hosts may, and those who start or build them. Pure.

A task's two roles: `execution` is what ECS needs to start it (the image, the logs, the secrets that it hands over),
`task` what the app itself may, and all that a program which took the app over could do.
"""

from typing import Any

from evenly.aws.naming import Names, arn
from evenly.aws.stacks.common import Statement, trust, trust_without_source
from evenly.aws.stacks.security.statements import (
    KEY,
    Role,
    Tasks,
    in_cluster,
    open_shells,
    ours,
    pass_roles,
    read_secrets,
    run_tasks,
    trace,
    use_key,
    write_logs,
)
from evenly.aws.topology import AwsTopology

ECS_TASKS = "ecs-tasks.amazonaws.com"
DATABASE_APP = "database/app"


def task_roles(topology: AwsTopology) -> tuple[Role, ...]:
    names = topology.names
    return (
        _execution(topology),
        _task(topology),
        *((_host(names),) if topology.on_hosts else ()),
        *((_traffic(names),) if topology.deployment.strategy != "rolling" else ()),
        *(_jobs(topology) if topology.jobs else ()),
        _build(names),
    )


def trusts_tasks() -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"""
    return trust(ECS_TASKS, arn("ecs", "*"))


def traced(topology: AwsTopology) -> tuple[Statement, ...]:
    return (trace(),) if topology.observability.tracing else ()


def pull_images(names: Names) -> tuple[Statement, Statement]:
    return (
        Statement("LogInToRepositories", ("ecr:GetAuthorizationToken",), ("*",)),
        Statement(
            "PullImages",
            ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            (names.repository_arn,),
        ),
    )


def _execution(topology: AwsTopology) -> Role:
    """It has all secrets of the app, workers and jobs, by the place that they are kept in: so that one more of them
    changes the service alone, and nothing of the security team's."""
    names = topology.names
    has_secrets = bool(topology.secrets) or (topology.database is not None and topology.own_database is None)
    secrets = ["app/*"] * has_secrets + [DATABASE_APP] * (topology.own_database is not None)
    return Role(
        "execution",
        "Starts the app's tasks: the image, the logs, the secrets handed over",
        trusts_tasks(),
        (
            *pull_images(names),
            write_logs(names, "app", "collector", "workers/*", "jobs/*"),
            *(read_secrets(names, *secrets) if secrets else ()),
        ),
    )


def _task(topology: AwsTopology) -> Role:
    """The app reads its database's secret again when a rotation has made the one handed over stale."""
    names = topology.names
    secrets = read_secrets(names, DATABASE_APP) if topology.own_database else ()
    return Role(
        "task",
        "What the app itself may",
        trusts_tasks(),
        (open_shells(), *secrets, *traced(topology)),
    )


def _host(names: Names) -> Role:
    """What the ECS agent, Session Manager's and the playbook need on a host.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    return Role(
        "host",
        "What a host needs to serve tasks, and to be set up",
        trust_without_source("ec2.amazonaws.com"),
        (*_agent(names), *_sessions(), *_set_up(names)),
    )


def _agent(names: Names) -> tuple[Statement, ...]:
    return (
        Statement("FindEcs", ("ecs:DiscoverPollEndpoint",), ("*",)),
        Statement(
            "JoinCluster",
            (
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ),
            (names.cluster_arn,),
        ),
        Statement(
            "ServeCluster",
            ("ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"),
            (names.in_cluster_arn("container-instance"),),
            in_cluster(names.cluster_arn),
        ),
        Statement(
            "TagItself",
            ("ecs:TagResource",),
            (names.in_cluster_arn("container-instance"),),
            {"StringEquals": {"ecs:CreateAction": "RegisterContainerInstance"}},
        ),
    )


def _sessions() -> tuple[Statement, ...]:
    return (
        Statement("TellSessionManager", ("ssm:UpdateInstanceInformation",), (arn("ec2", "instance/*"),)),
        open_shells(),
    )


def _set_up(names: Names) -> tuple[Statement, ...]:
    group = arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{names.every()}")
    return (
        Statement("ReadPlaybook", ("s3:GetObject",), (f"{names.bucket_arn('artifacts')}/assets/hosts-*",)),
        use_key("DecryptPlaybook", "s3", "kms:Decrypt"),
        Statement("SayReady", ("cloudformation:SignalResource",), (names.stack_arn("service"),)),
        Statement(
            "EnterService",
            ("autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"),
            (group,),
        ),
        Statement("FindLogs", ("logs:DescribeLogStreams",), (names.log_group_arn("hosts"),)),
        write_logs(names, "hosts"),
    )


def _jobs(topology: AwsTopology) -> tuple[Role, ...]:
    """A job is a state machine: it tries again, and lets no two runs overlap."""
    names = topology.names
    return (
        Role(
            "jobs",
            "Runs the jobs' tasks and waits for their end",
            trust("states.amazonaws.com", names.jobs_arn),
            (
                *run_tasks(
                    Tasks(names.cluster_arn, names.in_cluster_arn("task"), (names.family_arn("jobs/*"),))
                ),
                pass_roles(names, ECS_TASKS, "execution", "task"),
                Statement("SeeRuns", ("states:ListExecutions",), (names.jobs_arn,)),
                *traced(topology),
            ),
        ),
        Role(
            "jobs-schedule",
            "Starts the jobs by the clock",
            trust("scheduler.amazonaws.com"),
            (Statement("StartJobs", ("states:StartExecution",), (names.jobs_arn,)), decrypt_schedule()),
        ),
    )


def decrypt_schedule() -> Statement:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html"""
    return Statement("ReadSchedule", ("kms:Decrypt",), (KEY,))


def _traffic(names: Names) -> Role:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html"""
    balancing = "elasticloadbalancing"
    return Role(
        "traffic",
        "Moves the traffic from one release to the next",
        trust_without_source("ecs.amazonaws.com"),
        (
            Statement(
                "SeeBalancer",
                tuple(
                    f"{balancing}:Describe{it}"
                    for it in ("Listeners", "Rules", "TargetGroups", "TargetHealth")
                ),
                ("*",),
            ),
            Statement(
                "MoveTraffic",
                tuple(
                    f"{balancing}:{it}"
                    for it in ("DeregisterTargets", "ModifyListener", "ModifyRule", "RegisterTargets")
                ),
                tuple(
                    arn(balancing, it) for it in ("targetgroup/*", "listener/app/*", "listener-rule/app/*")
                ),
                ours(names),
            ),
        ),
    )


def _build(names: Names) -> Role:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html"""
    artifacts = names.bucket_arn("artifacts")
    return Role(
        "build",
        "Builds an image from the source in the artifact bucket, and pushes it",
        trust("codebuild.amazonaws.com", names.build_project_arn),
        (
            Statement("ReadSource", ("s3:GetObject", "s3:GetObjectVersion"), (f"{artifacts}/source/*",)),
            Statement(
                "FindSource", ("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"), (artifacts,)
            ),
            use_key("DecryptSource", "s3", "kms:Decrypt"),
            *pull_images(names),
            Statement("PushImages", PUSH, (names.repository_arn,)),
            write_logs(names, "build"),
        ),
    )


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PUSH = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
