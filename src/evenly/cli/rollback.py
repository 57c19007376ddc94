"""`evenly rollback`: return to a release that was good, or undo the deploy that is under way."""

from __future__ import annotations

import click

from evenly.cli.cloud import only_on_aws, profile_option
from evenly.cli.deploy import conclude, telling_of, watched
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import every_environment_option, json_option, project_folder
from evenly.errors import ExitCode


@click.command()
@every_environment_option
@click.argument("release", type=click.IntRange(min=1), required=False)
@click.option("--yes", is_flag=True, help="On AWS: do not ask. What loses data is asked for all the same.")
@click.option("--confirm", metavar="NAME", help="On AWS: the environment's name, where data is lost.")
@click.option("--no-verify", is_flag=True, help="On AWS: leave out the checks in the end.")
@profile_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str,
    release: int | None,
    yes: bool,
    confirm: str | None,
    no_verify: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Return to RELEASE, one of the last good ones, or to the one that ran before. The database stays as it is.

    While a deploy is under way, rollback without RELEASE undoes that. Exits with 1 when the return itself failed.

    On AWS: plan and deploy the image that the release had. Templates and variables stay those of the checkout.
    """
    match choose(environment):
        case Here():
            only_on_aws(yes=yes, confirm=confirm, no_verify=no_verify, profile=profile)
            _rollback_here(ctx, release, as_json)
        case OnAws() as picked:
            from evenly.cli.clouddeploy import How
            from evenly.cli.cloudrollback import rollback_on_aws

            how = How(is_agreed=yes, confirm=confirm, verify=not no_verify, as_json=as_json)
            ctx.exit(rollback_on_aws(picked, release, how, profile=profile))


def _rollback_here(ctx: click.Context, release: int | None, as_json: bool) -> None:
    from evenly.local.deploys import begin_return, stop
    from evenly.local.settings import find_paths

    project = project_folder()
    with telling_of(find_paths(project).journal):
        stopped = stop(project) if release is None else None
        if stopped is not None:
            ending = watched(project, stopped)
        else:
            begun = begin_return(project, release)
            ending = watched(project, begun)
    if stopped is None:
        ctx.exit(conclude(begun, ending, as_json))
    conclude(stopped, ending, as_json)
    ctx.exit(ExitCode.DONE if ending.outcome == "undone" else ExitCode.FAILED)
