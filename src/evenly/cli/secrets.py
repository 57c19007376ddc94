"""`evenly secrets`: which secrets there are, and where they come from; on AWS, to set one. Never is a value shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.cloud import only_on_aws, profile_option
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import (
    every_environment_option,
    first_environment_option,
    hint,
    json_option,
    print_json,
    project_folder,
    read_manifest,
    shown,
)
from evenly.cli.words import coloured, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenly.local.secrets.listing import Listed

HEADINGS = ("NAME", "FOR", "FROM", "STATE")


@click.group()
@first_environment_option
def command() -> None:
    """The secrets that the manifest names. Their values are in .env, on AWS in Secrets Manager, and are never shown."""


@command.command("list")
@every_environment_option
@profile_option
@json_option
def list_(environment: str, profile: str | None, as_json: bool) -> None:
    """Names, what each is for, where it comes from, and whether it is there. Never a value.

    Exits with 3 when one is missing, or .env is not fit to be read.
    """
    match choose(environment):
        case Here():
            only_on_aws(profile=profile)
            _list_here(as_json)
        case OnAws() as chosen:
            from evenly.cli.cloudsecrets import list_on_aws

            list_on_aws(chosen, profile, as_json)


@command.command("set")
@click.argument("name")
@every_environment_option
@profile_option
def set_(name: str, environment: str, profile: str | None) -> None:
    """Give the secret NAME of an environment on AWS a value: what is piped in, or typed without being seen.

    It goes into Secrets Manager, encrypted with the environment's key. Tasks that start from then on have it.
    """
    match choose(environment):
        case Here():
            from evenly.errors import UsageError

            what = "the secrets of the environment on this machine are in .env."
            raise UsageError(
                what, where="--env", try_="Write it there, or name an environment on AWS: -e NAME."
            )
        case OnAws() as chosen:
            from evenly.cli.cloudsecrets import set_on_aws

            set_on_aws(chosen, name, profile)


def _list_here(as_json: bool) -> None:
    from evenly.local.secrets.listing import State, listed

    project = project_folder()
    found, problem = listed(project, read_manifest(project))
    if as_json:
        print_json([_as_data(it) for it in found])
    elif found:
        click.echo("\n".join(secret_lines(found)))
    else:
        click.echo("The manifest names no secrets.", err=True)
    if problem is not None:
        raise problem
    if as_json:
        return
    if any(it.state is State.CHANGED for it in found):
        click.echo("What was changed is not applied yet: evenly deploy", err=True)
    else:
        hint("evenly up")


def _as_data(it: Listed) -> dict[str, str | int | None]:
    return {"name": it.name, "for": it.used_for, "from": it.source, "line": it.line, "state": it.state}


def secret_lines(found: Sequence[Listed]) -> list[str]:
    """A row for each secret."""
    rows = [(it.name, it.used_for, _source(it), coloured(it.state)) for it in found]
    return table([HEADINGS, *rows])


def _source(it: Listed) -> str:
    from pathlib import Path

    return f"{shown(Path(it.source))}:{it.line}" if it.line else str(shown(Path(it.source)))
