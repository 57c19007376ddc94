"""`evenly open`: the service in a browser, or the reports."""

import click

from evenly.cli.options import environment_option, project_folder
from evenly.cli.reports import reports


@click.group(invoke_without_command=True)
@environment_option
@click.option("--print", "only_print", is_flag=True, help="Print the URL, and open nothing.")
@click.pass_context
def command(ctx: click.Context, only_print: bool) -> None:
    """Open the service's HTTPS URL in the browser, and print it."""
    ctx.obj = only_print
    if ctx.invoked_subcommand is None:
        _service(only_print)


command.add_command(reports)


def _service(only_print: bool) -> None:
    import webbrowser

    from evenly.core.status import EnvironmentState
    from evenly.errors import StateError
    from evenly.local.environment import look

    status = look(project_folder())
    if status.state is EnvironmentState.DOWN:
        raise StateError("the environment is down, so there is nothing to open.", try_="evenly up")
    click.echo(status.urls.https)
    if not only_print and not webbrowser.open(status.urls.https):
        click.echo("No browser could be opened here: open the URL above yourself.", err=True)
