"""A database that takes no writes for a while: a mark beside its data, which its members' settings go by, so that it
holds across restarts and a failover too. Connects as the superuser.

A session may overrule the setting. So whether anything was written is read from the data in the end: its next
transaction's number, in PostgreSQL's control file.
"""

import asyncio
import struct
import time
from pathlib import Path
from typing import Any

from evenly.errors import StateError
from evenly.local.postgres.archiving import SHUT_DOWN
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.credentials import DatabaseSecrets
from evenly.local.postgres.readiness import POLL_S
from evenly.local.postgres.replication import opened
from evenly.local.postgres.server import Server

PATIENCE_S = 5.0  # for transactions that were begun before
WITHIN_S = 20.0
NEXT_TRANSACTION_AT = 64  # checkPointCopy.nextXid in ControlFileData: pg_control.h of 16 and of 18

_OLD = """
    SELECT pid FROM pg_catalog.pg_stat_activity
    WHERE pid <> pg_catalog.pg_backend_pid() AND (backend_type = 'autovacuum worker'
        OR (backend_type = 'client backend' AND xact_start < $1))
"""


def close(server: Server) -> None:
    """Let it take no writes. The running members have to be told."""
    server.closed.touch(mode=0o600)
    sync_folder(server.data.parent)


def reopen(server: Server) -> None:
    """Let it take writes again. The running members have to be told."""
    server.closed.unlink(missing_ok=True)


async def until_unwritten(primary: Server, passwords: DatabaseSecrets) -> int:
    """Waits until no transaction is left that may write, and returns the number that the next one would have. What was
    begun before and does not end within 5 s is ended: it was not acknowledged.

    Raises StateError where it does not come to rest, and what asyncpg raises.
    """
    began = time.monotonic()
    since = None
    while time.monotonic() - began < WITHIN_S:
        connection = await opened(primary, passwords)  # a new session has the settings that the server has
        try:
            if await connection.fetchval("SHOW default_transaction_read_only", timeout=5) == "on":
                since = since or await connection.fetchval("SELECT pg_catalog.clock_timestamp()", timeout=5)
                if await _has_ended(connection, since, impatient=time.monotonic() - began > PATIENCE_S):
                    await connection.execute("CHECKPOINT", timeout=600)
                    found = next_transaction(primary.data)
                    oldest = await connection.fetchval(
                        "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text",
                        timeout=5,
                    )
                    if found == int(oldest):
                        return found
        finally:
            connection.terminate()
        await asyncio.sleep(POLL_S)
    raise StateError(
        "the database does not come to rest: writes go on",
        where="database",
        try_="Nothing was changed. Try again.",
    )


def next_transaction(data: Path) -> int | None:
    """The number that the next transaction has, as of the last checkpoint; `None` without data."""
    return _control(data, f"={NEXT_TRANSACTION_AT}xQ")


def is_unwritten(data: Path, since: int) -> bool:
    """Whether `data`, which nobody uses, was ended in order, and took no write since its next transaction was
    `since`."""
    return _control(data, "=16xi") == SHUT_DOWN and next_transaction(data) == since


async def _has_ended(connection: Any, since: Any, *, impatient: bool) -> bool:
    left = [it["pid"] for it in await connection.fetch(_OLD, since, timeout=5)]
    for pid in left if impatient else ():
        await connection.execute(f"SELECT pg_catalog.pg_terminate_backend({pid})", timeout=5)
    return not left


def _control(data: Path, form: str) -> int | None:
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])
    except (OSError, struct.error):
        return None
