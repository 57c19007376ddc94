"""The database tried from outside and as the app: every way in that should be closed, every right that the app should
not have. Nothing of it stays: each statement is in a transaction that is rolled back.
"""

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import asyncpg
import psutil

from evenly.core.facts import Attempt, NotPossibleError
from evenly.core.secret import Secret
from evenly.errors import StateError
from evenly.local import postgres
from evenly.local.inspection.instances import closed_folder
from evenly.local.postgres import APP, OWNER, DatabaseSecrets, Server
from evenly.local.postgres.credentials import SUPERUSER
from evenly.local.postgres.readiness import MAINTENANCE_DATABASE, connect

WITHIN_S = 5.0
WRONG = Secret("not-the-password")
STRANGERS = ("postgres", "root", "evenly_stranger")
CLOSED_METHODS = frozenset({"scram-sha-256", "reject"})
# One that the role has come to own first: it could be altered.
TABLE = """
    SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_catalog.pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    ORDER BY pg_catalog.pg_has_role(tableowner, 'USAGE') DESC, 1 LIMIT 1
"""
EXTENSION = """
    SELECT quote_ident(name) FROM pg_catalog.pg_available_extension_versions
    WHERE trusted AND NOT installed ORDER BY 1 LIMIT 1
"""
FORBIDDEN = (
    "CREATE TABLE evenly_verify (id int)",
    "CREATE TEMPORARY TABLE evenly_verify (id int)",
    "CREATE SCHEMA evenly_verify",
    "CREATE ROLE evenly_verify",
    f"SET LOCAL ROLE {OWNER}",
    "SELECT rolpassword FROM pg_catalog.pg_authid LIMIT 1",
    "SELECT pg_catalog.pg_read_file('PG_VERSION')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
)


def ask_from_elsewhere(
    server: Server, passwords: DatabaseSecrets, standby: Server | None = None
) -> tuple[Attempt, ...]:
    """TCP ports, the folder of the sockets, wrong passwords, other roles, other databases, and the rules; of a standby
    that runs, ports and folder. Raises StateError when the database does not answer."""
    beside = (_ports(standby), _folder(standby)) if standby and postgres.holders(standby.data) else ()
    return (_ports(server), _folder(server), *beside, *asyncio.run(_logins(server, passwords)))


def alter_as_app(server: Server, passwords: DatabaseSecrets) -> tuple[Attempt, ...]:
    """Statements that change the schema, or leave the database, as the app's role. Raises StateError when the
    database does not answer."""
    return asyncio.run(_statements(server, passwords))


def _ports(server: Server) -> Attempt:
    tried = "reach a TCP port of PostgreSQL's processes"
    pids = postgres.holders(server.data)
    if not pids:
        raise StateError("PostgreSQL does not run, so its doors can't be tried", try_="evenly status")
    found = sorted({place for pid in pids for place in _listens(pid)})
    told = f"they listen on {', '.join(found)}" if found else f"none of their {len(pids)} listens on any"
    return Attempt(tried, not found, told)


def _listens(pid: int) -> Iterator[str]:
    try:
        connections = psutil.Process(pid).net_connections(kind="inet")
    except psutil.NoSuchProcess:  # a client's backend, whose client has gone
        return
    except psutil.AccessDenied:
        raise NotPossibleError("The system does not tell which ports PostgreSQL listens on.") from None
    for it in connections:
        if it.status == psutil.CONN_LISTEN:
            yield f"{it.laddr.ip}:{it.laddr.port}"


def _folder(server: Server) -> Attempt:
    """As root the account that runs PostgreSQL owns it, and our own group passes."""
    return closed_folder(server.sockets, None if server.account is None else os.getegid())


async def _logins(server: Server, passwords: DatabaseSecrets) -> tuple[Attempt, ...]:
    wrong = [await _login(server, role, WRONG, server.database) for role in (APP, OWNER, SUPERUSER)]
    strangers = [await _login(server, role, WRONG, server.database) for role in STRANGERS]
    app = await _login(server, APP, passwords.app, MAINTENANCE_DATABASE, "with its own password")
    return (*wrong, *strangers, app, await _rules(server, passwords))


async def _login(
    server: Server, role: str, password: Secret, database: str, how: str = "with a wrong password"
) -> Attempt:
    tried = f"connect to {database} as {role} {how}"
    try:
        connection = await connect(server, role, password, database, WITHIN_S)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        return Attempt(tried, True, _words(error))
    except asyncpg.InsufficientPrivilegeError as error:
        return Attempt(tried, True, _words(error))
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise _silent(error) from error
    await connection.close()
    return Attempt(tried, False, "connected")


async def _rules(server: Server, passwords: DatabaseSecrets) -> Attempt:
    """What pg_hba.conf says, as PostgreSQL reads it: nobody is let in without a password."""
    connection = await _connected(server, SUPERUSER, passwords.superuser, MAINTENANCE_DATABASE)
    try:
        rows = await connection.fetch("SELECT DISTINCT auth_method FROM pg_catalog.pg_hba_file_rules")
    finally:
        await connection.close()
    methods = {row["auth_method"] for row in rows}
    told = f"methods: {', '.join(sorted(map(str, methods)))}"
    return Attempt("find a rule that lets in without a password", methods <= CLOSED_METHODS, told)


async def _statements(server: Server, passwords: DatabaseSecrets) -> tuple[Attempt, ...]:
    connection = await _connected(server, APP, passwords.app, server.database)
    try:
        table, extension = [await connection.fetchval(it) for it in (TABLE, EXTENSION)]
        return tuple([await _statement(connection, it) for it in _forbidden(table, extension)])
    finally:
        await connection.close()


def _forbidden(table: str | None, extension: str | None) -> tuple[str, ...]:
    more = []
    if table:
        more += [f"ALTER TABLE {table} ADD COLUMN evenly_verify int", f"DROP TABLE {table} CASCADE"]
        more += [f"TRUNCATE {table} CASCADE"]
    if extension:
        more += [f"CREATE EXTENSION {extension}"]
    return (*FORBIDDEN, *more)


async def _statement(connection: Any, statement: str) -> Attempt:
    """A lock that isn't had in time was already permitted to be waited for."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("SET LOCAL lock_timeout = '1s'")
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        return Attempt(statement, True, _words(error))
    except asyncpg.PostgresError as error:
        return Attempt(statement, False, f"not refused, but: {_words(error)}")
    finally:
        await transaction.rollback()
    return Attempt(statement, False, "done, and rolled back")


async def _connected(server: Server, role: str, password: Secret, database: str) -> Any:
    try:
        return await connect(server, role, password, database, WITHIN_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _silent(error) from error


def _silent(error: Exception) -> StateError:
    return StateError(f"the database could not be asked: {_words(error)}", try_="evenly logs database")


def _words(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text.splitlines()[0]
