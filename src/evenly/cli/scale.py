"""`evenly scale N`: hold another number of instances."""

import click

from evenly.cli.options import json_option, print_json, project_folder


@click.command()
@click.argument("count", type=click.IntRange(min=1))
@json_option
def command(count: int, as_json: bool) -> None:
    """Hold COUNT instances from now on, inside of the manifest's count.range."""
    from evenly.local.environment import scale

    status = scale(project_folder(), count)
    if as_json:
        print_json(status)
