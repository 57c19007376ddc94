"""`evenly database`: a shell on the environment's database, its seed, its reset, its backups, its upgrade."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evenly.cli.backups import backup, backups, restore
from evenly.cli.confirming import check_confirmed
from evenly.cli.options import ENVIRONMENT, environment_option, hint, project_folder
from evenly.cli.upgrade import upgrade
from evenly.cli.words import count_of, listed
from evenly.errors import UsageError

if TYPE_CHECKING:
    from evenly.database.seed import Seeded

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
ROWS = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted", "MERGE": "merged", "COPY": "copied"}


@click.group()
@environment_option
def command() -> None:
    """A shell on the environment's database, its seed, its reset, its backups and their restore, its upgrade."""


for each in (backup, backups, restore, upgrade):
    command.add_command(each)


@command.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
)
@environment_option
@click.option("--as-owner", is_flag=True, help="As the owner of the schema, who may change it.")
@click.argument("arguments", metavar="[PSQL ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
def shell(as_owner: bool, arguments: tuple[str, ...]) -> None:
    """PostgreSQL's own shell, psql, connected as the app is: it reads and writes rows, and changes no table.

    \b
        evenly database shell
        evenly database shell -c "SELECT count(*) FROM orders"
        evenly database shell --as-owner < script.sql
    """
    from evenly.local.databases import shell as psql
    from evenly.local.oneoff import become

    prepared = psql(project_folder(), arguments, as_owner=as_owner)
    sys.stdout.flush()
    become(prepared)


@command.command()
@environment_option
@click.option("--file", type=FILE, help="Another file than seed.sql.")
def seed(file: Path | None) -> None:
    """Run seed.sql as the owner of the schema, in one transaction: all of it, or nothing.

    It is looked for beside the folder of migrations, then beside evenly.yaml. Whether it can be run twice is up to it
    (INSERT ... ON CONFLICT DO NOTHING).
    """
    from evenly.local import databases

    click.echo(seeded_line(databases.seed(project_folder(), file)))
    hint("evenly database shell")


@command.command()
@environment_option
@click.option("--seed", "with_seed", is_flag=True, help="Run the seed on the new database too.")
@click.option("--file", type=FILE, help="Another file than seed.sql, with --seed.")
@click.option("--confirm", metavar="NAME", help="The environment's name, in place of the question.")
def reset(with_seed: bool, file: Path | None, confirm: str | None) -> None:
    """Replace the database by a new one, with the running release's migrations. Asks for the environment's name, typed.

    The new one is built beside the old one, which is deleted when the new one is complete; instances stay, and
    connect again. If anything fails, the old one stays as it was.
    """
    from evenly.local.databases import reset_database

    if file is not None and not with_seed:
        raise UsageError("it belongs to --seed.", where="--file")
    project = project_folder()
    check_confirmed(
        confirm, f"This deletes all that is in the database of {ENVIRONMENT} in {project}, for good.", "reset"
    )
    done = reset_database(project, with_seed=with_seed, file=file)
    click.echo(f"The database is new: {count_of(len(done.migrations), 'migration')} applied.")
    if done.seeded is not None:
        click.echo(seeded_line(done.seeded))
    hint("evenly status", *(() if with_seed else ("evenly database seed",)))


def seeded_line(seeded: Seeded) -> str:
    """What a seed did, as a sentence."""
    rows = [f"{count_of(count, 'row')} {ROWS[kind]}" for kind, count in seeded.rows.items()]
    told = listed(rows) if rows else "no row changed"
    return f"Seeded by {count_of(seeded.statements, 'statement')}: {told}."
