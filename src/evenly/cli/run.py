"""`evenly run`: a one-off command in the app's environment."""

from __future__ import annotations

import sys

import click

from evenly.cli.options import environment_option, project_folder


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
)
@environment_option
@click.option(
    "--as-owner",
    is_flag=True,
    help="Connect to the database as the owner of its schema, who may change it.",
)
@click.argument("arguments", metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(as_owner: bool, arguments: tuple[str, ...]) -> None:
    """Run a one-off command as the release that runs would: in its folder, with its variables, secrets and database.

    Its input, output, signals and exit code are its own. Programs of the project's .venv come first.

    \b
        evenly run --as-owner python manage.py migrate
        evenly run bash
    """
    from evenly.local.oneoff import become, prepare

    prepared = prepare(project_folder(), arguments, as_owner=as_owner)
    sys.stdout.flush()
    become(prepared)
