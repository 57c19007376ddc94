"""`evenly down`: stop all of it."""

import sys
from pathlib import Path

import click

from evenly.cli.options import ENVIRONMENT, environment_option, hint, project_folder
from evenly.cli.words import count_of, listed
from evenly.errors import UsageError

COUNTED = {
    "instance": ("instance", "instances"),
    "worker": ("worker process", "worker processes"),
    "job": ("job", "jobs"),
}


@click.command()
@environment_option
@click.option("--delete-data", is_flag=True, help="Delete the database and all state too; asks for the name.")
@click.option(
    "--confirm", metavar="NAME", help="The environment's name, in place of the question of --delete-data."
)
def command(delete_data: bool, confirm: str | None) -> None:
    """Stop all of it: instances, balancer, database, supervisor. Data stays.

    With --delete-data the database and all state are deleted as well. That asks for the environment's name,
    typed; a script gives it with --confirm.
    """
    from evenly.local.environment import take_down

    project = project_folder()
    if delete_data:
        _check_confirmed(confirm, project)
    elif confirm is not None:
        raise UsageError("it belongs to --delete-data.", where="--confirm")
    stopped = take_down(project, delete_data=delete_data)
    click.echo(stopped_line(stopped.by_role))
    click.echo("Its database and all its state are deleted." if delete_data else "Its data stays.", err=True)
    hint("evenly up", *(() if delete_data else ("evenly down --delete-data",)))


def stopped_line(by_role: dict[str, int]) -> str:
    """What was stopped, as a sentence. `by_role`: how many processes of each role."""
    named = [
        *(count_of(by_role[role], *words) for role, words in COUNTED.items() if by_role.get(role)),
        *(f"the {role}" for role in ("balancer", "database", "supervisor", "watchdog") if by_role.get(role)),
    ]
    return f"Stopped {listed(named)}." if named else "Nothing was running."


def _check_confirmed(said: str | None, project: Path) -> None:
    """Raises UsageError unless the environment's name was given or is typed now."""
    said = _asked(project) if said is None else said
    if said.strip() != ENVIRONMENT:
        raise UsageError(
            f"{said.strip() or 'nothing'} is not the environment's name: nothing was deleted.",
            where="--delete-data",
            try_=f"Type {ENVIRONMENT}, or give --confirm {ENVIRONMENT}.",
        )


def _asked(project: Path) -> str:
    click.echo(f"This deletes the database and all state of {ENVIRONMENT} in {project}, for good.", err=True)
    click.echo("Type the environment's name to do it: ", nl=False, err=True)
    return sys.stdin.readline()
