"""A small environment with all that a release is about, planned and deployed against AWS in memory."""

from typing import Any

from tests.unit.aws.releasefakes import (
    DIGEST,
    DOOR,
    FakeAcm,
    FakeBuilds,
    FakeDoor,
    FakeIam,
    FakeLogs,
    FakePrograms,
    FakeRegistry,
    FakeSecrets,
    Objects,
)
from tests.unit.aws.world import NAMES, REGION, FakeAws, desired, stack, topic

from evenly.aws.changes.plan import Plan
from evenly.aws.operations.deploying import Done, deploy
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.lookups import look_up
from evenly.aws.operations.planning import make_plan
from evenly.aws.releasing.files import File
from evenly.aws.releasing.release import Release, Work
from evenly.aws.releasing.source import Source
from evenly.aws.topology import AwsTopology, aws_topology
from evenly.manifest.types import Database, Environment, Manifest

SOURCE = Source({"Dockerfile": File(b"FROM scratch\n")}, "X86_64")
TAKES = {"ArtifactBucket": "foundation"}


def topology(**said: Any) -> AwsTopology:
    manifest = Manifest(
        name="shop",
        environments={"staging": Environment(target="aws", regions=(REGION,))},
        **{"database": Database(), **said},
    )
    return aws_topology(manifest, "staging")


class ReleaseAws(FakeAws):
    def __init__(self) -> None:
        super().__init__()
        self.storage: Objects = Objects()
        self.registry = FakeRegistry(lambda: NAMES.stack("foundation") in self.formation().stacks)
        self.programs = FakePrograms(self.registry)
        self.builds = FakeBuilds(self.registry)
        self.door = FakeDoor()
        self.logs = FakeLogs()
        self.secrets = FakeSecrets()
        self.iam = FakeIam()
        self.acm = FakeAcm()
        self.told: list[str] = []

    def say(self, who: str, what: str) -> None:
        self.told.append(f"{who}: {what}")

    def _client(self, service: str, region: str) -> Any:
        return {
            "ecr": self.registry,
            "codebuild": self.builds,
            "stepfunctions": self.door,
            "ssm": self.door,
            "rds": self.door,
            "logs": self.logs,
            "secretsmanager": self.secrets,
            "iam": self.iam,
            "acm": self.acm,
        }.get(service) or super()._client(service, region)

    def executed(self) -> list[str]:
        """The concerns, in the order in which their change sets were executed."""
        return [
            fake.sets[it["ChangeSetName"]].stack.removeprefix("shop-staging-")
            for fake in self.formations.values()
            for name, it in fake.calls
            if name == "execute_change_set"
        ]


def wanted(
    source: Source | None = SOURCE, pages: str = "1" * 16, roles: str = "roles", **properties: Any
) -> Desired:
    """A small environment with all that a release is about."""
    image = {"DisplayName": {"Ref": "Image"}}
    stacks = (
        stack(
            "foundation",
            {"Key": topic()},
            outputs={"ArtifactBucket": "artifacts", "KeyArn": "arn:aws:kms:key"},
        ),
        stack("security", {"Roles": topic(DisplayName=roles)}),
        stack("image", {"Build": topic()}, takes=TAKES, outputs={"BuildProject": "shop-staging-build"}),
        stack(
            "data",
            {"Migration": topic(**image)},
            looked_up=("Image",),
            outputs={"DoorArn": DOOR, "DatabaseIdentifier": "shop-staging"},
        ),
        stack("service", {"App": topic(**image), "More": topic(**properties)}, looked_up=("Image",)),
        stack(
            "edge",
            {"Distribution": topic(DisplayName={"Ref": "PagesVersion"})},
            given={"PagesVersion": pages},
            outputs={"PagesBucket": "pages"},
            region="us-east-1",
        ),
    )
    found = desired(*stacks)
    return Desired(
        **{**{it: getattr(found, it) for it in found.__struct_fields__}, "source": digest_of(source)}
    )


def digest_of(source: Source | None) -> str | None:
    return source.digest if source else None


def planned(
    aws: ReleaseAws, it: Desired, source: Source | None = SOURCE, image: str | None = None, id_: str = "p1"
) -> Plan:
    tag = source.tag if source else None
    looked = look_up(aws.cloud, topology(), frozenset({"Image"}), refresh=False, tag=tag, image=image)
    return make_plan(aws.cloud, it, looked, aws.time.clock, id_)


def done(
    aws: ReleaseAws,
    it: Desired,
    plan: Plan | None = None,
    *,
    source: Source | None = SOURCE,
    migrations: str | None = DIGEST,
    docker: bool = True,
    id_: str = "p1",
    at: AwsTopology | None = None,
) -> tuple[Done, ...]:
    plan = plan or planned(aws, it, source, id_=id_)
    work = Work(source, migrations, {"_evenly/errors/v/502.html": b"<p>"}, aws.programs if docker else None)
    release = Release(aws.cloud, at or topology(), it, plan, work, aws.time.clock, aws.say)
    return deploy(aws.cloud, it, plan, aws.time.clock, aws.say, release.supply, release)
