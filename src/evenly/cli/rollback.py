"""`evenly rollback`: return to a release that was good, or undo the deploy that is under way."""

from __future__ import annotations

import click

from evenly.cli.deploy import conclude, telling_of, watched
from evenly.cli.options import environment_option, json_option, project_folder
from evenly.errors import ExitCode


@click.command()
@environment_option
@click.argument("release", type=click.IntRange(min=1), required=False)
@json_option
@click.pass_context
def command(ctx: click.Context, release: int | None, as_json: bool) -> None:
    """Return to RELEASE, one of the last good ones, or to the one that ran before. The database stays as it is.

    While a deploy is under way, rollback without RELEASE undoes that. Exits with 1 when the return itself failed.
    """
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
