"""The image of the checkout: the one that is there, known by the digest of its source, or a new one."""

from msgspec import Struct

from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.watching import Say
from evenly.aws.releasing import buildproject, docker
from evenly.aws.releasing.buildproject import BuildProject
from evenly.aws.releasing.docker import Docker, Runs
from evenly.aws.releasing.registry import Registry
from evenly.aws.releasing.source import Source
from evenly.aws.topology import AwsTopology
from evenly.errors import StateError, TargetError


class Places(Struct, frozen=True):
    """What stacks say of where an image is built. `project`: none where there is no such stack."""

    bucket: str
    project: str | None


class Images:
    """`checked`: Evenly has to be in the image. `programs`: of this machine; `None`: it is to be built on AWS."""

    def __init__(
        self,
        cloud: Cloud,
        topology: AwsTopology,
        clock: Clock,
        say: Say,
        programs: Runs | None,
        *,
        checked: bool,
    ) -> None:
        self._cloud = cloud
        self._topology = topology
        self._clock = clock
        self._say = say
        self._programs = programs
        self._checked = checked
        self._registry = registry(cloud, topology)

    def image(self, source: Source, places: Places) -> str:
        """By its digest. Built and pushed unless it is there. Raises TargetError, StateError."""
        known = self._registry.image(source.tag)
        if known is not None:
            self._say("image", f"is there already ({source.tag})")
            return known
        here = docker.found(self._programs) if self._programs else None
        if here is not None:
            self._build_here(here, source)
        else:
            self._build_on_aws(source, places)
        made = self._registry.image(source.tag)
        if made is None:
            what = f"it was built, and there is no {source.tag} in the repository."
            raise TargetError(what, where="image", try_="Deploy again.")
        self._say("image", f"pushed as {made.rpartition('@')[2]}")
        return made

    def _build_here(self, here: Docker, source: Source) -> None:
        uri = self._registry.uri()
        if uri is None:
            raise StateError("there is no repository to push to.", where="image", try_="Deploy again.")
        named = f"{uri}:{source.tag}"
        self._say("image", f"built by {here.name}, {len(source.files)} files")
        here.build(source, named)
        if self._checked:
            here.check(named, source.architecture)
        self._say("image", "built, and pushed now")
        pushed = here.push(named, self._registry.login())
        if pushed.code != 0 and self._registry.image(source.tag) is None:
            raise docker.failed(f"it could not be pushed: {here.name} ended with {pushed.code}", pushed.last)

    def _build_on_aws(self, source: Source, places: Places) -> None:
        if places.project is None:
            what = "neither Docker nor Podman answers here, and there is no build project."
            raise StateError(what, where="image", try_="Start one of them, then deploy again.")
        project = self._project(places.project, places.bucket)
        project.join(source)
        if self._registry.image(source.tag) is not None:
            return
        self._say("image", "no Docker is used here: built on AWS")
        self._cloud.storage().put_new(places.bucket, buildproject.key(source), source.zipped())
        project.build(source, checked=self._checked)

    def _project(self, name: str, bucket: str) -> BuildProject:
        region, session = self._topology.region, self._cloud.session
        codebuild, logs = session.client("codebuild", region), session.client("logs", region)
        return BuildProject(codebuild, logs, name, bucket, self._clock, self._say)


def registry(cloud: Cloud, topology: AwsTopology) -> Registry:
    return Registry(cloud.session.client("ecr", topology.region), topology.names.repository)
