"""`evenly deploy`: let what the project holds now take over, release by release, without a failed request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evenly.cli.cloud import only_on_aws, profile_option
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import (
    every_environment_option,
    hint,
    json_option,
    print_json,
    project_folder,
    read_manifest,
)
from evenly.errors import ExitCode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from evenly.local.deploybook import Ending
    from evenly.local.deploys import Begun


@click.command()
@every_environment_option
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="On AWS: do what this plan says, and nothing more.",
)
@click.option("--yes", is_flag=True, help="On AWS: do not ask. What loses data is asked for all the same.")
@click.option("--confirm", metavar="NAME", help="On AWS: the environment's name, where data is lost.")
@click.option("--build-on-aws", "on_aws", is_flag=True, help="On AWS: build the image there, Docker or not.")
@click.option("--no-verify", is_flag=True, help="On AWS: leave out the checks in the end.")
@click.option("--no-preflight", is_flag=True, help="On AWS: do not look at quotas and permissions first.")
@profile_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str,
    plan_file: Path | None,
    yes: bool,
    confirm: str | None,
    on_aws: bool,
    no_verify: bool,
    no_preflight: bool,
    profile: str | None,
    as_json: bool,
) -> None:
    """Deploy the app, its variables, secrets and configuration as they are now, beside what runs.

    The new release gets traffic once its instances are healthy in every zone and have passed the synthetic gate; a gate
    that fails rolls it back. Ctrl-C leaves the deploy running. Exits with 1 when the release was rolled back.

    On AWS: quotas and permissions are looked at; the image is built and pushed unless it is there; change sets are
    made, compared with what was planned, executed and watched, stack by stack; migrations run before the service
    changes; in the end the checks of verify are run. Exits with 1 when one fails, with 3 when a quota or a permission
    stands in the way or more would be changed than was planned, with 4 when AWS refused or undid it. Ctrl-C leaves AWS
    at it.
    """
    match choose(environment):
        case Here():
            only_on_aws(
                plan=plan_file,
                yes=yes,
                confirm=confirm,
                build_on_aws=on_aws,
                no_verify=no_verify,
                no_preflight=no_preflight,
                profile=profile,
            )
            _deploy_here(ctx, as_json)
        case OnAws() as chosen:
            from evenly.cli.clouddeploy import How, deploy_on_aws

            how = How(yes, confirm, on_aws, not no_verify, as_json, not no_preflight)
            ctx.exit(deploy_on_aws(chosen, how, profile=profile, plan_file=plan_file))


def _deploy_here(ctx: click.Context, as_json: bool) -> None:
    from evenly.cli.lint import check
    from evenly.local.deploys import begin
    from evenly.local.settings import find_paths

    project = project_folder()
    manifest = read_manifest(project)
    check(manifest, project)
    with telling_of(find_paths(project).journal):
        begun = begin(project, manifest)
        ending = watched(project, begun) if begun else None
    if begun is None:
        click.echo("Nothing to deploy: what the project holds is what runs.", err=True)
        hint("evenly status", "evenly releases")
    ctx.exit(conclude(begun, ending, as_json))


def telling_of(journal: Path) -> AbstractContextManager[None]:
    """While the block runs, what the supervisor does is said."""
    from evenly.cli.progress import telling

    return telling(journal, lambda line: click.echo(line, err=True))


def watched(project: Path, begun: Begun) -> Ending:
    """How the deploy ended. Ctrl-C ends the watching alone."""
    from evenly.local.deploys import await_end

    try:
        return await_end(project, begun)
    except KeyboardInterrupt:
        click.echo(f"The deploy of release {begun.release} goes on. To undo it: evenly rollback", err=True)
        raise


def conclude(begun: Begun | None, ending: Ending | None, as_json: bool) -> ExitCode:
    """Say how it ended; the exit code for that."""
    if as_json:
        print_json({"release": begun.release if begun else None, "ending": ending})
    if begun is None or ending is None:
        return ExitCode.DONE
    if ending.outcome == "done":
        if not as_json:
            click.echo(f"Release {begun.release} has taken over from release {begun.before}.")
        hint("evenly status", "evenly releases", "evenly rollback")
        return ExitCode.DONE
    click.echo(
        f"Release {begun.release} was rolled back, and release {begun.before} serves. {ending.why or ''}",
        err=True,
    )
    hint("evenly logs", "evenly releases")
    return ExitCode.FAILED
