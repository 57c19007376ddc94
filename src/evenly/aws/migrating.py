"""The migration task: applies the migrations that the app's image holds, over a connection that is proved, and ends.

    python -m evenly.aws.migrating

It runs in the app's image, while the door is open, as the database's owner, whose password is in its environment alone.
What it is told by is in the task's definition (stacks/data/migration.py). Whatever happens, it is gone after `LIMIT_S`:
closing the door lets nobody in, but a connection that is there already would stay.
"""

import asyncio
import importlib.util
import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from msgspec import Struct

from evenly.aws.intask import DIGEST, FOLDER, LIMIT_S, PACKAGE
from evenly.aws.roots import FILE as ROOTS
from evenly.core.secret import Secret
from evenly.database.rights import app_role, in_database, limits, on_database
from evenly.errors import EvenlyError, ExitCode, StateError, UsageError

APP = "app"
REACHED_WITHIN_S = 60.0  # a rule of a security group takes a moment, and so does a failover
POLL_S = 1.0

Tell = Callable[[Mapping[str, object]], None]


class Task(Struct, frozen=True):
    """What the task is told. `folder`: of the migrations; `None`: there are none. `digest`: what they have to be."""

    url: Secret
    host: str
    owner: str
    database: str
    folder: Path | None
    digest: str | None


def main(environ: Mapping[str, str], tell: Tell, limit_s: float = LIMIT_S) -> int:
    """Runs the task, and returns its exit code. Every line that it tells is one JSON object, without a secret."""
    try:
        asyncio.run(_within(read_task(environ), tell, limit_s))
    except EvenlyError as error:
        tell({"event": "failed", "where": error.where, "what": error.what, "try": error.try_})
        return int(error.exit_code)
    return int(ExitCode.DONE)


def read_task(environ: Mapping[str, str]) -> Task:
    """Raises UsageError for a variable that is missing."""
    host, port, database, owner = (
        _said(environ, name) for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER")
    )
    password = Secret(_said(environ, "PGPASSWORD"))
    roots = environ.get("PGSSLROOTCERT") or str(ROOTS)
    proof = urlencode({"sslmode": "verify-full", "sslrootcert": roots})
    account = f"{quote(owner, safe='')}:{quote(password.reveal(), safe='')}"
    return Task(
        url=Secret(f"postgresql://{account}@{host}:{port}/{quote(database, safe='')}?{proof}"),
        host=f"{host}:{port}",
        owner=owner,
        database=database,
        folder=_folder(environ),
        digest=environ.get(DIGEST),
    )


async def migrate(task: Task, tell: Tell, within_s: float = REACHED_WITHIN_S) -> tuple[str, ...]:
    """Gives the app its rights, applies what is new, and returns its names.

    Raises StateError where the image has other migrations than those that the door was opened for, where the database
    does not answer `within_s`, can't be proved, or refuses us, and what the migrations raise.
    """
    _check(task)
    await _reached(task, within_s)
    names = await _apply(task)
    tell({"event": "migrated", "applied": names})
    return names


async def _within(task: Task, tell: Tell, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            await migrate(task, tell)
    except TimeoutError:
        raise StateError(
            f"The migrations took longer than {limit_s:g} seconds and were ended.",
            where="the migration task",
            try_="Split them, or do the slow part in batches from a job.",
        ) from None


def _check(task: Task) -> None:
    """An image that was built from other files than those that were planned would be recorded as applied."""
    from evenly.database.apply import read_folder
    from evenly.database.migrations import digest

    found = digest(read_folder(task.folder) if task.folder else ())
    if task.digest is not None and task.digest != found:
        raise StateError(
            "The image holds other migrations than those that the door was opened for.",
            where=str(task.folder or "the image"),
            try_="Deploy again, so that image and migrations are of the same files.",
        )


async def _reached(task: Task, within_s: float) -> None:
    import asyncpg

    until = time.monotonic() + within_s
    while True:
        try:
            return await _prepare(task)
        except ssl.SSLError as error:
            raise _refused(task, f"is not trusted: {error.reason or 'TLS failed'}") from error
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
            if time.monotonic() > until:
                raise _refused(task, f"does not answer: {type(error).__name__}") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _refused(task, f"refuses: {error}") from error
        await asyncio.sleep(POLL_S)


async def _apply(task: Task) -> tuple[str, ...]:
    import asyncpg

    from evenly.database.apply import apply

    try:
        applied = await apply(task.url, task.folder) if task.folder else ()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _refused(task, f"was lost meanwhile: {type(error).__name__}") from error
    return tuple(it.name for it in applied)


async def _prepare(task: Task) -> None:
    import asyncpg

    connection = await asyncpg.connect(task.url.reveal(), timeout=10.0, statement_cache_size=0)
    try:
        statements = (
            app_role(APP),
            *limits(APP),
            *on_database(task.database, APP),
            *in_database(task.owner, APP),
        )
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _refused(task: Task, what: str) -> StateError:
    return StateError(
        f"The database, {task.host}, {what}.",
        where="the migration task",
        try_="Look at the events of the database in RDS, then run the migrations again.",
    )


def _said(environ: Mapping[str, str], name: str) -> str:
    said = environ.get(name)
    if not said:
        raise UsageError(f"The variable {name} is missing.", where="the migration task", try_="Deploy again.")
    return said


def _folder(environ: Mapping[str, str]) -> Path | None:
    package = environ.get(PACKAGE)
    if package is None:
        return Path(environ[FOLDER]) if FOLDER in environ else None
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise UsageError(
            f"The image has no package {package}, which the migrations are in.",
            where="the migration task",
            try_="Install it in the image.",
        )
    return Path(found.submodule_search_locations[0]) / "migrations"


def _tell(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(os.environ, _tell))
