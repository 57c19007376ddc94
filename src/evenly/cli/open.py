"""`evenly open`: the dashboard in a browser, or the service, or the reports."""

import click

from evenly.cli.options import environment_option, project_folder
from evenly.cli.reports import can_show, reports
from evenly.errors import StateError

print_option = click.option("--print", "only_print", is_flag=True, help="Print the URL, and open nothing.")


@click.group(invoke_without_command=True)
@environment_option
@print_option
@click.pass_context
def command(ctx: click.Context, only_print: bool) -> None:
    """Open the dashboard in the browser, and print its URL.

    It shows zones and instances, requests and latencies, the events, all live, and starts drills. Whoever knows the
    URL may do all that, on this machine only. `evenly down` ends it.
    """
    from evenly.local.dashboards import open_dashboard

    ctx.obj = only_print
    if ctx.invoked_subcommand is None:
        _show(open_dashboard(project_folder()), only_print)


@click.command()
@environment_option
@print_option
@click.pass_obj
def service(asked_before: bool | None, only_print: bool) -> None:
    """Open the service's HTTPS URL in the browser, and print it."""
    from evenly.core.status import EnvironmentState
    from evenly.local.environment import look

    status = look(project_folder())
    if status.state is EnvironmentState.DOWN:
        raise StateError("the environment is down, so there is nothing to open.", try_="evenly up")
    _show(status.urls.https, only_print or bool(asked_before))


command.add_command(service)
command.add_command(reports)


def _show(url: str, only_print: bool) -> None:
    click.echo(url)
    if not only_print and not can_show(url):
        click.echo("No browser could be opened here: open the URL above yourself.", err=True)
