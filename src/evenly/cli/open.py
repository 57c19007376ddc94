"""`evenly open`: the dashboard in a browser, or the service, or the reports."""

import click

from evenly.cli.cloud import only_on_aws, place_of, profile_option
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import every_environment_option, project_folder
from evenly.cli.reports import can_show, reports
from evenly.errors import StateError

print_option = click.option("--print", "only_print", is_flag=True, help="Print the URL, and open nothing.")


@click.group(invoke_without_command=True)
@every_environment_option
@print_option
@profile_option
@click.pass_context
def command(ctx: click.Context, environment: str, only_print: bool, profile: str | None) -> None:
    """Open the dashboard in the browser, and print its URL. On AWS: the service's URL.

    It shows zones and instances, requests and latencies, the events, all live, and starts drills. Whoever knows the
    URL may do all that, on this machine only. `evenly down` ends it.
    """
    ctx.obj = only_print
    if ctx.invoked_subcommand is not None:
        return
    match choose(environment):
        case Here():
            from evenly.local.dashboards import open_dashboard

            only_on_aws(profile=profile)
            _show(open_dashboard(project_folder()), only_print)
        case OnAws() as chosen:
            _show(_url_on_aws(chosen, profile), only_print)


@click.command()
@every_environment_option
@print_option
@profile_option
@click.pass_obj
def service(asked_before: bool | None, environment: str, only_print: bool, profile: str | None) -> None:
    """Open the service's HTTPS URL in the browser, and print it."""
    match choose(environment):
        case Here():
            only_on_aws(profile=profile)
            url = _url_here()
        case OnAws() as chosen:
            url = _url_on_aws(chosen, profile)
    _show(url, only_print or bool(asked_before))


def _url_on_aws(chosen: OnAws, profile: str | None) -> str:
    from evenly.aws.operations.looking import look

    place = place_of(chosen, profile)
    url = look(place.cloud, place.desired).url
    if url is None:
        what = "the service has no address yet, so there is nothing to open."
        raise StateError(what, try_=f"evenly deploy -e {chosen.name}")
    return url


def _url_here() -> str:
    from evenly.core.status import EnvironmentState
    from evenly.local.environment import look

    status = look(project_folder())
    if status.state is EnvironmentState.DOWN:
        raise StateError("the environment is down, so there is nothing to open.", try_="evenly up")
    return status.urls.https


command.add_command(service)
command.add_command(reports)


def _show(url: str, only_print: bool) -> None:
    click.echo(url)
    if not only_print and not can_show(url):
        click.echo("No browser could be opened here: open the URL above yourself.", err=True)
