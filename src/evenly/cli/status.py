"""`evenly status`: what runs now."""

import click

from evenly.cli.cloud import only_on_aws, profile_option
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import every_environment_option, json_option, print_json, project_folder


@click.command()
@every_environment_option
@profile_option
@json_option
def command(environment: str, profile: str | None, as_json: bool) -> None:
    """Zones with their instances, balancer, database and supervisor: what runs now. On AWS: the stacks.

    Exits with 0 when it could be found out, however it is; with 3 when there is no environment here.
    """
    match choose(environment):
        case Here():
            only_on_aws(profile=profile)
            _status_here(as_json)
        case OnAws() as chosen:
            from evenly.cli.cloudstatus import status_on_aws

            status_on_aws(chosen, profile=profile, as_json=as_json)


def _status_here(as_json: bool) -> None:
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
