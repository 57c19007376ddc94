"""`evenly shell -e ENV`: a shell in a running task."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evenly.cli.cloud import place_of, profile_option
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import every_environment_option
from evenly.errors import StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evenly.aws.operations.cloud import Cloud
    from evenly.aws.operations.shell import Opened

SHELL = "/bin/sh"


@click.command()
@every_environment_option
@click.argument("task", required=False)
@click.option(
    "--host", is_flag=True, help="A host in place of a task: TASK is then the beginning of a host's id."
)
@click.option("--container", metavar="NAME", help="Another container of the task than the app's.")
@click.option("--command", "run", metavar="COMMAND", help=f"What is run in the task.  [default: {SHELL}]")
@profile_option
def command(
    environment: str,
    task: str | None,
    host: bool,
    container: str | None,
    run: str | None,
    profile: str | None,
) -> None:
    """Open a shell in a running task of an environment on AWS: in TASK (the beginning of its id), or in any.

    It goes by Session Manager: nothing listens for it, and no key is needed. On this machine there is evenly run.
    """
    match choose(environment):
        case Here():
            what = "this is for environments on AWS."
            raise UsageError(
                what, where="--env", try_="On this machine: evenly run -- COMMAND, or evenly database shell."
            )
        case OnAws() as chosen:
            if host and (container or run):
                where = "--container" if container else "--command"
                raise UsageError(
                    "it is for a task, and a host was asked for.", where=where, try_="Leave one out."
                )
            _shell(chosen, profile, Wanted(task, host, container, run or SHELL))


class Wanted(Struct, frozen=True):
    """Where the shell is to be: in a task's container, or on a `host`. `id`: the beginning of its id; `None`: any."""

    id: str | None
    host: bool
    container: str | None
    run: str


def _shell(chosen: OnAws, profile: str | None, wanted: Wanted) -> None:
    from evenly.aws.operations.looking import look
    from evenly.aws.operations.shell import PLUGIN, VARIABLE, plugin_arguments

    place = place_of(chosen, profile)
    outputs = look(place.cloud, place.desired).outputs
    if "ClusterName" not in outputs:
        raise StateError("there is no service yet.", try_=f"evenly deploy -e {chosen.name}")
    opened = (_on_host if wanted.host else _in_task)(place.cloud, outputs, wanted)
    endpoint = place.cloud.session.client("ssm", place.cloud.region).endpoint
    os.environ[VARIABLE] = opened.response
    os.execvp(PLUGIN, plugin_arguments(opened, place.cloud.region, profile, endpoint))  # noqa: S606


def _in_task(cloud: Cloud, there: Mapping[str, str], wanted: Wanted) -> Opened:
    from evenly.aws.operations.shell import find_task, open_session

    ecs = cloud.session.client("ecs", cloud.region)
    found = find_task(ecs, there["ClusterName"], there["ServiceName"], wanted.id, wanted.container)
    _check(f"{found.container} in {found.id}")
    return open_session(ecs, found, wanted.run)


def _on_host(cloud: Cloud, there: Mapping[str, str], wanted: Wanted) -> Opened:
    from evenly.aws.operations.shell import find_host, open_host

    found = find_host(cloud.session.client("ecs", cloud.region), there["ClusterName"], wanted.id)
    _check(found)
    return open_host(cloud.session.client("ssm", cloud.region), found)


def _check(where: str) -> None:
    """The plugin is looked for when it is known with whom it would speak, and before a session is opened."""
    from evenly.aws.operations.shell import PLUGIN, check_plugin

    check_plugin(_version(PLUGIN))
    click.echo(f"{where}. Leave with exit.", err=True)


def _version(plugin: str) -> str | None:
    try:
        return subprocess.run([plugin, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
