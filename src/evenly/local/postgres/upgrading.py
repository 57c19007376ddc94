"""Copies a database's content from a server of one major version into a new one of another, as pg_dump and psql of the
newer version do it: all of it in one transaction, while the old server goes on. Makes folders beside the data."""

import contextlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenly.errors import TargetError
from evenly.local.postgres.configuration import write_configuration
from evenly.local.postgres.credentials import SUPERUSER, DatabaseSecrets
from evenly.local.postgres.initialise import make_data
from evenly.local.postgres.processes import child_environment
from evenly.local.postgres.readiness import connect
from evenly.local.postgres.server import PORT, Server, make_folders
from evenly.local.privileges import process_options

SAID_LINES = 3

_SETTINGS = """
    SELECT coalesce(rolname, '') AS role, setconfig FROM pg_catalog.pg_db_role_setting
    JOIN pg_catalog.pg_database ON pg_database.oid = setdatabase
    LEFT JOIN pg_catalog.pg_roles ON pg_roles.oid = setrole WHERE datname = pg_catalog.current_database()
"""
_SET = """
    INSERT INTO pg_catalog.pg_db_role_setting (setdatabase, setrole, setconfig)
    SELECT pg_database.oid, coalesce((SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1), 0), $2::text[]
    FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
"""


def lay_new(server: Server, passwords: DatabaseSecrets) -> None:
    """New, empty data for `server`, with its settings. Raises TargetError."""
    make_folders(server)
    make_data(server, passwords)
    write_configuration(server)


def copy_content(
    old: Server, new: Server, passwords: DatabaseSecrets, log: Path, marks: Mapping[str, str]
) -> None:
    """Schema, rows, sequences, owners and rights of the one database, as they are at one moment. The roles must be
    there. Raises TargetError with the first words of what failed."""
    words = ("--no-password", f"--port={PORT}", f"--username={SUPERUSER}")
    dump = _begin(
        new, "pg_dump", (*words, f"--host={old.sockets}", old.database), passwords, log, marks, None
    )
    load = _begin(
        new,
        "psql",
        (*words, f"--host={new.sockets}", *_LOADING, new.database),
        passwords,
        log,
        marks,
        dump.stdout,
    )
    try:
        assert dump.stdout is not None  # noqa: S101  it was asked for
        dump.stdout.close()  # psql's alone: pg_dump ends when that does
        ended = (load.wait(), dump.wait())
    finally:
        for it in (load, dump):
            with contextlib.suppress(ProcessLookupError):
                it.kill()
            it.wait()
    if any(ended):
        raise _failed(log)


async def take_over_settings(old: Server, new: Server, passwords: DatabaseSecrets) -> None:
    """What was set for the one database, for all roles or for one; and the statistics, which no dump has."""
    source = await connect(old, SUPERUSER, passwords.superuser, old.database)
    target = await connect(new, SUPERUSER, passwords.superuser, new.database)
    try:
        for it in await source.fetch(_SETTINGS):
            await target.execute(_SET, it["role"], it["setconfig"])
        await target.execute("ANALYZE")
    finally:
        await source.close()
        await target.close()


_LOADING = (
    "--no-psqlrc",
    "--quiet",
    "--single-transaction",
    "--output=/dev/null",
    "--set=ON_ERROR_STOP=1",
    "--set=VERBOSITY=terse",  # a row's content is for no log
)


def _begin(
    server: Server,
    program: str,
    words: tuple[str, ...],
    passwords: DatabaseSecrets,
    log: Path,
    marks: Mapping[str, str],
    source: Any,
) -> "subprocess.Popen[bytes]":
    """It reads `source`, or writes what `stdout` has. The password is in its environment, as psql wants it."""
    with log.open("ab") as said:
        return subprocess.Popen(
            (str(server.binaries.install / "bin" / program), *words),
            env={**child_environment(server), **marks, "PGPASSWORD": passwords.superuser.reveal()},
            cwd="/",
            stdin=source or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if source else subprocess.PIPE,
            stderr=said,
            start_new_session=True,
            **process_options(server.account),
        )


def _failed(log: Path) -> TargetError:
    from evenly.local.waiting import tail

    lines = [it for it in tail(log, 20) if "ERROR:" in it or "error:" in it]
    said = " ".join(lines[:SAID_LINES]) or "a program ended without a word"
    return TargetError(
        f"the database's content was not copied: {said}",
        where=str(log),
        try_="The database is as it was. What the newer version does not take has to be changed first.",
    )
