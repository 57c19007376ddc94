"""The options that several commands share, and the folder that they speak of."""

from pathlib import Path

import click

from evenly.manifest.types import Manifest

MANIFEST = "evenly.yaml"

json_option = click.option("--json", "as_json", is_flag=True, help="Print data as JSON, alone, on stdout.")


def project_folder() -> Path:
    """Where the manifest is: the working folder, without symbolic links."""
    return Path.cwd().resolve()


def read_manifest(project: Path) -> Manifest:
    """The manifest of `project`, or the defaults without one. Raises ManifestError."""
    from evenly.manifest import load

    return load(project / MANIFEST)


def print_json(data: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(data)).decode())
