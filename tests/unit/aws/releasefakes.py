"""The services of AWS that a release asks, and the programs of this machine, in memory: a registry, a build project, a
door, secrets, logs, certificates, pages."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.unit.aws.world import ACCOUNT, REGION, FakeStorage, refuse

from evenly.aws.releasing.programs import Ran
from evenly.core.secret import Secret

URI = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop/staging"
DOOR = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:shop-staging-door"
PASSWORD = "registry-password"
DIGEST = "ab" * 32  # of the migrations


@dataclass
class FakeRegistry:
    """ECR. `images`: digests by tag. `is_there`: whether the repository is."""

    is_there: Callable[[], bool]
    images: dict[str, str] = field(default_factory=dict)

    def describe_repositories(self, repositoryNames: list[str]) -> Any:  # noqa: N803
        assert repositoryNames == ["shop/staging"]
        if not self.is_there():
            raise refuse("DescribeRepositories", "RepositoryNotFoundException", "no")
        return {"repositories": [{"repositoryUri": URI}]}

    def describe_images(self, repositoryName: str, imageIds: list[Any]) -> Any:  # noqa: N803
        tag = imageIds[0]["imageTag"]
        if tag not in self.images:
            raise refuse("DescribeImages", "ImageNotFoundException", "no")
        return {"imageDetails": [{"imageDigest": self.images[tag], "imageTags": [tag]}]}

    def get_authorization_token(self) -> Any:
        token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
        endpoint = f"https://{URI.partition('/')[0]}"
        return {"authorizationData": [{"authorizationToken": token, "proxyEndpoint": endpoint}]}

    def push(self, tag: str) -> None:
        """Tags are immutable."""
        assert tag not in self.images
        self.images[tag] = f"sha256:{len(self.images) + 1}"


@dataclass
class FakePrograms:
    """`there`: the programs of PATH. `fails`: by the word of the command, the exit code. `pushed`: what `push` does."""

    registry: FakeRegistry
    there: tuple[str, ...] = ("docker",)
    fails: dict[str, int] = field(default_factory=dict)
    ran: list[tuple[tuple[str, ...], str | None]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return name in self.there

    def run(self, argv: Sequence[str], said: Secret | None = None) -> Ran:
        self.ran.append((tuple(argv), said.reveal() if said else None))
        code = self.fails.get(f"{argv[0]} {argv[1]}", self.fails.get(argv[1], 0))
        if argv[1] == "push" and code == 0:
            self.registry.push(argv[2].rpartition(":")[2])
        return Ran(code, ("first line", "last line") if code else ())

    def words(self) -> list[str]:
        return [argv[1] for argv, _ in self.ran]


@dataclass
class FakeBuilds:
    """CodeBuild. `ends`: the status of the next build. `rounds`: how often it is described before it ends."""

    registry: FakeRegistry
    ends: str = "SUCCEEDED"
    rounds: int = 3
    started: list[dict[str, Any]] = field(default_factory=list)
    builds: dict[str, dict[str, Any]] = field(default_factory=dict)

    def start_build(self, **said: Any) -> Any:
        self.started.append(said)
        told = {it["name"]: it["value"] for it in said["environmentVariablesOverride"]}
        return {"build": self.begun(said["sourceLocationOverride"], told["IMAGE_TAG"])}

    def begun(self, location: str, tag: str) -> dict[str, Any]:
        id_ = f"shop-staging-build:{len(self.builds) + 1}"
        self.builds[id_] = {
            "id": id_,
            "buildStatus": "IN_PROGRESS",
            "currentPhase": "QUEUED",
            "source": {"location": location},
            "tag": tag,
            "rounds": self.rounds,
            "logs": {"groupName": "/evenly/shop/staging/build", "streamName": "1"},
        }
        return self.builds[id_]

    def list_builds_for_project(self, projectName: str, sortOrder: str) -> Any:  # noqa: N803
        assert (projectName, sortOrder) == ("shop-staging-build", "DESCENDING")
        return {"ids": list(self.builds)[::-1]}

    def batch_get_builds(self, ids: list[str]) -> Any:
        for it in (self.builds[id_] for id_ in ids):
            it["rounds"] -= len(ids) == 1
            it["currentPhase"] = "BUILD" if it["rounds"] else "COMPLETED"
            if it["rounds"] <= 0 and it["buildStatus"] == "IN_PROGRESS":
                it["buildStatus"] = self.ends
                if self.ends == "SUCCEEDED":
                    self.registry.push(it["tag"])
        return {"builds": [self.builds[it] for it in ids]}


class _ThereError(Exception):
    """ExecutionAlreadyExists."""


@dataclass
class FakeDoor:
    """Step Functions with the door, the record of Systems Manager that it writes, and the database. `fails`: the error
    and the cause of the next run. `watched`: called with each look at a run that is active."""

    fails: tuple[str, str] | None = None
    rounds: int = 3
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    record: str | None = None
    database: str = "db-1"
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ExecutionAlreadyExists=_ThereError))

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> Any:  # noqa: N803
        assert stateMachineArn == DOOR
        arn = f"{DOOR.replace(':stateMachine:', ':execution:')}:{name}"
        if arn in self.runs:
            raise _ThereError
        self.runs[arn] = {"status": "RUNNING", "input": input, "rounds": self.rounds}
        return {"executionArn": arn}

    def describe_execution(self, executionArn: str) -> Any:  # noqa: N803
        run = self.runs[executionArn]
        run["rounds"] -= 1
        if run["rounds"] <= 0 and run["status"] == "RUNNING":
            self._end(run)
        return run

    def _end(self, run: dict[str, Any]) -> None:
        if self.fails:
            run.update(status="FAILED", error=self.fails[0], cause=self.fails[1])
            self.fails = None
            return
        applied = f"{self.database} {DIGEST}"
        run.update(status="SUCCEEDED", output="{}" if self.record == applied else '{"run": {}}')
        self.record = applied

    @property
    def opened(self) -> int:
        """How often a run let the migrations in."""
        return sum(it.get("output") != "{}" for it in self.runs.values())

    def get_parameter(self, Name: str) -> Any:  # noqa: N803
        assert Name == "/shop/staging/data/Migrations"
        if self.record is None:
            raise refuse("GetParameter", "ParameterNotFound", "no")
        return {"Parameter": {"Value": self.record}}

    def describe_db_instances(self, DBInstanceIdentifier: str) -> Any:  # noqa: N803
        assert DBInstanceIdentifier == "shop-staging"
        return {"DBInstances": [{"DbiResourceId": self.database}]}


@dataclass
class FakeLogs:
    lines: list[str] = field(default_factory=list)

    def get_log_events(self, **said: Any) -> Any:
        assert said["startFromHead"] is False
        return {"events": [{"message": it} for it in self.lines[-said["limit"] :]]}

    def filter_log_events(self, logGroupName: str, startTime: int, nextToken: str | None = None) -> Any:  # noqa: N803
        assert logGroupName == "/evenly/shop/staging/migration"
        assert startTime > 1_600_000_000_000  # milliseconds
        at = int(nextToken or 0)
        more = {"nextToken": str(at + 2)} if at + 2 < len(self.lines) else {}
        told = [
            {"message": it, "timestamp": number}
            for number, it in enumerate(self.lines)
            if at <= number < at + 2
        ]
        return {"events": told, **more}


@dataclass
class FakeSecrets:
    """`values`: by name; `None`: made without a value. `deleted`: names that are to be deleted."""

    values: dict[str, str | None] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    made: list[dict[str, Any]] = field(default_factory=list)

    def describe_secret(self, SecretId: str) -> Any:  # noqa: N803
        if SecretId not in self.values:
            raise refuse("DescribeSecret", "ResourceNotFoundException", "no")
        there = self.values[SecretId] is not None
        return {
            "VersionIdsToStages": {"1": ["AWSCURRENT"]} if there else {},
            **({"DeletedDate": 1} if SecretId in self.deleted else {}),
        }

    def create_secret(self, **said: Any) -> Any:
        assert said["Name"] not in self.values
        self.made.append(said)
        self.values[said["Name"]] = said["SecretString"]
        return {}

    def put_secret_value(self, SecretId: str, SecretString: str) -> Any:  # noqa: N803
        assert SecretId in self.values
        assert SecretId not in self.deleted
        self.values[SecretId] = SecretString
        return {}

    def restore_secret(self, SecretId: str) -> Any:  # noqa: N803
        self.deleted.remove(SecretId)
        return {}


@dataclass
class FakeIam:
    roles: set[str] = field(default_factory=set)
    denies: Exception | None = None

    def create_service_linked_role(self, AWSServiceName: str) -> Any:  # noqa: N803
        if self.denies:
            raise self.denies
        if AWSServiceName in self.roles:
            raise refuse("CreateServiceLinkedRole", "InvalidInput", "has been taken in this account")
        self.roles.add(AWSServiceName)
        return {"Role": {}}


@dataclass
class FakeAcm:
    """`pem`: the certificate that was imported for the environment, if one was."""

    pem: str | None = None

    def list_certificates(self, **_: Any) -> Any:
        found = [{"CertificateArn": "arn:c", "Type": "IMPORTED"}] if self.pem else []
        return {"CertificateSummaryList": found}

    def list_tags_for_certificate(self, CertificateArn: str) -> Any:  # noqa: N803
        assert CertificateArn == "arn:c"
        tags = {"evenly:service": "shop", "evenly:environment": "staging"}
        return {"Tags": [{"Key": key, "Value": it} for key, it in tags.items()]}

    def get_certificate(self, CertificateArn: str) -> Any:  # noqa: N803
        assert CertificateArn == "arn:c"
        return {"Certificate": self.pem}


@dataclass
class Objects(FakeStorage):
    """S3. `typed`: what else was said of an object."""

    typed: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put_object(self, Bucket: str, Key: str, Body: bytes, **more: Any) -> Any:  # type: ignore[override]  # noqa: N803
        self.objects[Bucket, Key] = Body
        self.typed[Key] = more
        return {}
