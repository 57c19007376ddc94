"""`evenly up`: bring the environment up, and show it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from evenly import __version__
from evenly.cli.options import (
    environment_option,
    hint,
    json_option,
    print_json,
    project_folder,
    read_manifest,
    shown,
)
from evenly.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evenly.local.environment import Up
    from evenly.manifest.dump import Difference
    from evenly.manifest.types import Manifest


@click.command()
@environment_option
@click.option("--detach", "-d", is_flag=True, help="Return when it is healthy, and leave it running.")
@click.option(
    "--listen",
    "listen",
    multiple=True,
    metavar="ADDRESS",
    help="Listen on this address of this machine as well, so that others can reach it; `all` for every one.",
)
@click.option(
    "--watch", "-w", is_flag=True, help="While developing: serve what is saved, at once. Until Ctrl-C."
)
@json_option
def command(detach: bool, listen: tuple[str, ...], watch: bool, as_json: bool) -> None:
    """Bring the environment up and show it live; Ctrl-C stops it again. With --detach it goes on running.

    Without a manifest (evenly.yaml) the reference web service runs. An environment that is up already is left
    as it is; if its manifest was edited since, the difference is shown.
    """
    from evenly.cli.lint import check
    from evenly.cli.screens import reach_lines
    from evenly.local.listening import listen_addresses

    if watch and (detach or as_json):
        raise UsageError("it stays until Ctrl-C, and --detach and --json do not", where="--watch")
    addresses = listen_addresses(listen)
    project = project_folder()
    manifest = read_manifest(project)
    check(manifest, project)
    up = _bring_up(project, manifest, addresses)
    _say_what_moved(up)
    _say_what_was_cut_off(up)
    _say_whose_it_was(up)
    _say_what_is_unused(up, project)
    for line in (*reach_lines(up.status), *_unheard(up, addresses)):
        click.echo(line, err=True)
    if as_json:
        print_json(up.status)
    elif watch:
        _stay_watching(up, project)
    elif detach or not _has_terminal():
        _say_up(up, manifest, asked_to_detach=detach)
    else:
        _stay(up, project, manifest)


def _bring_up(project: Path, manifest: Manifest, listen: tuple[str, ...]) -> Up:
    from evenly.cli.progress import telling
    from evenly.local.environment import bring_up
    from evenly.local.settings import find_paths

    click.echo(f"Bringing {manifest.name} up in {project}", err=True)
    began = time.monotonic()
    try:
        with telling(find_paths(project).journal, _say):
            up = bring_up(project, manifest, listen)
    except KeyboardInterrupt:
        click.echo("What was started is stopped again.", err=True)
        raise
    if not up.was_running:
        click.echo(f"  {time.monotonic() - began:4.1f} s  {up.status.state}\n", err=True)
    return up


def _say(line: str) -> None:
    click.echo(line, err=True)


def _unheard(up: Up, addresses: tuple[str, ...]) -> list[str]:
    """What was asked for of an environment that was up, and does not listen there."""
    if not up.was_running or all(any(it in url for url in up.status.reachable) for it in addresses):
        return []
    return [
        "It was up already, so --listen did nothing. To have it: evenly down, then evenly up --listen ..."
    ]


def _say_what_moved(up: Up) -> None:
    for default, chosen, holder in up.moved_ports:
        click.echo(
            f"Port {default} is taken{holder}: port {chosen} is used in its place. "
            "To choose one yourself, set http.port and http.redirect_port in evenly.yaml.",
            err=True,
        )


def _say_what_was_cut_off(up: Up) -> None:
    if up.cut_off is not None:
        click.echo(
            f"The deploy of release {up.cut_off} was cut off when the environment ended. It was brought up with "
            f"release {up.status.release}, which is what the project holds.",
            err=True,
        )


def _say_whose_it_was(up: Up) -> None:
    if not up.of_another:
        return
    if up.was_running:
        told = "Another version of Evenly brought it up. To have it held by this one: evenly down, then evenly up"
    else:
        told = f"Its state was kept by another version of Evenly. Evenly {__version__} has read it, and keeps it now."
    click.echo(told, err=True)


def _say_what_is_unused(up: Up, project: Path) -> None:
    """A database of ours that the manifest does not name any more: nothing but `evenly down --delete-data` drops it."""
    from evenly.local.settings import find_data_folders, find_paths

    wanted = up.manifest.database
    if up.was_running or (wanted and wanted.url_from is None):
        return
    for folder in find_data_folders(find_paths(project)):
        click.echo(
            f"The database of before is not used now, and stays in {shown(folder)}. To use it again, put the "
            "database section of evenly.yaml back, then run evenly down and evenly up.",
            err=True,
        )


def _say_up(up: Up, manifest: Manifest, *, asked_to_detach: bool) -> None:
    if not asked_to_detach:
        click.echo("There is no terminal for the live view: it goes on running, as with --detach.", err=True)
    if up.was_running:
        renewed = ", and its balancer was renewed without a break" if up.renewed else ": nothing was changed"
        click.echo(f"It was up already{renewed}.", err=True)
    click.echo("\n".join(_up_lines(up)))
    for line in edited_lines(up, manifest):
        click.echo(line, err=True)


def _up_lines(up: Up) -> list[str]:
    from datetime import UTC, datetime
    from pathlib import Path

    from evenly.cli.screens import status_lines, trust_line

    ca = shown(Path(up.status.ca_certificate))
    return [
        *status_lines(up.status, datetime.now(UTC)),
        *_trust(up, trust_line(up.status, str(ca))),
        "Next: evenly status, evenly logs --follow, evenly open, evenly down",
    ]


def _trust(up: Up, curl: str) -> list[str]:
    """How to trust the edge; one that shows the user's own certificate needs no words of ours."""
    if up.manifest.http.certificate is not None:
        return [""]
    return ["", "Trust its certificate: evenly trust, or", f"  {curl}"]


def edited_lines(up: Up, manifest: Manifest) -> list[str]:
    """What differs between the manifest that runs and `manifest`, and the command that applies it."""
    from evenly.manifest.dump import differences

    changed = differences(up.manifest, manifest)
    if not changed:
        return []
    rows = [f"  {it.path}: {it.old or 'not set'} -> {it.new or 'not set'}" for it in changed]
    counts_alone = all(it.path in ("count", "count.range") for it in changed)
    within = up.manifest.count.minimum <= manifest.count.minimum <= up.manifest.count.maximum
    return [
        "evenly.yaml was edited since it was brought up:",
        *rows,
        f"Nothing of that is applied yet. Apply it with: {_by_what(changed)}",
        *(
            [f"For the number of instances alone: evenly scale {manifest.count.minimum}"]
            if counts_alone and within
            else []
        ),
    ]


def _by_what(changed: Sequence[Difference]) -> str:
    from evenly.local.deploys import commands_for

    return ", then ".join(commands_for(changed))


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _stay(up: Up, project: Path, manifest: Manifest) -> None:
    """The live view until Ctrl-C, which stops what this command started."""
    from evenly.cli.live import watch

    for line in edited_lines(up, manifest):
        click.echo(line, err=True)
    watch(project, up.manifest.name, stops=not up.was_running)
    _leave(up, project)


def _stay_watching(up: Up, project: Path) -> None:
    """The same, and what is saved meanwhile is served. Without a terminal it is said line by line."""
    from evenly.cli.live import watch
    from evenly.cli.watching import SKIPPED, Watching, watch_lines

    click.echo(SKIPPED, err=True)
    if not _has_terminal():
        watch_lines(project, up.manifest)
    else:
        watching = Watching(project, up.manifest, say=lambda _: None)
        with watching.running():
            watch(project, up.manifest.name, stops=not up.was_running, notes=watching.notes)
    _leave(up, project)


def _leave(up: Up, project: Path) -> None:
    if up.was_running:
        click.echo("It was up before, so it goes on running.")
        hint("evenly status", "evenly down")
        return
    _stop(project)


def _stop(project: Path) -> None:
    from evenly.cli.down import stopped_line
    from evenly.local.environment import take_down

    click.echo("Stopping it ...", err=True)
    try:
        stopped = take_down(project)
    except KeyboardInterrupt:
        click.echo("Not all of it is stopped. Finish it with: evenly down", err=True)
        raise
    click.echo(stopped_line(stopped.by_role))
    click.echo("Its data stays.", err=True)
    hint("evenly up")
