"""Log groups: named, encrypted by the environment's key, kept as long as the manifest says. Pure."""

from typing import Any

from troposphere import Ref, ecs, logs

from evenly.aws.stacks.common import Stack


def log_group(stack: Stack, title: str, name: str, *, outlives: bool = False) -> logs.LogGroup:
    """A group with the logical id `title`. `outlives`: in production it stays when its stack goes."""
    kept = outlives and stack.topology.production
    return stack.add(
        logs.LogGroup(
            title,
            LogGroupName=name,
            KmsKeyId=stack.key(),
            RetentionInDays=stack.topology.observability.retention,
            DeletionPolicy="RetainExceptOnCreate" if kept else "Delete",
            UpdateReplacePolicy="Retain" if kept else "Delete",
        )
    )


def app_log(stack: Stack, title: str, purpose: str) -> logs.LogGroup:
    """Of what the app and its hosts say."""
    return log_group(stack, title, stack.names.log_group(purpose), outlives=True)


def add_log_group(stack: Stack, purpose: str) -> logs.LogGroup:
    """Of a purpose of ours."""
    return log_group(stack, log_title(purpose), stack.names.log_group(purpose))


def log_title(purpose: str) -> str:
    return f"{purpose.capitalize()}Log"


def container_logs(group: logs.LogGroup, prefix: str) -> ecs.LogConfiguration:
    """What a container writes, into `group`. A log that can't keep up loses lines; it never holds up the service."""
    options: dict[str, Any] = {
        "awslogs-group": Ref(group),
        "awslogs-region": Ref("AWS::Region"),
        "awslogs-stream-prefix": prefix,
        "mode": "non-blocking",
        "max-buffer-size": "4m",
    }
    return ecs.LogConfiguration(LogDriver="awslogs", Options=options)
