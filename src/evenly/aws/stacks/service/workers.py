"""The workers: services without a balancer, each with tasks of its own. Pure."""

from collections.abc import Sequence

from troposphere import Ref, ecs

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.logs import app_log
from evenly.aws.stacks.service.containers import Part, container, task_definition
from evenly.aws.stacks.service.rollout import circuit_breaker
from evenly.aws.stacks.service.tasks import spread
from evenly.manifest.types import Worker


def add_workers(stack: Stack, after: Sequence[str]) -> None:
    for name, worker in stack.topology.workers:
        _add(stack, name, worker, after)


def _add(stack: Stack, name: str, worker: Worker, after: Sequence[str]) -> None:
    title = titled("Worker", name)
    part = Part(
        name="worker",
        where=f"workers.{name}.command",
        command=worker.command,
        variables=worker.variables,
        given={"EVENLY_ROLE": "worker", "EVENLY_WORKER": name},
    )
    app = container(stack, part, app_log(stack, f"{title}Log", f"workers/{name}"))
    stack.add(
        ecs.Service(
            title,
            ServiceName=stack.names.worker_service(name),
            TaskDefinition=Ref(task_definition(stack, f"{title}Task", f"workers/{name}", [app])),
            DesiredCount=worker.count,
            DeploymentConfiguration=ecs.DeploymentConfiguration(
                Strategy="ROLLING",
                MinimumHealthyPercent=100,
                MaximumPercent=200,
                DeploymentCircuitBreaker=circuit_breaker(),
            ),
            DependsOn=list(after),
            **spread(stack, "AppGroup"),
        )
    )


def titled(kind: str, name: str) -> str:
    """The logical id of what the manifest calls `name`: letters and digits alone."""
    return kind + "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
