"""`evenly status`: what runs now."""

import click

from evenly.cli.options import json_option, print_json, project_folder


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Zones with their instances, balancer, database and supervisor: what runs now."""
    from evenly.local.environment import look

    status = look(project_folder())
    print_json(status)
