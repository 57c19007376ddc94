"""Who may do what: the app reads and writes rows, the owner makes tables, and nobody else gets in."""

import os
import shutil
import signal
import subprocess
import sys

import asyncpg
import psutil
import pytest
from msgspec.structs import replace

from evenly.core.secret import Secret
from evenly.local import postgres
from evenly.local.postgres.readiness import connect

FORBIDDEN = [
    "CREATE TABLE mine (id int)",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "ALTER TABLE greeting ADD COLUMN more text",
    "DROP TABLE greeting",
    "TRUNCATE greeting",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('postgresql.auto.conf')",
    "COPY greeting TO PROGRAM 'cat'",
    "CREATE ROLE friend",
    "SET ROLE owner",
    "CREATE DATABASE mine",
]


async def test_app_works_with_rows(as_role):
    owner, app = await as_role("owner"), await as_role("app")
    await owner.execute("CREATE TABLE greeting (id serial PRIMARY KEY, text text)")
    await app.execute("INSERT INTO greeting (text) VALUES ('hello')")
    await app.execute("UPDATE greeting SET text = 'salut'")
    assert await app.fetchval("SELECT text FROM greeting") == "salut"
    assert await app.execute("DELETE FROM greeting") == "DELETE 1"


async def test_app_may_do_nothing_else(as_role):
    owner, app = await as_role("owner"), await as_role("app")
    await owner.execute("CREATE TABLE greeting (id serial PRIMARY KEY, text text)")
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


async def test_only_the_app_has_limits(as_role):
    assert await (await as_role("app")).fetchval("SHOW statement_timeout") == "30s"
    assert await (await as_role("owner")).fetchval("SHOW statement_timeout") == "0"


@pytest.mark.parametrize(
    ("role", "other"), [("app", "postgres"), ("owner", "postgres"), ("app", "template1")]
)
async def test_other_databases_are_closed(database, role, other):
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await database.connect(role, other)


@pytest.mark.parametrize("role", ["evenly", "owner", "app"])
async def test_wrong_password_is_refused(database, role):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(database.server, role, Secret("wrong"), "my_shop")


async def test_no_line_trusts(database):
    evenly = await database.connect("evenly", "template1")
    try:
        methods = await evenly.fetch("SELECT DISTINCT auth_method FROM pg_hba_file_rules")
    finally:
        await evenly.close()
    assert {row["auth_method"] for row in methods} == {"scram-sha-256", "reject"}


async def test_no_tcp_port_is_open(database):
    holders = postgres.holders(database.server.data)
    assert database.process.pid in holders
    for pid in holders:
        assert psutil.Process(pid).net_connections(kind="inet") == []


async def test_durable_and_checksummed(as_role):
    app = await as_role("app")
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert await app.fetchval("SELECT current_setting($1)", name) == "on"
    assert await app.fetchval("SHOW server_encoding") == "UTF8"
    assert await app.fetchval("SHOW timezone") == "UTC"


async def test_prepare_again_changes_nothing(database, as_role):
    evenly = await as_role("evenly")
    rights = "SELECT rolname, rolpassword FROM pg_authid ORDER BY 1"
    before = await evenly.fetch(rights)
    await postgres.prepare(database.server, database_secrets())
    assert await evenly.fetch(rights) == before


async def test_a_renamed_service_gets_a_database_of_its_own(database, as_role):
    owner = await as_role("owner")
    await owner.execute("CREATE TABLE kept AS SELECT 1 AS number")
    other = replace(database.server, database="other")
    postgres.write_configuration(other)
    database.process.send_signal(signal.SIGHUP)
    await postgres.prepare(other, database_secrets())
    evenly = await as_role("evenly")
    rows = await evenly.fetch("SELECT datname FROM pg_database ORDER BY 1")
    assert [row["datname"] for row in rows] == ["my_shop", "other", "template0", "template1"]
    assert await owner.fetchval("SELECT number FROM kept") == 1


async def test_prepare_takes_new_passwords(database):
    fresh = postgres.DatabaseSecrets(database_secrets().superuser, Secret("new-owner"), Secret("new-app"))
    await postgres.prepare(database.server, fresh)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await database.connect("app")
    await (await connect(database.server, "app", fresh.app, "my_shop")).close()


async def test_no_secret_reaches_the_log(database, as_role):
    owner = await as_role("owner")
    await owner.execute("CREATE TABLE person (mail text UNIQUE)")
    await owner.execute("INSERT INTO person VALUES ('ann@example.com')")
    for statement in ("INSERT INTO person VALUES ('ann@example.com')", "SELECT 'hidden-word' FROM nothing"):
        with pytest.raises(asyncpg.PostgresError):
            await owner.execute(statement)
    log = database.log.read_text()
    assert "duplicate key" in log
    for told in ("ann@example.com", "hidden-word", "SCRAM-SHA-256$", "-word"):
        assert told not in log


async def test_both_parsers_read_the_url(database):
    told = postgres.environment("app", database_secrets().app, "my_shop", database.server.link)
    connection = await asyncpg.connect(told["DATABASE_URL"].reveal())
    assert await connection.fetchval("SELECT current_user || '@' || current_database()") == "app@my_shop"
    await connection.close()
    for argument, variables in (
        ([told["DATABASE_URL"].reveal()], {}),
        ([], {name: value.reveal() for name, value in told.items()}),
    ):
        assert _psql(database.server, argument, variables) == "app@my_shop"


def _psql(server, arguments, variables):
    statement = "SELECT current_user || '@' || current_database()"
    command = [str(server.binaries.psql), "-XAtw", "-c", statement, *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() or done.stderr


REACH = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


async def test_other_users_cannot_reach_the_socket(database):
    assert _reach(database.server.socket) == ""
    if os.geteuid() == 0:
        stranger = {"user": 12345, "group": 12345, "extra_groups": []}
        assert "PermissionError" in _reach(database.server.socket, **stranger)
    else:
        assert database.server.sockets.stat().st_mode & 0o077 == 0


def _reach(socket, **who):
    """What a program of `who` is told when it connects; empty when it could."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    command = [python, "-I", "-c", REACH, str(socket)]
    return subprocess.run(
        command, cwd="/", capture_output=True, text=True, timeout=60, check=False, **who
    ).stderr


async def test_root_needs_no_power_over_modes(database):
    """The folder lets our own group pass, so that root without CAP_DAC_OVERRIDE gets in as well."""
    mode = database.server.sockets.stat()
    if database.server.account:
        assert (mode.st_uid, mode.st_gid, mode.st_mode & 0o777) == (
            database.server.account.uid,
            os.getegid(),
            0o710,
        )
    else:
        assert (mode.st_uid, mode.st_mode & 0o777) == (os.geteuid(), 0o700)


def database_secrets():
    return postgres.DatabaseSecrets(Secret("super-word"), Secret("owner-word"), Secret("app-word"))
