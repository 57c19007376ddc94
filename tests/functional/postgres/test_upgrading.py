"""Real servers, 16 and 18: a database that takes no writes, and its content in a server of the newer version."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from tests.functional.postgres.conftest import SECRETS, Running, locate_in, running

from evenly.core.failover import Replacement
from evenly.errors import TargetError
from evenly.local import postgres
from evenly.local.postgres import archiving, backups, closing
from evenly.local.postgres.replication import configure
from evenly.local.postgres.restoring import beside_of, put_in_place, upgraded_name
from evenly.local.postgres.upgrading import copy_content, lay_new, take_over_settings

pytestmark = pytest.mark.parametrize("template", [16], indirect=True)

SHOP = """
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL, at timestamptz);
    CREATE UNIQUE INDEX ON orders (lower(what));
    CREATE SEQUENCE invoices;
    CREATE SCHEMA closed;
    CREATE TABLE closed.secrets (it text);
    CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.orders';
    INSERT INTO orders (what) SELECT 'thing ' || it FROM generate_series(1, 500) AS it;
    SELECT setval('invoices', 41);
    ALTER DATABASE my_shop SET work_mem = '5MB';
    REVOKE DELETE ON orders FROM app
"""


def close(database: Running) -> None:
    closing.close(database.server)
    configure(database.server, waits=False, postmaster=database.process.pid)


@contextlib.asynccontextmanager
async def new_beside(folder: Path, old: postgres.Server) -> AsyncIterator[postgres.Server]:
    """A running server of 18, with its roles, beside `old`."""
    new = beside_of(locate_in(folder, 18), upgraded_name(18, "x"), old.sockets.with_name("new"))
    await asyncio.to_thread(lay_new, new, SECRETS)
    async with running(folder, new) as started:
        await postgres.prepare(new, SECRETS)
        yield new
        await started.stop()


async def values(connection, *queries: str) -> list[object]:
    return [await connection.fetchval(it) for it in queries]


async def test_all_of_it_is_in_the_newer_version_with_its_owners_and_rights(database: Running, folder: Path):
    owner, superuser = await database.connect("owner"), await database.connect("evenly")
    await owner.execute(SHOP)
    await superuser.execute(
        "CREATE EXTENSION vector; CREATE TABLE points (at vector(2)); GRANT SELECT ON points TO app"
    )
    await superuser.execute("INSERT INTO points VALUES ('[1,2]')")
    log = folder / "upgrade.log"
    async with new_beside(folder, database.server) as new:
        copy_content(database.server, new, SECRETS, log, {})
        await take_over_settings(database.server, new, SECRETS)
        await postgres.prepare(new, SECRETS)
        there = replace(database, server=new)
        as_app = await there.connect("app")
        assert (await as_app.fetchval("SHOW server_version")).startswith("18")
        assert await values(
            as_app,
            "SELECT count(*) FROM orders",
            "SELECT total()",
            "INSERT INTO orders (what) VALUES ('new') RETURNING id",
            "SELECT nextval('invoices')",
            "SHOW work_mem",
            "SELECT '[1,2]' <-> at FROM points",
        ) == [500, 500, 501, 42, "5MB", 0]
        for forbidden in (
            "DELETE FROM orders",
            "SELECT * FROM closed.secrets",
            "CREATE TABLE mine ()",
            "TABLE evenly",
        ):
            with pytest.raises(asyncpg.PostgresError):
                await as_app.execute(forbidden)
        as_owner = await there.connect("owner")
        await as_owner.execute(
            "ALTER TABLE orders ADD more text; CREATE TABLE later (id int); DROP SCHEMA closed CASCADE"
        )
        await as_app.execute("INSERT INTO later VALUES (1)")
        statistics = "SELECT count(*) FROM pg_stats WHERE tablename = 'orders'"
        assert await as_owner.fetchval(statistics) > 0
        for it in (as_app, as_owner):
            await it.close()
    for it in (owner, superuser):
        await it.close()


async def test_what_the_newer_version_does_not_take_is_told_and_nothing_of_it_stays(
    database: Running, folder: Path
):
    """Two names that are one by the rules of the newer version's locale."""
    owner = await database.connect("owner")
    await owner.execute(SHOP)
    await owner.execute("INSERT INTO orders (what) VALUES ('É'), ('é')")
    async with new_beside(folder, database.server) as new:
        with pytest.raises(TargetError, match="could not create unique index") as refused:
            copy_content(database.server, new, SECRETS, folder / "upgrade.log", {})
        assert "super-word" not in str(refused.value) + (folder / "upgrade.log").read_text()
        connection = await replace(database, server=new).connect("evenly")
        assert await connection.fetchval("SELECT to_regclass('orders')") is None
        await connection.close()
    await owner.close()


async def test_a_closed_database_is_read_and_takes_no_write_also_after_a_crash(database: Running):
    owner, idle = await database.connect("owner"), await database.connect("owner")
    await owner.execute("CREATE TABLE t (id int)")
    open_one = idle.transaction()
    await open_one.start()
    await idle.execute("INSERT INTO t VALUES (1)")
    close(database)
    since = await closing.until_unwritten(database.server, SECRETS)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await idle.execute("COMMIT")  # it was begun before, and was ended
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await owner.execute("INSERT INTO t VALUES (2)")
    assert await owner.fetchval("SELECT count(*) FROM t") == 0
    owner.terminate()
    await database.stop(signal.SIGKILL)
    await database.start()
    owner = await database.connect("owner")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await owner.execute("INSERT INTO t VALUES (3)")
    await owner.close()
    await database.stop()
    assert closing.is_unwritten(database.server.data, since)

    closing.reopen(database.server)
    postgres.write_configuration(database.server)
    await database.start()
    owner = await database.connect("owner")
    await owner.execute("INSERT INTO t VALUES (4)")
    await owner.close()


async def test_who_began_before_and_has_not_written_yet_can_t_any_more(database: Running):
    early = await database.connect("owner")
    await early.execute("CREATE TABLE t (id int)")
    await early.execute("BEGIN")
    close(database)
    await closing.until_unwritten(database.server, SECRETS)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await early.execute("INSERT INTO t VALUES (1)")


async def test_one_who_writes_all_the_same_is_found_out(database: Running):
    owner = await database.connect("owner")
    await owner.execute("CREATE TABLE t (id int)")
    close(database)
    since = await closing.until_unwritten(database.server, SECRETS)
    async with owner.transaction():
        await owner.execute("SET TRANSACTION READ WRITE")
        await owner.execute("INSERT INTO t VALUES (1)")
    await owner.close()
    await database.stop()
    assert not closing.is_unwritten(database.server.data, since)


async def test_data_of_a_server_that_was_killed_is_not_taken_for_unwritten(database: Running):
    close(database)
    since = await closing.until_unwritten(database.server, SECRETS)
    await database.stop(signal.SIGKILL)
    assert not closing.is_unwritten(database.server.data, since)


@pytest.mark.parametrize("done", [0, 1, 2])
def test_data_of_another_version_takes_its_place_from_any_point(
    server: postgres.Server, folder: Path, done: int
):
    to = locate_in(folder, 18)
    for it in (server, to):
        archiving.store_of(it).root.mkdir()
    source, kept = server.data.with_name("18.upgraded-x"), server.data.with_name("16.replaced-x")
    source.mkdir()
    (source / "upgraded").touch()
    if done < 2:
        (to.data / "stale").mkdir(parents=True)  # a standby's, of an earlier time
    for begin, end in ((server.data, kept), (source, to.data))[:done]:
        begin.rename(end)
    put_in_place(server, Replacement(source.name, kept.name, 18), 5.0, to)
    put_in_place(server, Replacement(source.name, kept.name, 18), 6.0, to)
    assert (to.data / "upgraded").exists()
    assert (kept / "PG_VERSION").exists()
    assert not server.data.exists()
    for it in (server, to):
        assert [it.until for it in backups.read_eras(archiving.store_of(it))] == ([5.0] if done == 0 else [])
