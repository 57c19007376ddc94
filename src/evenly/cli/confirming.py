"""The question before data is deleted, or what is in production is broken: the environment's name, typed."""

import sys

import click

from evenly.cli.options import ENVIRONMENT
from evenly.errors import UsageError


def check_confirmed(
    said: str | None,
    warning: str,
    where: str,
    *,
    name: str = ENVIRONMENT,
    spared: str = "nothing was deleted",
) -> None:
    """Raises UsageError unless the environment's `name` was given (`said`) or is typed now. `warning`: what it will
    cost, as a sentence. `spared`: what a wrong name leaves as it is, as a clause."""
    said = _asked(warning) if said is None else said
    if said.strip() != name:
        raise UsageError(
            f"{said.strip() or 'nothing'} is not the environment's name: {spared}.",
            where=where,
            try_=f"Type {name}, or give --confirm {name}.",
        )


def check_agreed(question: str, spared: str) -> None:
    """Raises UsageError unless yes is said now. `spared`: what else is left as it is, as a clause."""
    click.echo(f"{question}? [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError(f"nobody said yes: {spared}.", try_="Type y, or give --yes.")


def _asked(warning: str) -> str:
    click.echo(warning, err=True)
    click.echo("Type the environment's name to do it: ", nl=False, err=True)
    return sys.stdin.readline()
