"""Two servers of one database: the role by which one follows the other, the copy that it begins with, its promotion,
and what the primary says of it. Connects as the superuser; makes folders beside the data's place."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from msgspec import Struct

from evenly.core.secret import Secret
from evenly.errors import StateError
from evenly.local.postgres.configuration import change_configuration, standby_name
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.credentials import REPLICATOR, SUPERUSER, DatabaseSecrets
from evenly.local.postgres.initialise import remove_half_made
from evenly.local.postgres.processes import child_environment, holders
from evenly.local.postgres.readiness import MAINTENANCE_DATABASE, POLL_S, connect
from evenly.local.postgres.roles import ensure_password, role_statement
from evenly.local.postgres.server import PORT, Server
from evenly.local.state import write_bytes

STANDBY_MARK = "standby.signal"  # PostgreSQL's: data with it follows
PROMOTION_S = 10.0
UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

_ATTRIBUTES = "LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT"
_READS_ONLY = "SELECT pg_catalog.pg_is_in_recovery()"
_ATTACHED = """
    SELECT sync_state, coalesce(flush_lsn >= $2::text::pg_lsn, false) AS holds FROM pg_catalog.pg_stat_replication
    WHERE application_name = $1 AND state = 'streaming'
"""


class Copying(Struct, frozen=True):
    """A program that makes a copy of the primary's data in `beside`."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    beside: Path


def write_password(server: Server, password: Secret) -> None:
    """What `server` proves itself with to its peer; readable by the account that runs it alone."""
    write_bytes(server.replication_password, f"*:*:*:{REPLICATOR}:{password.reveal()}\n".encode(), 0o600)
    if server.account:
        os.chown(server.replication_password, server.account.uid, server.account.gid, follow_symlinks=False)


async def ensure_replicator(primary: Server, passwords: DatabaseSecrets, password: Secret) -> None:
    """The role that reads the log and the data files, and connects to no database: pg_hba.conf lets it into none."""
    connection = await connect(primary, SUPERUSER, passwords.superuser, MAINTENANCE_DATABASE)
    try:
        statement = await role_statement(connection, REPLICATOR)
        await connection.execute(f"{statement} ROLE {REPLICATOR} {_ATTRIBUTES}")
        await ensure_password(connection, REPLICATOR, password, os.urandom)
    finally:
        await connection.close()


def copied_by(primary: Server, to: Path) -> tuple[str, ...]:
    """The words for pg_basebackup that copies a running primary to the folder `to`."""
    return (
        f"--pgdata={to}",
        f"--host={primary.sockets}",
        f"--port={PORT}",
        f"--username={REPLICATOR}",
        "--no-password",
        "--wal-method=stream",
        "--checkpoint=fast",
    )


def prepare_copy(primary: Server, to: Server) -> Copying:
    """What makes `to`'s data, in a folder beside its place. What an earlier one left is removed."""
    remove_half_made(to)
    beside = to.data.with_name(f"{to.data.name}.new-{secrets.token_hex(4)}")
    beside.mkdir(mode=0o700)
    if to.account:
        os.chown(beside, to.account.uid, to.account.gid, follow_symlinks=False)
    argv = (
        str(to.binaries.install / "bin" / "pg_basebackup"),
        *copied_by(primary, beside),
    )
    environment = {**child_environment(to), "PGPASSFILE": str(to.replication_password)}
    return Copying(argv, environment, beside)


def place_copy(to: Server, copying: Copying) -> None:
    """Puts a complete copy in the place of what `to` had, which is removed. Nothing may work on either."""
    put_mark(copying.beside, STANDBY_MARK, to)
    old = to.data.with_name(f"{to.data.name}.new-old-{secrets.token_hex(4)}")  # goes with what is half made
    if to.data.exists():
        to.data.rename(old)
    copying.beside.rename(to.data)
    sync_folder(to.data.parent)
    shutil.rmtree(old, ignore_errors=True)


async def clear(data: Path, within: float = 5.0) -> None:
    """SIGKILL for every process that works in `data`, until there is none. Raises StateError after `within` seconds."""
    until = asyncio.get_running_loop().time() + within
    while held := holders(data):
        for pid in held:
            _kill(pid)
        if asyncio.get_running_loop().time() > until:
            raise StateError(
                f"these processes do not end: {', '.join(map(str, held))}",
                where=str(data),
                try_="End them with kill -KILL.",
            )
        await asyncio.sleep(POLL_S / 4)


def configure(server: Server, *, waits: bool, postmaster: int) -> None:
    """Has a running server take new settings. It does so a moment later."""
    change_configuration(server, waits=waits)
    os.kill(postmaster, signal.SIGHUP)


async def opened(server: Server, passwords: DatabaseSecrets) -> Any:
    """A connection to ask the server about itself."""
    return await connect(server, SUPERUSER, passwords.superuser, MAINTENANCE_DATABASE, 2.0)


async def reads_only(server: Server, passwords: DatabaseSecrets) -> bool:
    connection = await opened(server, passwords)
    try:
        return bool(await connection.fetchval(_READS_ONLY, timeout=5))
    finally:
        await connection.close()


async def promote(server: Server, passwords: DatabaseSecrets) -> bool:
    """Whether the standby takes writes now. One that does already is left as it is."""
    connection = await opened(server, passwords)
    until = time.monotonic() + PROMOTION_S
    try:
        if not await connection.fetchval(_READS_ONLY, timeout=5):
            return True
        await connection.fetchval(
            "SELECT pg_catalog.pg_promote(false)", timeout=5
        )  # it would look only every 0.1 s
        while await connection.fetchval(_READS_ONLY, timeout=5):
            if time.monotonic() > until:
                return False
            await asyncio.sleep(POLL_S / 4)
        return True
    finally:
        connection.terminate()


async def is_followed(connection: Any, peer: str, lsn: str = "0/0", *, in_sync: bool = False) -> bool:
    """Whether the standby `peer` receives, and holds all up to `lsn`; and whether it is waited for, if `in_sync`."""
    row = await connection.fetchrow(_ATTACHED, standby_name(peer), lsn, timeout=5)
    return row is not None and (not in_sync or (row["sync_state"] == "sync" and row["holds"]))


async def guard(primary: Server, passwords: DatabaseSecrets, peer: str) -> None:
    """Returns when nothing is acknowledged any more without `peer`, and it holds all that was before. The settings that
    ask for it were written, and the primary was told.

    A server takes new settings process by process. What makes commits wait is the checkpointer: it has taken them when
    it has made a checkpoint that was asked for by a session that began with them.
    """
    while True:
        connection = await opened(primary, passwords)
        try:
            asked = await connection.fetchval("SHOW synchronous_standby_names", timeout=5)
            if asked == standby_name(peer):
                await connection.execute("CHECKPOINT", timeout=600)
                lsn = str(
                    await connection.fetchval("SELECT pg_catalog.pg_current_wal_flush_lsn()::text", timeout=5)
                )
                while not await is_followed(connection, peer, lsn, in_sync=True):
                    await asyncio.sleep(POLL_S)
                return
        finally:
            await connection.close()
        await asyncio.sleep(POLL_S)


def put_mark(folder: Path, name: str, server: Server) -> None:
    """An empty file in data that does not run, which tells PostgreSQL how to start with it."""
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if server.account:
            os.fchown(descriptor, server.account.uid, server.account.gid)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(folder)


def _kill(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()
