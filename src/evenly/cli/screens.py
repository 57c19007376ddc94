"""What commands show of an environment, as text."""

import click

from evenly.core.status import EnvironmentStatus
from evenly.local.environment import Up
from evenly.manifest.types import Manifest


def say_up(up: Up, manifest: Manifest) -> None:
    for line in status_lines(up.status):
        click.echo(line)


def status_lines(status: EnvironmentStatus) -> list[str]:
    lines = [f"{status.environment} is {status.state}", f"  {status.urls.https}"]
    for zone in status.zones:
        lines.append(f"  {zone.name}")
        lines += [f"    {it.id}  {it.state}  {it.address}" for it in zone.instances]
    return lines
