"""Applies migrations to a PostgreSQL database: any target's. Reads one folder, writes to one database.

One runner at a time, by an advisory lock. Each migration and its record are one transaction; one without a
transaction is recorded as begun before and as done after, so that a crash between is seen.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from evenly.core.secret import Secret
from evenly.database.migrations import Applied, Migration, plan, read_all
from evenly.database.refusals import MigrationRefusedError, busy
from evenly.database.sql import Statement, line_of
from evenly.errors import UsageError

LOCK_KEY = 0x6576656E6C79  # "evenly": one key, for locks are a database's own
_POLL = 0.1
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
_TABLE = """
CREATE TABLE IF NOT EXISTS public.evenly_migrations (
    version bigint PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('started', 'done')),
    applied_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    duration interval
)
"""
# Default privileges hand new tables to the app; this one is the owner's alone.
_CLOSE = """
DO $$ DECLARE taker oid; BEGIN
    FOR taker IN SELECT DISTINCT grantee FROM pg_catalog.pg_class, pg_catalog.aclexplode(relacl)
        WHERE pg_class.oid = 'public.evenly_migrations'::regclass AND grantee <> relowner
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON public.evenly_migrations FROM %s',
            CASE WHEN taker = 0 THEN 'PUBLIC' ELSE taker::regrole::text END);
    END LOOP;
END $$
"""
_RECORD = """
INSERT INTO public.evenly_migrations (version, name, sha256, state, duration)
VALUES ($1, $2, $3, $4, $5 * interval '1 second')
ON CONFLICT (version) DO UPDATE SET name = excluded.name, sha256 = excluded.sha256,
    state = excluded.state, duration = excluded.duration, applied_at = excluded.applied_at
"""


async def apply(
    url: Secret,
    folder: Path,
    *,
    lock_timeout: float = 3.0,
    deadline: float = 60.0,
    now: Callable[[], float] = time.monotonic,
) -> tuple[Migration, ...]:
    """Applies what is new in `folder` as the role in `url` (the owner), and returns it.

    `lock_timeout`: seconds that a statement waits for a lock, and requests behind it; `deadline`: seconds to wait for
    another runner.

    Raises UsageError for a wrong file, StateError where files and record differ or PostgreSQL refuses, and what
    asyncpg raises when the connection is lost.
    """
    found = read_folder(folder)
    connection = await _connect(url, lock_timeout)
    try:
        await _take_lock(connection, deadline, now)
        return await _apply_new(connection, found, now)
    finally:
        await connection.close()


async def check(url: Secret) -> None:
    """Connects, and asks for nothing. Raises what asyncpg raises."""
    connection = await _connect(url, lock_timeout=10.0)
    await connection.close()


def read_folder(folder: Path) -> tuple[Migration, ...]:
    """The migrations in `folder`. Raises UsageError for a wrong file, and for a folder that can't be read."""
    return read_all(_read(folder))


def _read(folder: Path) -> dict[str, bytes]:
    try:
        return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    except OSError as error:
        raise UsageError(
            f"The migrations can't be read: {error.strerror}.",
            where=str(error.filename or folder),
            try_="`database.migrations` in evenly.yaml names their folder.",
        ) from None


async def _connect(url: Secret, lock_timeout: float) -> Any:
    """A killed runner's statement is ended by the server, which looks each second whether we are there."""
    settings = {
        "application_name": "evenly migrations",
        "lock_timeout": str(round(lock_timeout * 1000)),
        "statement_timeout": "0",
        "client_connection_check_interval": "1000",
    }
    return await asyncpg.connect(url.reveal(), statement_cache_size=0, server_settings=settings)


async def _take_lock(connection: Any, deadline: float, now: Callable[[], float]) -> None:
    """Asked again and again: a session that waits inside PostgreSQL holds a snapshot, and CREATE INDEX
    CONCURRENTLY in the other session would wait for it for ever."""
    until = now() + deadline
    while not await connection.fetchval("SELECT pg_catalog.pg_try_advisory_lock($1)", LOCK_KEY):
        if now() >= until:
            raise busy(deadline)
        await asyncio.sleep(_POLL)


async def _apply_new(
    connection: Any, found: tuple[Migration, ...], now: Callable[[], float]
) -> tuple[Migration, ...]:
    new = plan(found, await _applied(connection))
    if new:
        await _forget_begun(connection)
    for migration in new:
        await (_in_transaction if migration.transactional else _one_by_one)(connection, migration, now)
    return new


async def _applied(connection: Any) -> tuple[Applied, ...]:
    async with connection.transaction():
        await connection.execute(_TABLE)
        await connection.execute(_CLOSE)
    rows = await connection.fetch("SELECT version, name, sha256, state FROM public.evenly_migrations")
    return tuple(Applied(r["version"], r["name"], r["sha256"], r["state"] == "done") for r in rows)


async def _forget_begun(connection: Any) -> None:
    """The plan let them pass: their files were edited, renumbered or removed."""
    await connection.execute("DELETE FROM public.evenly_migrations WHERE state = 'started'")


async def _in_transaction(connection: Any, migration: Migration, now: Callable[[], float]) -> None:
    began = now()
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await _reset(connection)
            await _record(connection, migration, "done", now() - began)
    except _LOST:
        raise
    except asyncpg.PostgresError as error:
        raise _failed(migration, error, 0, "Nothing of it stayed.") from error


async def _one_by_one(connection: Any, migration: Migration, now: Callable[[], float]) -> None:
    began = now()
    await _record(connection, migration, "started", None)
    for number, statement in enumerate(migration.statements):
        await _alone(connection, migration, statement, number)
    await _reset(connection)
    await _record(connection, migration, "done", now() - began)


async def _alone(connection: Any, migration: Migration, statement: Statement, before: int) -> None:
    """PostgreSQL answered, so the end is known, and the file may run again as it is; only what it did stays."""
    try:
        await connection.execute(migration.sql[statement.start : statement.stop])
    except _LOST:
        raise
    except asyncpg.PostgresError as error:
        await _reset(connection)
        await _forget_begun(connection)
        stayed = f"{before} of its {len(migration.statements)} statements stayed, and maybe an invalid index."
        raise _failed(migration, error, statement.start, stayed) from error


async def _reset(connection: Any) -> None:
    """What a migration SET (pg_dump empties the search path) ends with it."""
    await connection.execute("RESET ALL; RESET ROLE")


async def _record(connection: Any, migration: Migration, state: str, seconds: float | None) -> None:
    await connection.execute(
        _RECORD, migration.version, migration.name, migration.sha256, state, seconds, timeout=30.0
    )


def _failed(
    migration: Migration, error: asyncpg.PostgresError, start: int, stayed: str
) -> MigrationRefusedError:
    line = line_of(migration.sql, start + int(error.position) - 1 if error.position else start)
    place = f"{migration.name}:{line}" if error.position or start else migration.name
    return MigrationRefusedError(f"{_sentence(error)} {stayed}", where=place, try_=_advice(error))


def _sentence(error: asyncpg.PostgresError) -> str:
    return f"PostgreSQL says: {error.message}."


def _advice(error: asyncpg.PostgresError) -> str:
    if isinstance(error, asyncpg.LockNotAvailableError):
        return "Something else holds a lock on that table. Try again when it has finished."
    again = "Correct the file and run it again."
    return f"{error.hint} {again}" if error.hint else again
