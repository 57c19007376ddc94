"""`evenly package`: an environment's templates, parameters and assets, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.environments import OnAws, choose
from evenly.cli.options import (
    every_environment_option,
    hint,
    json_option,
    print_json,
    project_folder,
    shown,
)
from evenly.cli.words import count_of
from evenly.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.aws.packages.packaging import Package

WHEELS = "wheels"


@click.command()
@every_environment_option
@click.option(
    "--out",
    "out",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="The folder to write.",
)
@json_option
def command(environment: str, out: str, as_json: bool) -> None:
    """Write what CloudFormation gets: a template for each stack, its parameters, and the code of our functions.

    The same project gives the same bytes. Nothing is asked of AWS.
    """
    from evenly.aws.packages.files import index, write

    project = project_folder()
    package = packaged(environment, project)
    folder = project / out
    files = write(package, folder, str(shown(folder)))
    if as_json:
        print_json(index(package))
        return
    for it in package.stacks:
        click.echo(f"{it.stack}  {count_of(len(it.body['Resources']), 'resource')}, {it.region}")
    click.echo(f"{count_of(len(files), 'file')} in {shown(folder)}.", err=True)
    hint(f"evenly lint -e {environment}", f"evenly plan -e {environment}")


def packaged(environment: str, project: Path) -> Package:
    """The package of an environment on AWS. Raises UsageError for the one on this machine."""
    chosen = choose(environment)
    if not isinstance(chosen, OnAws):
        what = f"{environment} is on this machine, and has no templates."
        raise UsageError(what, where="--env", try_="Name an environment that is on AWS: -e NAME.")
    return made(chosen, project)


def made(chosen: OnAws, project: Path) -> Package:
    """Raises UsageError for what the checkout has wrong, StateError where what makes templates is not installed."""
    from evenly.aws.needs import TEMPLATES, require

    require(*TEMPLATES)
    from evenly.aws.packages.packaging import package
    from evenly.aws.topology import aws_topology

    return package(aws_topology(chosen.manifest, chosen.name), project, project / ".evenly" / WHEELS)
