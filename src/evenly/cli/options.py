"""The options that several commands share, and the folder that they speak of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from evenly.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.manifest.types import Manifest

MANIFEST = "evenly.yaml"
ENVIRONMENT = "local"

json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON, alone, on stdout.")


def _known_environment(_context: click.Context, _option: click.Parameter, name: str) -> str:
    if name != ENVIRONMENT:
        raise UsageError(f"there is no environment {name}: the only one is local.", where="--env")
    return name


environment_option = click.option(
    "-e",
    "--env",
    metavar="NAME",
    default=ENVIRONMENT,
    show_default=True,
    expose_value=False,
    callback=_known_environment,
    help="The environment.",
)


def project_folder() -> Path:
    """Where the manifest is: the working folder, without symbolic links."""
    from pathlib import Path

    return Path.cwd().resolve()


def read_manifest(project: Path) -> Manifest:
    """The manifest of `project`, or the defaults without one. Raises ManifestError."""
    from evenly.manifest import load

    return load(shown(project / MANIFEST))


def shown(path: Path) -> Path:
    """`path` as a person would write it here: relative where it is below the working folder."""
    here = project_folder()
    return path.relative_to(here) if path.is_relative_to(here) else path


def print_json(data: object) -> None:
    """`data` (dataclasses, structs, plain values) as indented JSON on stdout."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(data)).decode())


def hint(*commands: str) -> None:
    """The next useful commands, on stderr."""
    click.echo("Next: " + ", ".join(commands), err=True)


def columns() -> int:
    """How wide the terminal is, 80 without one."""
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80
