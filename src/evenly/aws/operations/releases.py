"""The releases of the app that an environment on AWS has had: ECS keeps every task definition, and each of ours bears
the number of its release. Going back is a deploy of the image that one had."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from evenly.aws.cloud.session import Asked
from evenly.errors import StateError, UsageError

TAG = "release"
LOOKED_AT = 50  # task definitions, newest first: as many images are kept


class Release(Struct, frozen=True):
    """`image`: by its digest. `runs`: its task definition is the service's."""

    number: int
    image: str
    runs: bool


def releases(asked: Asked, cluster: str, service: str) -> tuple[Release, ...]:
    """Newest first, each number once. Raises StateError where there is no service."""
    said = asked.call("describe_services", cluster=cluster, services=[service])["services"]
    if not said:
        raise StateError("there is no service yet.", where=cluster, try_="evenly deploy -e ENV")
    current = str(said[0]["taskDefinition"])
    family = current.rpartition("/")[2].rpartition(":")[0]
    found: dict[int, Release] = {}
    for arn in _definitions(asked, family):
        release = _release(asked, arn, current)
        if release is not None and (release.runs or release.number not in found):
            found[release.number] = release
    return tuple(sorted(found.values(), key=lambda it: -it.number))


def _definitions(asked: Asked, family: str) -> Iterator[str]:
    """Those that can be run, and those that were replaced, newest first."""
    found = [
        arn
        for status in ("ACTIVE", "INACTIVE")
        for arn in asked.call(
            "list_task_definitions", familyPrefix=family, status=status, sort="DESC", maxResults=LOOKED_AT
        )["taskDefinitionArns"]
        if arn.rpartition("/")[2].rpartition(":")[0] == family
    ]
    newest = sorted(found, key=lambda it: -int(it.rpartition(":")[2]))
    yield from newest[:LOOKED_AT]


def _release(asked: Asked, arn: str, current: str) -> Release | None:
    said = asked.call("describe_task_definition", taskDefinition=arn, include=["TAGS"])
    tags = {it["key"]: it["value"] for it in said.get("tags", ())}
    number = tags.get(TAG, "")
    containers = said["taskDefinition"]["containerDefinitions"]
    if not number.isdigit() or not containers:
        return None
    return Release(int(number), _app(containers)["image"], arn == current)


def _app(containers: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((it for it in containers if it["name"] == "app"), containers[0])


def chosen(found: tuple[Release, ...], number: int | None) -> Release:
    """The release `number`, or the latest with another image than the one that runs. Raises UsageError for one that is
    not there, StateError where there is none to go back to."""
    running = next((it for it in found if it.runs), None)
    if number is not None:
        release = next((it for it in found if it.number == number), None)
        if release is None:
            known = ", ".join(str(it.number) for it in found)
            raise UsageError(
                f"there is no release {number}.", where="RELEASE", try_=f"There is: {known or 'none'}."
            )
        return release
    before = [it for it in found if running and it.number < running.number and it.image != running.image]
    if not before:
        raise StateError("there is no release before the one that runs.", try_="evenly status -e ENV")
    return before[0]
