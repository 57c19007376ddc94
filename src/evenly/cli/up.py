"""`evenly up`: bring the environment up, and show it."""

import click

from evenly.cli.options import json_option, print_json, project_folder, read_manifest


@click.command()
@click.option("--detach", "-d", is_flag=True, help="Return when it is healthy, and leave it running.")
@json_option
def command(detach: bool, as_json: bool) -> None:
    """Bring the environment up and show it live; Ctrl-C stops it again. With --detach it goes on running.

    Without a manifest (evenly.yaml) the reference web service runs.
    """
    from evenly.local.environment import bring_up

    project = project_folder()
    up = bring_up(project, read_manifest(project))
    if as_json:
        print_json(up.status)
        return
    from evenly.cli.screens import say_up

    say_up(up, read_manifest(project))
