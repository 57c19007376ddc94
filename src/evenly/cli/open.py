"""`evenly open`: the service in a browser."""

import click

from evenly.cli.options import environment_option, project_folder


@click.command()
@environment_option
@click.option("--print", "only_print", is_flag=True, help="Print the URL, and open nothing.")
def command(only_print: bool) -> None:
    """Open the service's HTTPS URL in the browser, and print it."""
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
