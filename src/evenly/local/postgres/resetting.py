"""Replaces a database by a new one of its name, in one step: built beside, swapped in, and only then is the old one
dropped. A reset that fails, or is killed, has changed nothing, or all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from evenly.local.postgres.credentials import SUPERUSER, DatabaseSecrets
from evenly.local.postgres.readiness import MAINTENANCE_DATABASE, connect
from evenly.local.postgres.roles import prepare, quoted
from evenly.local.postgres.server import Server, beside

ENDED_MS = 5000
_END = "SELECT pg_catalog.pg_terminate_backend(pid, $2) FROM pg_catalog.pg_stat_activity WHERE datname = $1"


async def reset(server: Server, passwords: DatabaseSecrets, fill: Callable[[str], Awaitable[None]]) -> None:
    """Replace the database of `server`. `fill` gets the name of the new, empty one, and makes it what it should be.

    Connections are ended at the end, when the new one is complete. Meanwhile the app is told that there are too many,
    which drivers and pools try again.
    """
    new = beside(server.database)
    async with _cluster(server, passwords) as cluster:
        await _drop(cluster, new)
        await prepare(replace(server, database=new), passwords)
        try:
            await fill(new)
        except BaseException:
            await _drop(cluster, new)
            raise
        await _swap(cluster, server.database, new)


async def _swap(cluster: Any, name: str, new: str) -> None:
    """Ends in either state, never between: two renames are one transaction."""
    old = f"{new}_old"
    await _drop(cluster, old)
    await cluster.execute(f"ALTER DATABASE {quoted(name)} CONNECTION LIMIT 0")
    try:
        for ended in (name, new):
            await cluster.execute(_END, ended, ENDED_MS)
        await cluster.execute(
            f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(old)};"
            f"ALTER DATABASE {quoted(new)} RENAME TO {quoted(name)}"
        )
    except BaseException:
        await cluster.execute(f"ALTER DATABASE {quoted(name)} CONNECTION LIMIT -1")
        raise
    await _drop(cluster, old)


async def _drop(cluster: Any, name: str) -> None:
    await cluster.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")


@asynccontextmanager
async def _cluster(server: Server, passwords: DatabaseSecrets) -> AsyncIterator[Any]:
    connection = await connect(server, SUPERUSER, passwords.superuser, MAINTENANCE_DATABASE)
    try:
        yield connection
    finally:
        await connection.close()
