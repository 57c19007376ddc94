"""Builds an image with the build project, for those without Docker: the source goes into the bucket of artifacts, a
build is started or the one that is under way joined, and watched to its end. The project's commands are in
stacks/image.py.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from evenly.aws.cloud.session import Asked
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.watching import Say
from evenly.aws.releasing.docker import CHECK, failed, without_evenly
from evenly.aws.releasing.source import Source
from evenly.aws.stacks.image import CHECKED, NO_EVENLY, TAG

LOOKED_AT = 20  # builds, newest first, among which one of the same source may be
LAST_LINES = 20
PHASES = {
    "QUEUED": "waits for a machine",
    "PROVISIONING": "gets a machine",
    "DOWNLOAD_SOURCE": "fetches the source",
    "PRE_BUILD": "logs in to the registry",
    "BUILD": "builds",
    "POST_BUILD": "checks and pushes",
}


class BuildProject(Struct, frozen=True):
    """`codebuild`, `logs`: clients. `name`: the project's. `bucket`: of artifacts."""

    codebuild: Asked
    logs: Asked
    name: str
    bucket: str
    clock: Clock
    say: Say

    def join(self, source: Source) -> None:
        """Looks on at a build of the same source that is under way, if there is one: an interrupted deploy began it, or
        somebody else. Raises as `build` does."""
        id_ = self._under_way(source)
        if id_ is not None:
            self.say("image", f"the build {id_} is under way, and goes on")
            self._await(id_)

    def build(self, source: Source, *, checked: bool) -> None:
        """To its end; the source is in the bucket already. `checked`: Evenly has to be in the image. Raises
        TargetError, with the last lines of the build's log."""
        self._await(self._started(source, checked=checked))

    def _await(self, id_: str) -> None:
        build = self._watched(id_)
        if build["buildStatus"] != "SUCCEEDED":
            last = self._last_lines(build)
            if any(NO_EVENLY in it for it in last):
                raise without_evenly([])
            raise failed(f"the build {id_} ended with {build['buildStatus']}", last)

    def _under_way(self, source: Source) -> str | None:
        said = self.codebuild.call("list_builds_for_project", projectName=self.name, sortOrder="DESCENDING")
        ids = said.get("ids", ())[:LOOKED_AT]
        builds = self.codebuild.call("batch_get_builds", ids=ids)["builds"] if ids else ()
        for it in builds:
            if it["buildStatus"] == "IN_PROGRESS" and it["source"].get("location") == self._location(source):
                return str(it["id"])
        return None

    def _started(self, source: Source, *, checked: bool) -> str:
        told = {TAG: source.tag, CHECKED: CHECK if checked else ""}
        said = self.codebuild.call(
            "start_build",
            projectName=self.name,
            sourceTypeOverride="S3",
            sourceLocationOverride=self._location(source),
            environmentVariablesOverride=[
                {"name": key, "value": it, "type": "PLAINTEXT"} for key, it in told.items() if it
            ],
        )
        id_ = str(said["build"]["id"])
        self.say("image", f"the build {id_} begins")
        return id_

    def _location(self, source: Source) -> str:
        return f"{self.bucket}/{key(source)}"

    def _watched(self, id_: str) -> Mapping[str, Any]:
        told = None
        for _ in self.clock.rounds():
            build: Mapping[str, Any] = self.codebuild.call("batch_get_builds", ids=[id_])["builds"][0]
            phase = build.get("currentPhase")
            if phase != told and phase in PHASES:
                self.say("image", PHASES[phase])
            told = phase
            if build["buildStatus"] != "IN_PROGRESS":
                return build
        raise AssertionError("unreachable")

    def _last_lines(self, build: Mapping[str, Any]) -> list[str]:
        place = build.get("logs", {})
        if not place.get("groupName") or not place.get("streamName"):
            return []
        return last_lines(self.logs, place["groupName"], place["streamName"])


def last_lines(logs: Asked, group: str, stream: str) -> list[str]:
    """Of one stream of CloudWatch Logs."""
    said = logs.unless(
        ("ResourceNotFoundException",),
        "get_log_events",
        logGroupName=group,
        logStreamName=stream,
        limit=LAST_LINES,
        startFromHead=False,
    )
    return [it["message"].rstrip() for it in (said or {}).get("events", ()) if it["message"].strip()]


def key(source: Source) -> str:
    """Of the source in the bucket: the build's role reads what is there, and nothing else."""
    return f"source/{source.digest}.zip"
