"""`evenly init`: find out what runs here, and write the files that are missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from evenly.cli.options import MANIFEST, environment_option, hint, project_folder

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.scaffold.found import Files, Found
    from evenly.scaffold.project import Project


@click.command()
@environment_option
@click.option("--name", metavar="NAME", help="The service's name; without it, the folder's.")
@click.option("--serve", metavar="MODULE:ATTRIBUTE", help="The ASGI application, in place of what is found.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
def command(name: str | None, serve: str | None, yes: bool) -> None:
    """Find out what runs in this folder, by reading its files, and write what Evenly needs: evenly.yaml, Dockerfile,
    .dockerignore, .env.example, error pages. A file that is there is never overwritten."""
    from evenly.manifest import parse
    from evenly.scaffold.detection import detect
    from evenly.scaffold.project import project
    from evenly.scaffold.reading import read

    folder = project_folder()
    _refuse_second(folder)
    files = read(folder)
    found = _chosen(detect(files), serve, files)
    asks = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    _tell(found)
    found = _asked(found) if asks else found
    made = project(_name(name, folder, asks), found, files)
    parse(made.files[MANIFEST], MANIFEST)  # --serve may hold anything
    _write(folder, made)
    _conclude(folder, found, made)


def _refuse_second(folder: Path) -> None:
    from evenly.errors import StateError

    if (folder / MANIFEST).exists():
        raise StateError(
            "it is here already, and was left as it is.", where=MANIFEST, try_="evenly lint checks it."
        )


def _chosen(found: Found, serve: str | None, files: Files) -> Found:
    from evenly.scaffold.detection import health_path
    from evenly.scaffold.found import Found, Runtime

    if serve is None:
        return found
    what, because = "an ASGI application", "--serve names it"
    return Found(what, because, Runtime.PYTHON, serve=serve, health=health_path(files))


def _name(said: str | None, folder: Path, asks: bool) -> str:
    from evenly.errors import UsageError
    from evenly.manifest.names import is_name, name_from_folder

    name = said or name_from_folder(folder.name)
    if asks and said is None:
        name = click.prompt("Name of the service", default=name, err=True)
    if not is_name(name):
        what = f"{name!r} is no name for a service: small letters, digits and -, beginning with a letter."
        raise UsageError(what, where="--name", try_=f"--name {name_from_folder(name)}")
    return name


def _asked(found: Found) -> Found:
    """Only where there is a choice."""
    from msgspec.structs import replace

    if not (found.serve and found.others):
        return found
    choices = (found.serve, *found.others)
    chosen = click.prompt("Application", type=click.Choice(choices), default=found.serve, err=True)
    return replace(found, serve=chosen)


def _tell(found: Found) -> None:
    click.echo(f"Found {found.what}: {found.because}.")
    click.echo(f"  It is started by {_start(found)}")
    click.echo(f"  Its health is asked at {found.health}{_unsure(found)}")
    for note in found.notes:
        click.echo(f"  {note}")
    if found.others:
        click.echo(f"  Also there: {', '.join(found.others)}. To take another, change {MANIFEST}.")


def _start(found: Found) -> str:
    return f"app.serve: {found.serve}" if found.serve else f"app.command: {' '.join(found.command or ())}"


def _unsure(found: Found) -> str:
    return ", which has to answer 200: no path such as /healthz was found." if found.health == "/" else ""


def _write(folder: Path, made: Project) -> None:
    from evenly.scaffold.project import ignored

    for name, text in made.files.items():
        written = _write_new(folder / name, text)
        click.echo(f"{'wrote' if written else 'kept '}  {name}")
    ignore = folder / ".gitignore"
    before = ignore.read_text(encoding="utf-8") if ignore.is_file() else ""
    after = ignored(before)
    if after != before:
        ignore.write_text(after, encoding="utf-8")
        click.echo("added  .evenly/ and .env to .gitignore")
    if made.no_image:
        click.echo(made.no_image)


def _write_new(file: Path, text: str) -> bool:
    """Whether it was written: not where something is already."""
    from evenly.errors import StateError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise StateError(
            f"it can't be written ({error.strerror}).", where=file.name, try_="Work in a folder of your own."
        ) from error
    return True


def _conclude(folder: Path, found: Found, made: Project) -> None:
    from evenly.scaffold.installing import missing

    steps = [*missing(folder / found.build, found)]
    if made.secrets and not (folder / ".env").exists():
        steps.append(f"install -m 600 .env.example .env (and fill in {', '.join(made.secrets)})")
    hint(*steps, "evenly up")
