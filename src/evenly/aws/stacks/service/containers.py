"""What every container of the app's image has: the app's own, the workers' and the jobs'. Pure.

No privileges, nothing to write to but /tmp, secrets by reference, logs into a group. What it finds around it is what
the local target gives (`evenly.local.surroundings`), as far as a task definition can say it. The rest (host, zone,
certificate) is found out in the task, by `evenly.aws.launching`.
"""

import re
import string
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct
from troposphere import Ref, Sub, ecs, logs

from evenly.aws.instances import processors_of
from evenly.aws.intask import LATE, LAUNCHER
from evenly.aws.naming import Names
from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.logs import container_logs
from evenly.aws.topology import AwsTopology
from evenly.errors import UsageError
from evenly.manifest.types import MEBIBYTE

INSTANCE_ID_FILE = "/var/lib/cloud/data/instance-id"  # cloud-init writes it on every host
DATABASE_KEYS = {
    "DATABASE_URL": "url",
    "PGHOST": "host",
    "PGPORT": "port",
    "PGUSER": "username",
    "PGPASSWORD": "password",
    "PGDATABASE": "dbname",
}  # as the rotation writes them
OPEN_FILES = 65536
# ECS Exec's agent writes here. AWS calls a read-only root unsupported; with these, others have it working:
# https://github.com/aws/containers-roadmap/issues/1359
WRITTEN_BY_SHELLS = {
    "shell-agents": "/managed-agents",
    "shell-data": "/var/lib/amazon/ssm",
    "shell-logs": "/var/log/amazon/ssm",
}
TMP_MIB = 64
STOP_S = 30  # from SIGTERM to SIGKILL


class Part(Struct, frozen=True):
    """One container of the app's image. `name`: the container's, and the beginning of its log streams. `where`: in the
    manifest. `command`: `None` for the image's own. `given`: what Evenly gives it alone."""

    name: str
    where: str
    command: tuple[str, ...] | None
    variables: Mapping[str, str]
    given: Mapping[str, Any]


def container(stack: Stack, part: Part, group: logs.LogGroup, **more: Any) -> ecs.ContainerDefinition:
    topology = stack.topology
    secrets = secrets_of(stack)
    environment = {name: it for name, it in environment_of(stack, part).items() if name not in secrets}
    said: dict[str, Any] = {} if part.command is None else {"Command": _command(stack, part, environment)}
    if topology.on_hosts:
        said["DockerSecurityOptions"] = ["no-new-privileges"]
    return ecs.ContainerDefinition(
        Name=part.name,
        Image=stack.parameter("Image", "The image of the release, by its digest"),
        Essential=True,
        Environment=[ecs.Environment(Name=name, Value=value) for name, value in sorted(environment.items())],
        Secrets=[ecs.Secret(Name=name, ValueFrom=value) for name, value in sorted(secrets.items())],
        LinuxParameters=_linux(topology),
        LogConfiguration=container_logs(group, part.name),
        MountPoints=_mounts(topology),
        Privileged=False,
        ReadonlyRootFilesystem=True,
        StopTimeout=STOP_S,
        Ulimits=[ecs.Ulimit(Name="nofile", SoftLimit=OPEN_FILES, HardLimit=OPEN_FILES)],
        **said,
        **more,
    )


def environment_of(stack: Stack, part: Part) -> dict[str, Any]:
    """The variables of a container, secrets apart."""
    topology = stack.topology
    placed = {"EVENLY_INSTANCE_ID_FILE": INSTANCE_ID_FILE} if topology.on_hosts else {}
    return {
        **dict(topology.variables),
        **part.variables,
        **_database(stack),
        **placed,
        "EVENLY_SERVICE": topology.service,
        "EVENLY_ENVIRONMENT": topology.environment,
        "EVENLY_REGION": Ref("AWS::Region"),
        "EVENLY_RELEASE": stack.parameter("Release", "The number of the release"),
        **part.given,
    }


def _database(stack: Stack) -> dict[str, Any]:
    """How the database is proved, and where its secret is read again when it was rotated."""
    if not has_own_database(stack.topology):
        return {}
    return {"PGSSLMODE": "verify-full", "EVENLY_DATABASE_SECRET": _database_secret(stack)}


def has_own_database(topology: AwsTopology) -> bool:
    return topology.database is not None and topology.database.url_from is None


def _database_secret(stack: Stack) -> Any:
    return stack.parameter("DatabaseSecretArn", "The secret of the database's user that the app connects as")


def secrets_of(stack: Stack) -> dict[str, Any]:
    """By variable, where ECS takes its value from when a task starts."""
    topology = stack.topology
    kept = {variable: _kept(stack.names, name) for variable, name in topology.secrets}
    if has_own_database(topology):
        arn = _database_secret(stack)
        own = {variable: _part_of(arn, key) for variable, key in DATABASE_KEYS.items()}
        return {**kept, **own}
    if topology.database is not None and topology.database.url_from is not None:
        return {**kept, "DATABASE_URL": _kept(stack.names, topology.database.url_from)}
    return kept


def _kept(names: Names, name: str) -> Any:
    place = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}"
    return Sub(f"{place}:secret:{names.secret(f'app/{name}')}")


def _part_of(arn: Ref, key: str) -> Any:
    return Sub(f"${{{arn.data['Ref']}}}:{key}::")


def _command(stack: Stack, part: Part, environment: Mapping[str, Any]) -> list[str]:
    """With its `$NAME`s expanded, which ECS does not. What is known in the task alone is left to the launcher."""
    words = part.command or ()
    known = {name: value for name, value in environment.items() if isinstance(value, str)}
    closed = frozenset(secrets_of(stack))
    launched = brings_evenly(stack.topology)
    for word in words:
        for name in string.Template(word).get_identifiers():
            _check_known(name, part.where, known.keys(), closed, launched=launched)
    if launched:
        return [*LAUNCHER, *(_partly_expanded(word, known) for word in words)]
    return [string.Template(word).safe_substitute(known) for word in words]


def _check_known(
    name: str, where: str, known: Collection[str], closed: Collection[str], *, launched: bool
) -> None:
    """Raises UsageError for what no argument can have."""
    if name in closed:
        raise UsageError(
            f"${name} is a secret, and an argument is seen by everybody on the host",
            where=where,
            try_="Let the program read it from its environment.",
        )
    if name == "TLS_CLIENT_CA":
        raise UsageError(
            "$TLS_CLIENT_CA: a balancer of AWS shows its targets no certificate",
            where=where,
            try_="Give this environment a command without it: app.command under environments.",
        )
    if name not in known and not (launched and name in LATE):
        raise UsageError(
            f"${name} is not known before a task runs", where=where, try_="Write $$ for a dollar sign."
        )


def _partly_expanded(word: str, known: Mapping[str, str]) -> str:
    """The launcher expands once more: what stays a dollar sign has to be two of them until then."""

    def put_in(found: re.Match[str]) -> str:
        name = found.group("named") or found.group("braced")
        return known[name].replace("$", "$$") if name in known else found.group()

    return string.Template.pattern.sub(put_in, word)


def brings_evenly(topology: AwsTopology) -> bool:
    """Whether the image has Evenly in it: to speak TLS for the app, to bring migrations, to prove the database. An app
    that speaks plain HTTP and has no database of ours does without."""
    return topology.app.protocol == "https" or has_own_database(topology)


def _linux(topology: AwsTopology) -> ecs.LinuxParameters:
    """Fargate has no tmpfs: there /tmp is a volume."""
    tmp = ecs.Tmpfs(ContainerPath="/tmp", Size=TMP_MIB, MountOptions=["mode=1777", "nosuid", "nodev"])  # noqa: S108
    more = {"Tmpfs": [tmp]} if topology.on_hosts else {}
    return ecs.LinuxParameters(
        InitProcessEnabled=True, Capabilities=ecs.KernelCapabilities(Drop=["ALL"]), **more
    )


def _mounts(topology: AwsTopology) -> list[ecs.MountPoint]:
    written = [
        ecs.MountPoint(SourceVolume=name, ContainerPath=path, ReadOnly=False)
        for name, path in _written(topology).items()
    ]
    if topology.on_hosts:
        return [
            ecs.MountPoint(SourceVolume="instance-id", ContainerPath=INSTANCE_ID_FILE, ReadOnly=True),
            *written,
        ]
    return written


def _written(topology: AwsTopology) -> Mapping[str, str]:
    """What is written to, by the volume's name; it is the task's own, and gone with it."""
    return WRITTEN_BY_SHELLS if topology.on_hosts else {"tmp": "/tmp", **WRITTEN_BY_SHELLS}  # noqa: S108


def _volumes(topology: AwsTopology) -> list[ecs.Volume]:
    written = [ecs.Volume(Name=name) for name in _written(topology)]
    if topology.on_hosts:
        return [ecs.Volume(Name="instance-id", Host=ecs.Host(SourcePath=INSTANCE_ID_FILE)), *written]
    return written


def task_definition(
    stack: Stack, title: str, purpose: str, containers: list[ecs.ContainerDefinition], **more: Any
) -> ecs.TaskDefinition:
    """Of the app's size, on whatever the environment runs on."""
    topology = stack.topology
    return stack.add(
        ecs.TaskDefinition(
            title,
            Family=stack.names.family(purpose),
            NetworkMode="awsvpc",
            RequiresCompatibilities=["EC2" if topology.on_hosts else "FARGATE"],
            Cpu=str(topology.compute.cpu),
            Memory=str(topology.compute.memory // MEBIBYTE),
            ExecutionRoleArn=Sub(stack.names.role_arn("execution")),
            TaskRoleArn=Sub(stack.names.role_arn("task")),
            RuntimePlatform=ecs.RuntimePlatform(
                OperatingSystemFamily="LINUX", CpuArchitecture=processors_of(topology)
            ),
            Volumes=_volumes(topology),
            ContainerDefinitions=containers,
            **more,
        )
    )
