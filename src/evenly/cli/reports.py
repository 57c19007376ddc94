"""`evenly open reports`: what verify, drill and load have left, and how it went."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from evenly.cli.options import environment_option, json_option, print_json, project_folder, shown
from evenly.cli.words import coloured, harmless, table
from evenly.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from evenly.verify.shelf import Shown


@click.command()
@environment_option
@click.option("--print", "only_print", is_flag=True, help="Print the list, and open nothing.")
@json_option
@click.pass_obj
def reports(asked_before: bool | None, only_print: bool, as_json: bool) -> None:
    """List the reports of verify, drill and load, the newest first, and open them in the browser."""
    from evenly.verify.keeping import reports_folder

    folder = reports_folder(project_folder())
    found, index = _written(folder)
    if as_json:
        print_json([_data(it) for it in found])
        return
    click.echo("\n".join(table(_row(it) for it in found)))
    click.echo(shown(index))
    if not (only_print or asked_before):
        _open(index)


def _written(folder: Path) -> tuple[tuple[Shown, ...], Path]:
    """Raises StateError where there is none, and where the list can't be written."""
    from evenly.verify.shelf import look, write_index

    try:
        found = look(folder)
        index = write_index(folder, found) if found else folder
    except OSError as error:
        raise StateError(
            f"the list of reports can't be written: {error.strerror}", where=str(folder)
        ) from None
    if not found:
        raise StateError(
            "there is no report yet", try_="evenly verify, evenly drill instance, or evenly load"
        )
    return found, index


def _row(it: Shown) -> tuple[str, ...]:
    from evenly.verify.report.figures import moment

    tone = it.headline.tone
    where = str(shown(it.page or it.kept.data))
    return (moment(it.kept.at), it.kept.kind, coloured(tone), harmless(it.headline.text), where)


def _data(it: Shown) -> dict[str, str | None]:
    return {
        "at": it.kept.at,
        "kind": it.kept.kind,
        "about": it.about,
        "verdict": it.headline.tone,
        "sentence": it.headline.text,
        "data": str(it.kept.data),
        "page": str(it.page) if it.page else None,
    }


def _open(index: Path) -> None:
    if not can_show(index.as_uri()):
        click.echo("No browser could be opened here: open the pages above yourself.", err=True)


def can_show(url: str) -> bool:
    """Show `url` in the browser, where there is one."""
    import webbrowser

    return has_display(os.environ.keys(), sys.platform) and webbrowser.open(url)


def has_display(variables: Collection[str], platform: str) -> bool:
    """Whether a browser has somewhere to open. `variables`: the names of those that are set."""
    return platform == "darwin" or not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}.isdisjoint(variables)
