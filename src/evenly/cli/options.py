"""The options that several commands share, the environment that one is about, and the folder that it speaks of."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from evenly.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.manifest.types import Manifest

MANIFEST = "evenly.yaml"
ENVIRONMENT = "local"
ON_AWS = (
    "package",
    "lint",
    "plan",
    "deploy",
    "rollback",
    "secrets",
    "status",
    "logs",
    "open",
    "shell",
    "down",
)  # the commands that take an environment on AWS
CHOSEN = f"{__name__}.chosen"

json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON, alone, on stdout.")


def _written(context: click.Context, option: click.Parameter, name: str) -> str:
    """The name that was written, behind the command or before it; the context keeps it for the commands below."""
    before = context.meta.get(CHOSEN)
    if context.get_parameter_source(option.name or "") is click.core.ParameterSource.DEFAULT:
        return before or name
    if before not in (None, name):
        raise UsageError(f"{before} and {name} are two environments.", where="--env", try_="Write one.")
    context.meta[CHOSEN] = name
    return name


def _written_here(context: click.Context, option: click.Parameter, name: str) -> str:
    """The same, for the environment on this machine alone."""
    written = _written(context, option, name)
    if written == ENVIRONMENT or context.resilient_parsing:
        return written
    from evenly.cli.environments import find

    find(written)
    commands = ", ".join(f"evenly {it}" for it in ON_AWS)
    told = f"{written} is on AWS, and this command is for {ENVIRONMENT} alone. Commands for {written}: {commands}."
    raise UsageError(told, where="--env")


def _option(
    callback: Callable[[click.Context, click.Parameter, str], str], *, given: bool = False
) -> Callable[[Any], Any]:
    """`given`: the name is the argument `environment` of the command."""
    return click.option(
        "-e",
        "--env",
        "environment",
        metavar="NAME",
        default=ENVIRONMENT,
        show_default=True,
        expose_value=given,
        callback=callback,
        help="The environment.",
    )


# Before the command: what comes behind it looks the name up.
first_environment_option = _option(_written)
# Of a command for the environment on this machine alone.
environment_option = _option(_written_here)
# Of a command for environments of every target: it gets the name, for `environments.choose`. ON_AWS names them.
every_environment_option = _option(_written, given=True)


def project_folder() -> Path:
    """Where the manifest is: the working folder, without symbolic links."""
    from pathlib import Path

    return Path.cwd().resolve()


def read_manifest(project: Path) -> Manifest:
    """The manifest of `project` as the environment on this machine has it. Raises ManifestError."""
    return whole_manifest(project).of_environment(ENVIRONMENT)


def whole_manifest(project: Path) -> Manifest:
    """The manifest of `project` with all its environments, or the defaults without one. Raises ManifestError."""
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
