"""`evenly status`: what runs now."""

import click

from evenly.cli.options import environment_option, json_option, print_json, project_folder


@click.command()
@environment_option
@json_option
def command(as_json: bool) -> None:
    """Zones with their instances, balancer, database and supervisor: what runs now.

    Exits with 0 when it could be found out, however it is; with 3 when there is no environment here.
    """
    from datetime import UTC, datetime

    from evenly.cli.screens import reach_lines, status_lines
    from evenly.local.environment import look

    status = look(project_folder())
    for line in reach_lines(status):
        click.echo(line, err=True)
    if as_json:
        print_json(status)
        return
    click.echo("\n".join(status_lines(status, datetime.now(UTC))))
