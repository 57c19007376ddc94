"""`evenly doctor`: is this machine fit for it, and is anything left over?"""

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
from evenly.cli.words import coloured, count_of
from evenly.errors import EvenlyError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evenly.local.doctor import Diagnosis
    from evenly.manifest.types import Manifest

TOPIC_WIDTH = 18


@click.command()
@environment_option
@click.option(
    "--clean",
    "cleans",
    is_flag=True,
    help="Remove processes and sockets that environments whose folder is gone have left. Never data.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, cleans: bool, as_json: bool) -> None:
    """Check whether this machine can run an environment, and what environments that are gone have left.

    Exits with 3 when something makes evenly up impossible.
    """
    from evenly.local.doctor import Level, examine
    from evenly.local.settings import find_paths

    if cleans:
        _clean()
        return
    project = project_folder()
    found: list[Diagnosis] = []
    for it in examine(find_paths(project), _manifest(project)):
        found.append(it)
        if not as_json:
            click.echo("\n".join(diagnosis_lines(it)))
    if as_json:
        print_json([{"level": it.level, "topic": it.topic, "what": it.what, "try": it.try_} for it in found])
    else:
        click.echo(closing_line(found), err=True)
    hopeless = any(it.level is Level.PROBLEM for it in found)
    ctx.exit(ExitCode.STATE if hopeless else ExitCode.DONE)


def diagnosis_lines(it: Diagnosis) -> list[str]:
    """One finding: how it is, about what, what was found, what to try."""
    head = f"{coloured(it.level, f'{it.level:<8}')} {it.topic:<{TOPIC_WIDTH}} {it.what}"
    return [head, *([f"{'':{9 + TOPIC_WIDTH}} Try: {it.try_}"] if it.try_ else [])]


def closing_line(found: Sequence[Diagnosis]) -> str:
    """What follows from it all."""
    problems = sum(it.level == "problem" for it in found)
    warnings = sum(it.level == "warning" for it in found)
    if problems:
        return f"{count_of(problems, 'problem')}: evenly up can't work here as it is."
    if warnings:
        return f"This machine is fit for it; {count_of(warnings, 'warning')}. Next: evenly up"
    return "This machine is fit for it. Next: evenly up"


def _manifest(project: Path) -> Manifest:
    """The manifest, or, if that is broken, the defaults: the machine is what is asked about."""
    from evenly.manifest import default_manifest

    try:
        return read_manifest(project)
    except EvenlyError:
        click.echo("evenly.yaml has errors, which evenly lint shows: checked for the defaults.", err=True)
        return default_manifest(project)


def _clean() -> None:
    from evenly.local.leftovers import clean, left_overs

    found = left_overs()
    removed = [it for it in found if it.cleanable]
    for it in removed:
        click.echo(f"removing {it.what}")
    clean(removed)
    for it in found:
        if not it.cleanable:
            click.echo(f"kept {it.what}\n  {it.by_hand}", err=True)
    click.echo(f"{count_of(len(removed), 'thing')} removed." if removed else "Nothing to remove.", err=True)
    hint("evenly doctor")
