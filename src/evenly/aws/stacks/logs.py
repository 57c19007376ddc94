"""Log groups: named, encrypted by the environment's key, kept as long as the manifest says. Pure."""

from typing import Any

from troposphere import Ref, ecs, logs

from evenly.aws.stacks.common import Stack


def log_group(stack: Stack, title: str, purpose: str) -> logs.LogGroup:
    """A group with the logical id `title`. In production it outlives its stack."""
    return stack.add(
        logs.LogGroup(
            title,
            LogGroupName=stack.names.log_group(purpose),
            RetentionInDays=stack.topology.observability.retention,
            KmsKeyId=stack.parameter("KeyArn", "The key that the environment's data is encrypted with"),
            DeletionPolicy="RetainExceptOnCreate" if stack.topology.production else "Delete",
            UpdateReplacePolicy="Retain" if stack.topology.production else "Delete",
        )
    )


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
