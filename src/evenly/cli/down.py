"""`evenly down`: stop all of it."""

import click

from evenly.cli.options import project_folder


@click.command()
def command() -> None:
    """Stop all of it: instances, balancer, database, supervisor. Data stays."""
    from evenly.local.environment import take_down

    stopped = take_down(project_folder())
    click.echo("Stopped." if stopped.anything else "Nothing was running.", err=True)
