"""A release from the checkout, beside the stacks of a deploy: in which wave what is done.

    before the first    the roles of AWS's services, in an account that is new to the environment; what can fail at all
                        fails here: secrets without a value, an image that can't be built
    with a parameter    the image, where the plan did not know it; the balancer's own certificate
    before the service  secrets once more, then the migrations
    about the edge      its error pages: before it names others, and right after it was made

Nothing is remembered here: each step looks at what is there. So a deploy that was broken off begins again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from evenly.aws.changes.plan import Plan
from evenly.aws.cloud.facts import StackFacts
from evenly.aws.cloud.session import Asked
from evenly.aws.edgeupload import upload
from evenly.aws.operations.certificates import certificate
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Desired
from evenly.aws.operations.watching import Say
from evenly.aws.releasing.appsecrets import AppSecrets, absent, secret_names
from evenly.aws.releasing.docker import Runs
from evenly.aws.releasing.images import Images, Places
from evenly.aws.releasing.linkedroles import make_linked_roles
from evenly.aws.releasing.migrations import Door
from evenly.aws.releasing.source import Source
from evenly.aws.stacks.edge.distribution import VERSION
from evenly.aws.stacks.service.containers import brings_evenly
from evenly.aws.topology import EDGE_REGION, AwsTopology
from evenly.errors import StateError

IMAGE = "Image"


class Work(Struct, frozen=True):
    """What the checkout brings. `source`: of the image; `None`: the plan names one, and so it is. `migrations`: their
    digest; `None`: none are run. `pages`: the error pages by their keys. `programs`: in which Docker may be; `None`:
    the image is built on AWS."""

    source: Source | None
    migrations: str | None
    pages: Mapping[str, bytes] = {}
    programs: Runs | None = None


class Release:
    def __init__(
        self,
        cloud: Cloud,
        topology: AwsTopology,
        desired: Desired,
        plan: Plan,
        work: Work,
        clock: Clock,
        say: Say,
    ) -> None:
        self._cloud = cloud
        self._topology = topology
        self._desired = desired
        self._plan = plan
        self._work = work
        self._clock = clock
        self._say = say
        self._image: str | None = None
        self._has_begun = False
        self._has_pages = False

    # --- what the waves ask

    def supply(self, parameter: str) -> str | None:
        """What no plan could know, for it is made by a deploy."""
        match parameter:
            case "Image":
                return self._built()
            case "CertificateArn":
                return certificate(self._cloud, self._topology, dict(self._desired.tags), self._clock)
            case _:
                return None

    def before(self, wave: Sequence[str]) -> None:
        if not self._has_begun:
            self._begin()
        self._has_begun = True
        if "service" in wave:
            self._check_secrets()
            self._migrate()
        if "edge" in wave:
            self._renew_pages()

    def after(self, wave: Sequence[str]) -> None:
        if "foundation" in wave:
            self._tell_of_secrets()
        if "edge" in wave and not self._has_pages:
            self._put_pages(self._stack("edge"))

    # --- before anything is changed

    def _begin(self) -> None:
        if self._is_new("security"):
            for it in make_linked_roles(self._cloud.session.client("iam", self._topology.region)):
                self._say("security", f"{it} has a role of its own now")
        if not self._is_new("foundation"):
            self._check_secrets()
        if self._is_unknown(IMAGE) and self._can_build():
            self._built()

    def _is_new(self, concern: str) -> bool:
        """Whether this plan makes the stack, and it is not there."""
        planned = any(it.concern == concern and it.is_new for it in self._plan.stacks)
        return planned and self._stack(concern) is None

    def _is_unknown(self, parameter: str) -> bool:
        return any(it.parameters.get(parameter, "") is None for it in self._plan.stacks)

    def _can_build(self) -> bool:
        """Whether there is all that an image needs, as it is to be."""
        return all(
            self._stack(it.concern) is not None and not it.changes
            for it in self._plan.stacks
            if it.concern in ("foundation", "image")
        )

    def _stack(self, concern: str) -> StackFacts | None:
        """As it is now; `None` where it is not there, or the environment has none."""
        wanted = next((it for it in self._desired.stacks if it.concern == concern), None)
        return self._cloud.formation(wanted.region).stack(wanted.stack) if wanted else None

    def _outputs(self, concern: str) -> Mapping[str, str]:
        found = self._stack(concern)
        return found.outputs if found else {}

    # --- the image

    def _built(self) -> str | None:
        if self._image is None and self._work.source is not None:
            self._image = self._images().image(self._work.source, self._places())
        return self._image

    def _images(self) -> Images:
        return Images(
            self._cloud,
            self._topology,
            self._clock,
            self._say,
            self._work.programs,
            checked=brings_evenly(self._topology),
        )

    def _places(self) -> Places:
        bucket = self._outputs("foundation").get("ArtifactBucket")
        if bucket is None:
            what = "there is no bucket of artifacts yet, and no repository."
            raise StateError(what, where="image", try_="Deploy foundation first: evenly deploy -e ENV")
        return Places(bucket, self._outputs("image").get("BuildProject"))

    # --- secrets and migrations

    def _secrets(self) -> AppSecrets:
        asked = self._cloud.session.client("secretsmanager", self._topology.region)
        return AppSecrets(asked, self._topology.names, self._desired.tags)

    def _missing(self) -> tuple[str, ...]:
        return self._secrets().missing(secret_names(self._topology))

    def _check_secrets(self) -> None:
        missing = self._missing()
        if missing:
            raise absent(missing, self._topology.environment)

    def _tell_of_secrets(self) -> None:
        """While there is time: the network and the database take some minutes."""
        for it in self._missing():
            command = f"evenly secrets set {it} -e {self._topology.environment}"
            self._say("secrets", f"{it} has no value yet, and the service needs it: {command}")

    def _migrate(self) -> None:
        outputs = self._outputs("data")
        if self._work.migrations is None or "DoorArn" not in outputs:
            return
        door = Door(
            self._cloud,
            self._topology.names,
            outputs["DoorArn"],
            outputs["DatabaseIdentifier"],
            self._clock,
            self._say,
        )
        door.migrate(self._work.migrations)

    # --- the error pages

    def _renew_pages(self) -> None:
        """Into the bucket, before a distribution names them. One that is not there yet has no bucket either."""
        facts = self._stack("edge")
        wanted = self._plan.of("edge").parameters.get(VERSION)
        if facts is not None and facts.parameters.get(VERSION) != wanted:
            self._put_pages(facts)
            self._has_pages = True

    def _put_pages(self, edge: StackFacts | None) -> None:
        bucket = edge.outputs.get("PagesBucket") if edge else None
        if bucket is None or not self._work.pages:
            return
        asked = self._cloud.session.client("s3", EDGE_REGION)
        upload(_Objects(asked), bucket, self._work.pages)
        self._say("edge", f"{len(self._work.pages)} error pages in {bucket}")


class _Objects:
    """S3, with refusals as errors of ours."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def put_object(self, **asked: Any) -> Any:
        return self._asked.call("put_object", **asked)
