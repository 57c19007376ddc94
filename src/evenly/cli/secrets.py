"""`evenly secrets`: which secrets there are, and where they come from. Never a value."""

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
    shown,
)
from evenly.cli.words import coloured, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenly.local.secrets.listing import Listed

HEADINGS = ("NAME", "FOR", "FROM", "STATE")


@click.group()
@environment_option
def command() -> None:
    """The secrets that the manifest names. Their values are in .env, and are never shown."""


@command.command("list")
@environment_option
@json_option
def list_(as_json: bool) -> None:
    """Names, what each is for, where it comes from, and whether it is there. Never a value.

    Exits with 3 when one is missing, or .env is not fit to be read.
    """
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
