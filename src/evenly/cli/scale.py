"""`evenly scale N`: hold another number of instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.options import environment_option, hint, json_option, print_json, project_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from evenly.core.status import EnvironmentStatus
    from evenly.manifest.types import Manifest

SLACK_S = 30.0


@click.command()
@environment_option
@click.argument("count", type=click.IntRange(min=1))
@click.option("--no-wait", is_flag=True, help="Return at once, and let it happen.")
@json_option
def command(count: int, no_wait: bool, as_json: bool) -> None:
    """Hold COUNT instances from now on, inside of the manifest's count; waits until that many serve.

    It lasts until the environment is taken down: evenly.yaml says how many there are after evenly up. Where the
    manifest lets the count follow the load, it goes on from COUNT.
    """
    from datetime import UTC, datetime

    from evenly.cli.screens import status_lines
    from evenly.local.environment import scale

    project = project_folder()
    status = scale(project, count) if no_wait else _scaled(project, count)
    if as_json:
        print_json(status)
        return
    click.echo("\n".join(status_lines(status, datetime.now(UTC))))
    hint("evenly status", "evenly logs supervisor")


def _scaled(project: Path, count: int) -> EnvironmentStatus:
    """Scale, tell of the steps, and wait until exactly `count` instances are there and serve."""
    from evenly.cli.progress import telling
    from evenly.local.environment import look, running_manifest, scale
    from evenly.local.settings import find_paths
    from evenly.local.waiting import await_healthy

    paths = find_paths(project)
    with telling(paths.journal, lambda line: click.echo(line, err=True)):
        scale(project, count)
        within_s = _patience(running_manifest(project))
        await_healthy(paths, within_s)
        return settled(lambda: look(project), count, within_s)


def settled(look: Callable[[], EnvironmentStatus], count: int, within_s: float) -> EnvironmentStatus:
    """Ask until there are exactly `count` instances, all serving, or another count is wanted by now, or `within_s`
    seconds are over: the last answer. What is more than wanted drains first, so this can take as long as requests in
    flight."""
    import time

    from evenly.core.status import EnvironmentState

    until = time.monotonic() + within_s
    while True:
        status = look()
        there = sum(len(zone.instances) for zone in status.zones)
        done = there == count and status.state is EnvironmentState.HEALTHY
        if done or status.desired != count or time.monotonic() > until:
            return status
        time.sleep(0.05)


def _patience(manifest: Manifest | None) -> float:
    """Seconds: two launches, the second because the first may fail, and one drain."""
    from evenly.core.topology import local_topology

    if manifest is None:
        return SLACK_S
    topology = local_topology(manifest)
    return 2 * topology.health.grace_period + topology.deregistration_delay + SLACK_S
