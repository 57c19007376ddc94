"""The app's tasks: what runs in one, and the service that keeps as many as are wanted, spread over the zones. Pure."""

from collections.abc import Sequence
from typing import Any

from troposphere import Ref, Split, Tags, cloudwatch, ecs

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.logs import app_log
from evenly.aws.stacks.service import collector
from evenly.aws.stacks.service.balancer import Balancer, speaks_tls
from evenly.aws.stacks.service.containers import Part, container, task_definition
from evenly.aws.stacks.service.rollout import behind, deployment
from evenly.aws.stacks.service.scaling import is_fixed
from evenly.aws.topology import APP_PORT, AwsTopology, Reach

TAG_RELEASE = "evenly:release"
CONTAINER = "app"
SERVER = ("python", "-m", "evenly.webapp.server")


def app_service(
    stack: Stack, balancer: Balancer, alarms: tuple[cloudwatch.Alarm, ...], after: Sequence[str]
) -> ecs.Service:
    """The service behind the balancer. `after`: logical ids of what has to be there before a task can run."""
    topology = stack.topology
    fixed = {"DesiredCount": topology.count.minimum} if is_fixed(topology.count) else {}
    return stack.add(
        ecs.Service(
            "App",
            ServiceName=stack.names.ecs_service,
            TaskDefinition=Ref(_definition(stack)),
            LoadBalancers=[behind(stack, balancer, CONTAINER)],
            HealthCheckGracePeriodSeconds=topology.health.grace_period,
            DeploymentConfiguration=deployment(stack, alarms),
            Tags=Tags({TAG_RELEASE: _release(stack)}),
            DependsOn=[*after, *([] if balancer.rule else [balancer.listener.title])],
            **fixed,
            **spread(stack, "AppGroup"),
        )
    )


def spread(stack: Stack, group: str) -> dict[str, Any]:
    """What every service of the cluster has: zones first and hosts second, and the balance kept when a zone was away.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html
    """
    on_hosts = stack.topology.on_hosts
    said: dict[str, Any] = {"PlatformVersion": "LATEST"}
    if on_hosts:
        said = {
            "PlacementStrategies": [
                ecs.PlacementStrategy(Type="spread", Field="attribute:ecs.availability-zone"),
                ecs.PlacementStrategy(Type="spread", Field="instanceId"),
            ]
        }
    return {
        "Cluster": Ref("Cluster"),
        "CapacityProviderStrategy": [
            ecs.CapacityProviderStrategyItem(
                CapacityProvider=Ref("Capacity") if on_hosts else "FARGATE", Weight=1
            )
        ],
        "AvailabilityZoneRebalancing": "ENABLED",
        "EnableECSManagedTags": True,
        "EnableExecuteCommand": True,
        "NetworkConfiguration": ecs.NetworkConfiguration(AwsvpcConfiguration=in_private(stack, group)),
        "PropagateTags": "SERVICE",
        "SchedulingStrategy": "REPLICA",
        **said,
    }


def in_private(stack: Stack, group: str) -> ecs.AwsvpcConfiguration:
    """In the private subnets, without an address of the internet's."""
    subnets = stack.parameter("PrivateSubnets", "The subnets without a way in, one a zone")
    return ecs.AwsvpcConfiguration(
        AssignPublicIp="DISABLED",
        SecurityGroups=[stack.parameter(group, "The security group of the app")],
        Subnets=Split(",", subnets),
    )


def _definition(stack: Stack) -> ecs.TaskDefinition:
    part = Part(
        name=CONTAINER,
        where="app.command",
        command=_program(stack.topology),
        variables={},
        given={
            "EVENLY_ROLE": "instance",
            **_listening(stack.topology),
            **collector.environment(stack.topology),
        },
    )
    port = ecs.PortMapping(ContainerPort=APP_PORT, Protocol="tcp")
    app = container(stack, part, app_log(stack, "AppLog", "app"), PortMappings=[port])
    return task_definition(
        stack,
        "AppTask",
        "app",
        [app, *_beside(stack)],
        Tags=Tags({TAG_RELEASE: _release(stack)}),
    )


def _beside(stack: Stack) -> list[ecs.ContainerDefinition]:
    """The collector of traces, where there are any. The app does not end with it."""
    if not stack.topology.observability.tracing:
        return []
    return [collector.container(stack.topology, app_log(stack, "CollectorLog", "collector"))]


def _program(topology: AwsTopology) -> tuple[str, ...] | None:
    app = topology.app
    return app.command if app.serve is None else (*SERVER, app.serve)


def _listening(topology: AwsTopology) -> dict[str, str]:
    """Where the app listens, and whom it believes: the network lets nobody but the balancer come to it."""
    tls = {"EVENLY_TLS": "self-signed"} if topology.app.protocol == "https" else {}
    scheme = {"EVENLY_SCHEME": "https"} if not speaks_tls(topology) else {}
    proxies = 2 if topology.reach in (Reach.ALIAS, Reach.DEFAULT_DOMAIN) else 1
    return {"HOST": "0.0.0.0", "PORT": str(APP_PORT), "EVENLY_PROXIES": str(proxies), **tls, **scheme}  # noqa: S104


def _release(stack: Stack) -> Any:
    return stack.parameter("Release", "The number of the release")
