"""A shell in a running task, by ECS Exec, or on a host: the session is opened here, and Session Manager's own plugin
speaks in it. Nothing listens anywhere for it, and no key is needed.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from evenly.aws.cloud.session import Asked
from evenly.errors import StateError, TargetError, UsageError

PLUGIN = "session-manager-plugin"
# The plugin takes the session from a variable of this name, so that its token is in no argument: since this version.
VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"
SINCE = (1, 2, 497, 0)
DESCRIBED_MOST = 100  # hosts in one request
INSTALL = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"


class Task(Struct, frozen=True):
    """A running task. `container`: the one that the shell is in; `runtime`: what the host calls it."""

    cluster: str
    id: str
    container: str
    runtime: str


class Opened(Struct, frozen=True):
    """A session with `target`, in Session Manager's words. `response` is what the plugin takes by `VARIABLE`, and holds
    a token."""

    target: str
    response: str


def find_task(asked: Asked, cluster: str, service: str, wanted: str | None, container: str | None) -> Task:
    """One of the service's tasks: `wanted` is the beginning of its id. Raises StateError where none runs, UsageError
    for one that is not there."""
    arns = [
        arn
        for page in asked.pages(
            "list_tasks", "nextToken", cluster=cluster, serviceName=service, desiredStatus="RUNNING"
        )
        for arn in page["taskArns"]
    ]
    if not arns:
        raise StateError("no task of the service runs.", where=cluster, try_="evenly status -e ENV")
    ids = [it.rpartition("/")[2] for it in arns]
    fitting = [it for it in ids if it.startswith(wanted or "")]
    if not fitting:
        raise UsageError(f"no task begins with {wanted}.", where="TASK", try_=f"There is: {', '.join(ids)}.")
    said = asked.call("describe_tasks", cluster=cluster, tasks=[fitting[0]])["tasks"][0]
    if not said.get("enableExecuteCommand"):
        what = "it was started without ECS Exec."
        raise StateError(what, where=fitting[0], try_="Deploy once more; tasks that start then have it.")
    return _of_container(cluster, fitting[0], said["containers"], container)


def _of_container(cluster: str, task: str, held: Sequence[Mapping[str, Any]], wanted: str | None) -> Task:
    running = {it["name"]: it for it in held if it.get("runtimeId")}
    name = wanted or next((it for it in ("app", *running) if it in running), None)
    if name not in running or name is None:
        raise UsageError(
            f"{task} has no container {wanted or ''} that runs.",
            where="--container",
            try_=f"There is: {', '.join(running) or 'none'}.",
        )
    return Task(cluster, task, name, running[name]["runtimeId"])


def open_session(asked: Asked, task: Task, command: str) -> Opened:
    """Raises TargetError where the agent in the task does not answer."""
    said = asked.call(
        "execute_command",
        cluster=task.cluster,
        task=task.id,
        container=task.container,
        interactive=True,
        command=command,
    )["session"]
    token = {"SessionId": said["sessionId"], "TokenValue": said["tokenValue"], "StreamUrl": said["streamUrl"]}
    return Opened(f"ecs:{task.cluster}_{task.id}_{task.runtime}", json.dumps(token))


def find_host(asked: Asked, cluster: str, wanted: str | None) -> str:
    """The id of one of the cluster's hosts: `wanted` is its beginning. Raises StateError where there are none,
    UsageError for one that is not there."""
    arns = [
        arn
        for page in asked.pages("list_container_instances", "nextToken", cluster=cluster, status="ACTIVE")
        for arn in page["containerInstanceArns"]
    ]
    if not arns:
        raise StateError(
            "there are no hosts: on Fargate they are AWS's.", where=cluster, try_="Leave out --host."
        )
    said = asked.call(
        "describe_container_instances", cluster=cluster, containerInstances=arns[:DESCRIBED_MOST]
    )
    ids = sorted(str(it["ec2InstanceId"]) for it in said["containerInstances"])
    fitting = [it for it in ids if it.startswith(wanted or "")]
    if not fitting:
        raise UsageError(f"no host begins with {wanted}.", where="TASK", try_=f"There is: {', '.join(ids)}.")
    return fitting[0]


def open_host(asked: Asked, host: str) -> Opened:
    """`asked`: a client of Systems Manager. Raises TargetError where its agent does not answer."""
    said = asked.call("start_session", Target=host)
    token = {name: said[name] for name in ("SessionId", "TokenValue", "StreamUrl")}
    return Opened(host, json.dumps(token))


def check_plugin(version: str | None) -> None:
    """`version`: what it says of itself; `None`: it is not there. Raises TargetError."""
    if version is None:
        raise TargetError(
            f"{PLUGIN} is not installed, which speaks with the task.", try_=f"Install it: {INSTALL}"
        )
    numbers = tuple(int(it) for it in re.findall(r"\d+", version)[:4])
    if numbers <= SINCE:
        what = (
            f"this {PLUGIN} is too old ({version.strip()}): it would show the session's token to others here."
        )
        raise TargetError(what, try_=f"Install a newer one: {INSTALL}")


def plugin_arguments(opened: Opened, region: str, profile: str | None, endpoint: str) -> list[str]:
    """How the plugin is called; the token is not among it."""
    return [
        PLUGIN,
        VARIABLE,
        region,
        "StartSession",
        profile or "",
        json.dumps({"Target": opened.target}),
        endpoint,
    ]
