"""The running environment's database for a person: its shell, its seed, its reset. Starts psql, runs SQL, changes no
state of ours."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from evenly.database.seed import Seed, Seeded, read_seed, run_seed
from evenly.errors import StateError, UsageError
from evenly.local import postgres
from evenly.local.environment import command_lock, look
from evenly.local.inheritance import inherited, of_the_terminal
from evenly.local.oneoff import OneOff
from evenly.local.paths import Paths
from evenly.local.postgres.resetting import reset
from evenly.local.releases import release_secrets
from evenly.local.settings import Release, find_paths, read_release
from evenly.local.supervisor.database import Database, database_of
from evenly.local.supervisor.elsewhere import DatabaseElsewhere

SEED = "seed.sql"
HISTORY = "psql_history"


class Reset(Struct, frozen=True):
    """What a reset did: the migrations that were applied, and the seed's doing, if there was one."""

    migrations: tuple[str, ...]
    seeded: Seeded | None


def shell(project: Path, arguments: Sequence[str], *, as_owner: bool) -> OneOff:
    """psql, connected as the app (or the owner), with `arguments` of its own. The password is in its environment,
    never among its arguments. Raises StateError when the database is down."""
    paths, release, database = running_database(project)
    history = paths.home / HISTORY
    history.touch(mode=0o600)
    variables = {
        **inherited(),
        **of_the_terminal(),
        "PSQL_HISTORY": str(history),
        **database.variables(as_owner=as_owner),
    }
    program = _psql(release, database)
    return OneOff((program, *arguments), variables, Path.cwd())


def seed(project: Path, file: Path | None) -> Seeded:
    """Run the seed as the owner. Raises UsageError for a file that can't be one, StateError when PostgreSQL refuses."""
    _, release, database = running_database(project)
    ours = our_own(database, "seed")
    found = _read(project, release, file)
    return asyncio.run(run_seed(ours.owner_url(ours.opened()[0].database), found))


def reset_database(project: Path, *, with_seed: bool, file: Path | None = None) -> Reset:
    """Replace the database by a new one with the release's migrations, and the seed if it is wanted. All or nothing.

    Raises as `seed` does.
    """
    paths, release, database = running_database(project)
    ours = our_own(database, "reset")
    wanted = _read(project, release, file) if with_seed else None
    with command_lock(paths):
        return asyncio.run(_reset(ours, wanted))


async def _reset(database: Database, wanted: Seed | None) -> Reset:
    done: list[Reset] = []

    async def fill(name: str) -> None:
        migrations = await database.migrate(name)
        seeded = await run_seed(database.owner_url(name), wanted) if wanted else None
        done.append(Reset(migrations, seeded))

    await reset(*database.opened(), fill)
    return done[0]


def seed_places(project: Path, release: Release) -> tuple[Path, ...]:
    """Where a seed is looked for: beside the folder of migrations, then beside the manifest."""
    migrations = release.manifest.database.migrations if release.manifest.database else None
    folders = ((project / migrations).parent,) if migrations else ()
    return tuple(dict.fromkeys(folder / SEED for folder in (*folders, project)))


def _read(project: Path, release: Release, file: Path | None) -> Seed:
    places = (file,) if file else seed_places(project, release)
    found = next((it for it in places if it.is_file()), None)
    if found is None:
        told = " or ".join(_told(it, project) for it in places)
        raise UsageError(f"there is no {told}", where="seed", try_="Write one, or name another: --file FILE.")
    try:
        return read_seed(_told(found, project), found.read_bytes())
    except OSError as error:
        raise UsageError(f"it can't be read: {error.strerror}", where=str(found)) from None


def _told(file: Path, project: Path) -> str:
    return str(file.relative_to(project)) if file.is_relative_to(project) else str(file)


def running_database(project: Path) -> tuple[Paths, Release, Database | DatabaseElsewhere]:
    """Raises StateError when there is no environment, or its database is down; UsageError when it has none."""
    status = look(project)
    if status.database is None:
        raise UsageError("there is no database: the manifest says null", where="database")
    if not status.database.works:
        raise StateError("the database is down", where=status.environment, try_="Run `evenly up --detach`.")
    paths = find_paths(project)
    release = read_release(paths, status.release)
    database = database_of(paths, release, release_secrets(paths, release))
    if database is None:
        raise UsageError("there is no database: the manifest says null", where="database")
    return paths, release, database


def our_own(database: Database | DatabaseElsewhere, what: str) -> Database:
    if isinstance(database, Database):
        return database
    raise UsageError(
        f"the database is elsewhere (database.url_from), and {what} is for one of Evenly's own",
        where="database",
        try_="Use `evenly database shell`, or that database's own tools.",
    )


def _psql(release: Release, database: Database | DatabaseElsewhere) -> str:
    """The wheel's psql; for a database elsewhere the machine's own, for the wheel's can't speak TLS."""
    if isinstance(database, Database):
        version = release.manifest.database.version if release.manifest.database else 18
        return str(postgres.find(version).psql)
    found = shutil.which("psql", path=os.environ.get("PATH"))
    if found is None:
        raise StateError(
            "this machine has no psql, and the one that Evenly brings can't speak TLS",
            where="database.url_from",
            try_="Install PostgreSQL's client, postgresql-client on Debian.",
        )
    return found
