"""`evenly deploy`: let what the project holds now take over, release by release, without a failed request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.options import (
    environment_option,
    hint,
    json_option,
    print_json,
    project_folder,
    read_manifest,
)
from evenly.errors import ExitCode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from evenly.local.deploybook import Ending
    from evenly.local.deploys import Begun


@click.command()
@environment_option
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Deploy the app, its variables, secrets and configuration as they are now, beside what runs.

    The new release gets traffic once its instances are healthy in every zone and have passed the synthetic gate; a gate
    that fails rolls it back. Ctrl-C leaves the deploy running. Exits with 1 when the release was rolled back.
    """
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
