"""`evenly init`: write a small manifest."""

import click

from evenly.cli.options import MANIFEST, environment_option, hint, project_folder


@click.command()
@environment_option
def command() -> None:
    """Write a small commented manifest, evenly.yaml. One that is there is never overwritten."""
    from evenly.errors import StateError
    from evenly.manifest.template import initial_manifest, name_from_folder

    project = project_folder()
    text = initial_manifest(name_from_folder(project.name))
    try:
        with (project / MANIFEST).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StateError(
            "it is here already, and was left as it is.", where=MANIFEST, try_="evenly lint checks it."
        ) from None
    except OSError as error:
        raise StateError(
            f"it can't be written ({error.strerror}).", where=MANIFEST, try_="Work in a folder of your own."
        ) from error
    click.echo(f"{MANIFEST} is written. Every line in it can be left as it is.")
    hint("evenly up")
