"""The question before data is deleted: the environment's name, typed."""

import sys

import click

from evenly.cli.options import ENVIRONMENT
from evenly.errors import UsageError


def check_confirmed(said: str | None, deletes: str, where: str) -> None:
    """Raises UsageError unless the environment's name was given (`said`) or is typed now. `deletes`: what will be
    gone for good, as a sentence."""
    said = _asked(deletes) if said is None else said
    if said.strip() != ENVIRONMENT:
        raise UsageError(
            f"{said.strip() or 'nothing'} is not the environment's name: nothing was deleted.",
            where=where,
            try_=f"Type {ENVIRONMENT}, or give --confirm {ENVIRONMENT}.",
        )


def _asked(deletes: str) -> str:
    click.echo(deletes, err=True)
    click.echo("Type the environment's name to do it: ", nl=False, err=True)
    return sys.stdin.readline()
