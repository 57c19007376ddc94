"""The migration task: the app's image, run once, with Evenly's own migration code in it (`evenly.aws.migrating`). Pure.

It runs on Fargate whatever the app runs on: the first migrations come before there is a host. Its cluster has no other
task, so whatever runs there while the door is closed is a leftover.
"""

import posixpath

from troposphere import GetAtt, Ref, Sub, ecs, rds

from evenly.aws.instances import processors_of
from evenly.aws.intask import COMMAND, DIGEST, EXECUTION, FOLDER, PACKAGE
from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.stacks.logs import add_log_group, log_title
from evenly.aws.topology import AwsTopology
from evenly.manifest.types import REFERENCE_APP

CONTAINER = "migration"
CPU = "256"  # 1/1024 of a processor
MEMORY_MIB = "512"
STOP_S = 30


def add_migration(stack: Stack, database: rds.DBInstance) -> ecs.TaskDefinition:
    add_log_group(stack, "migration")
    _cluster(stack)
    role = substituted(stack.names.role_arn("migration"))
    return stack.add(
        ecs.TaskDefinition(
            "Migration",
            Family=stack.names.family("migration"),
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            Cpu=CPU,
            Memory=MEMORY_MIB,
            ExecutionRoleArn=role,  # and no role for the task itself: it asks nothing of AWS
            RuntimePlatform=ecs.RuntimePlatform(
                OperatingSystemFamily="LINUX", CpuArchitecture=processors_of(stack.topology)
            ),
            ContainerDefinitions=[_container(stack, database)],
        )
    )


def migrations_in_image(topology: AwsTopology) -> str | None:
    """The folder of the migrations as the image has it, relative to where it starts; `None` for the reference web
    service's own, and where there are none. Raises ValueError for a folder that the image does not have."""
    database = topology.own_database
    if database is None or database.migrations is None:
        return None
    folder, build = posixpath.normpath(database.migrations), posixpath.normpath(topology.app.build)
    within = "" if build == "." else f"{build}/"
    if folder.startswith("../") or not folder.startswith(within):
        raise ValueError(
            f"database.migrations, {database.migrations}, is not in app.build, {topology.app.build}: "
            "the image has no migrations"
        )
    return folder.removeprefix(within)


def _is_reference(topology: AwsTopology) -> bool:
    return topology.app.serve == REFERENCE_APP and topology.app.command is None


def _cluster(stack: Stack) -> None:
    stack.add(
        ecs.Cluster(
            "DoorCluster",
            ClusterName=stack.names.door,
            ClusterSettings=[ecs.ClusterSetting(Name="containerInsights", Value="enabled")],
        )
    )


def _container(stack: Stack, database: rds.DBInstance) -> ecs.ContainerDefinition:
    variables = {
        "PGHOST": GetAtt(database, "Endpoint.Address"),
        "PGPORT": GetAtt(database, "Endpoint.Port"),
        "PGDATABASE": stack.names.database_name,
    }
    folder = migrations_in_image(stack.topology)
    if folder is not None:
        variables[FOLDER] = folder
    elif _is_reference(stack.topology):
        variables[PACKAGE] = REFERENCE_APP.partition(":")[0]
    return ecs.ContainerDefinition(
        Name=CONTAINER,
        Image=stack.parameter("Image", "The image of the app, by its digest"),
        Essential=True,
        EntryPoint=list(COMMAND),
        Command=[],
        Environment=[ecs.Environment(Name=name, Value=value) for name, value in variables.items()],
        Secrets=[
            ecs.Secret(Name=name, ValueFrom=Sub(f"${{OwnerSecret}}:{key}::"))
            for name, key in (("PGUSER", "username"), ("PGPASSWORD", "password"))
        ],
        LogConfiguration=ecs.LogConfiguration(
            LogDriver="awslogs",
            Options={
                "awslogs-group": Ref(log_title("migration")),
                "awslogs-region": Ref("AWS::Region"),
                "awslogs-stream-prefix": CONTAINER,
            },
        ),
        LinuxParameters=ecs.LinuxParameters(
            Capabilities=ecs.KernelCapabilities(Drop=["ALL"]), InitProcessEnabled=True
        ),
        ReadonlyRootFilesystem=True,
        StopTimeout=STOP_S,
    )


def overrides() -> dict[str, object]:
    """What one run of the task is told: which migrations it is for, and which run of the door let it in."""
    told = {DIGEST: "$.migrations", EXECUTION: "$$.Execution.Id"}
    environment = [{"Name": name, "Value.$": path} for name, path in told.items()]
    return {"ContainerOverrides": [{"Name": CONTAINER, "Environment": environment}]}
