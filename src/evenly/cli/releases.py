"""`evenly releases`: which there are, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.cli.options import environment_option, hint, json_option, print_json, project_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenly.local.deploys import Listed

DIGEST_CHARACTERS = 12  # enough to tell one from the other


@click.command()
@environment_option
@json_option
def command(as_json: bool) -> None:
    """Show the releases that are kept, newest first: when and by whom each was made, and how it ended."""
    from evenly.local.deploys import listed

    found = listed(project_folder())
    if as_json:
        print_json(found)
        return
    click.echo("\n".join(release_lines(found)))
    hint("evenly rollback N", "evenly plan")


def release_lines(found: Sequence[Listed]) -> list[str]:
    """A line a release, and why it ended below one that ended badly."""
    return [line for it in found for line in (_line(it), *([f"        {it.why}"] if it.why else []))]


def _line(it: Listed) -> str:
    digest = it.digest.removeprefix("sha256:")[:DIGEST_CHARACTERS]
    return f"{it.number:>6}  {it.created_at[:19].replace('T', ' ')}  {it.created_by:<12} {digest}  {it.state}"
