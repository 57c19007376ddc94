"""Roles, database and rights: the owner makes tables, the app reads and writes rows, and nobody else gets in.

Idempotent: run at each start, it puts right what differs. Passwords travel as SCRAM verifiers only.
"""

import os
from collections.abc import Callable, Collection
from typing import Any

from evenly.core.secret import Secret
from evenly.database.rights import in_database, limits, on_database
from evenly.local.postgres.credentials import APP, OWNER, SUPERUSER, DatabaseSecrets
from evenly.local.postgres.readiness import MAINTENANCE_DATABASE, connect
from evenly.local.postgres.scram import SALT_BYTES, matches, verifier
from evenly.local.postgres.server import Server

_ATTRIBUTES = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
_UNUSED = "postgres"
_IN_CLUSTER = (
    f"GRANT pg_use_reserved_connections TO {OWNER}",
    "REVOKE ALL ON DATABASE template1 FROM PUBLIC",
    *limits(APP),
)


async def prepare(
    server: Server, passwords: DatabaseSecrets, random: Callable[[int], bytes] = os.urandom
) -> None:
    """Makes the roles and the database of a server that is ready, or puts right what differs.

    Raises what asyncpg raises: the server just said that it was ready.
    """
    cluster = await connect(server, SUPERUSER, passwords.superuser, MAINTENANCE_DATABASE)
    try:
        await _ensure_roles(cluster, passwords, random)
        await _ensure_database(cluster, server.database)
    finally:
        await cluster.close()
    database = await connect(server, SUPERUSER, passwords.superuser, server.database)
    try:
        await database.execute(";".join(in_database(OWNER, APP)))
    finally:
        await database.close()


async def _ensure_roles(cluster: Any, passwords: DatabaseSecrets, random: Callable[[int], bytes]) -> None:
    for role, password in ((OWNER, passwords.owner), (APP, passwords.app)):
        await cluster.execute(f"{await role_statement(cluster, role)} ROLE {role} {_ATTRIBUTES}")
        await ensure_password(cluster, role, password, random)
    await cluster.execute(";".join(_IN_CLUSTER))


async def role_statement(cluster: Any, role: str) -> str:
    known = await cluster.fetchval("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1", role)
    return "ALTER" if known else "CREATE"


async def ensure_password(cluster: Any, role: str, password: Secret, random: Callable[[int], bytes]) -> None:
    kept = await cluster.fetchval("SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1", role)
    if not matches(password, kept):
        await cluster.execute(password_statement(role, password, random(SALT_BYTES)))


async def _ensure_database(cluster: Any, name: str) -> None:
    rows = await cluster.fetch("SELECT datname FROM pg_catalog.pg_database")
    if statement := database_statement(name, {row["datname"] for row in rows}):
        await cluster.execute(statement)
    await cluster.execute(
        f"ALTER DATABASE {quoted(name)} OWNER TO {OWNER};"
        f"ALTER DATABASE {quoted(name)} CONNECTION LIMIT -1;"
        f"{';'.join(on_database(quoted(name), APP))}"
    )


def database_statement(name: str, present: Collection[str]) -> str | None:
    """How database `name` comes to be. initdb's `postgres`, empty and used by nobody, is renamed when it is
    there: a new one is 300 files more, which take longer than the start of the server."""
    if name in present:
        return None
    if _UNUSED in present:
        return f"ALTER DATABASE {_UNUSED} RENAME TO {quoted(name)}"
    return f"CREATE DATABASE {quoted(name)} TEMPLATE template0"


def password_statement(role: str, password: Secret, salt: bytes) -> str:
    """Sets a role's password by its verifier, whose letters need no escape."""
    return f"ALTER ROLE {quoted(role)} PASSWORD '{verifier(password, salt)}'"


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
