"""Two real servers of one database: the copy, what the primary waits for, the promotion, and what the role that follows
may not do."""

import asyncio
import os
import shutil
import stat
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
from tests.functional.postgres.conftest import SECRETS, Running, locate_in, running

from evenly.core.failover import MEMBERS, Book, Follower
from evenly.core.secret import Secret
from evenly.errors import StateError
from evenly.local import postgres
from evenly.local.inspection.database import ask_from_elsewhere
from evenly.local.postgres import replication
from evenly.local.postgres.book import read_book, write_book
from evenly.local.postgres.configuration import write_configuration
from evenly.local.postgres.credentials import REPLICATOR
from evenly.local.postgres.readiness import connect
from evenly.local.privileges import process_options

WORD = Secret("replication-word")


@pytest.fixture
def pair(template: postgres.Server, folder: Path) -> tuple[postgres.Server, postgres.Server]:
    """The primary has data; the standby has none."""
    version = template.binaries.version
    first, second = (locate_in(folder, version, member) for member in MEMBERS)
    for server in (first, second):
        postgres.make_folders(server)
        write_configuration(server)
        replication.write_password(server, WORD)
    subprocess.run(["cp", "-a", str(template.data), str(first.data)], check=True)
    return first, second


@pytest.fixture
async def primary(pair, folder: Path) -> AsyncIterator[Running]:
    async with running(folder, pair[0]) as started:
        await replication.ensure_replicator(pair[0], SECRETS, WORD)
        yield started


@pytest.fixture
async def standby(pair, primary: Running, folder: Path) -> AsyncIterator[Running]:
    """It follows."""
    first, second = pair
    await asyncio.to_thread(copied, first, second)
    async with running(folder, second) as started:
        await until(primary, lambda connection: replication.is_followed(connection, "b"))
        yield started


def copied(first: postgres.Server, second: postgres.Server) -> None:
    copying = replication.prepare_copy(first, second)
    done = subprocess.run(
        copying.argv,
        env=copying.environment,
        cwd="/",
        capture_output=True,
        text=True,
        **process_options(second.account),
    )
    assert done.returncode == 0, done.stderr
    replication.place_copy(second, copying)


async def until(server: Running, holds: Callable) -> None:
    connection = await server.connect("evenly")
    try:
        async with asyncio.timeout(30):
            while not await holds(connection):
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def guarded(primary: Running) -> None:
    replication.configure(primary.server, waits=True, postmaster=primary.process.pid)
    async with asyncio.timeout(30):
        await replication.guard(primary.server, SECRETS, "b")


async def test_a_copy_follows_and_takes_no_writes(standby: Running):
    assert await replication.reads_only(standby.server, SECRETS)
    assert not (standby.server.data / "postgresql.auto.conf").read_text().count("primary_conninfo")


async def test_what_is_acknowledged_under_guard_is_at_the_standby(primary: Running, standby: Running):
    await guarded(primary)
    owner = await primary.connect("owner")
    await owner.execute("CREATE TABLE kept (id int)")
    for number in range(20):
        await owner.execute("INSERT INTO kept VALUES ($1)", number)
    await primary.stop(postgres.STOP_AT_ONCE)
    assert await replication.promote(standby.server, SECRETS)
    assert await replication.promote(standby.server, SECRETS)  # once more does no harm
    promoted = await standby.connect("owner")
    assert await promoted.fetchval("SELECT count(*) FROM kept") == 20
    await promoted.execute("INSERT INTO kept VALUES (21)")
    await promoted.close()
    owner.terminate()


async def test_under_guard_nothing_is_acknowledged_without_the_standby(primary: Running, standby: Running):
    await guarded(primary)
    owner = await primary.connect("owner")
    await owner.execute("CREATE TABLE kept (id int)")
    await standby.stop(postgres.STOP_AT_ONCE)
    writing = asyncio.ensure_future(owner.execute("INSERT INTO kept VALUES (1)"))
    await asyncio.sleep(1)
    assert not writing.done()
    replication.configure(primary.server, waits=False, postmaster=primary.process.pid)
    async with asyncio.timeout(10):
        await writing
    await owner.close()


async def test_a_guard_is_not_given_before_the_standby_holds_all(primary: Running, standby: Running):
    await standby.stop(postgres.STOP_AT_ONCE)
    replication.configure(primary.server, waits=True, postmaster=primary.process.pid)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await replication.guard(primary.server, SECRETS, "b")


async def test_the_role_that_follows_may_do_nothing_else(primary: Running):
    for database in ("my_shop", "template1"):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await connect(primary.server, REPLICATOR, WORD, database)
    superuser = await primary.connect("evenly")
    row = await superuser.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", REPLICATOR)
    await superuser.close()
    rights = {name for name in row.keys() if name.startswith("rol") and row[name] is True}  # noqa: SIM118
    assert rights == {"rolcanlogin", "rolreplication"}


async def test_the_standby_s_doors_are_tried_too(primary: Running, standby: Running):
    def tried() -> list[str]:
        found = ask_from_elsewhere(primary.server, SECRETS, standby.server)
        return [it.tried for it in found if not it.refused]

    assert await asyncio.to_thread(tried) == []
    standby.server.sockets.chmod(0o755)
    assert await asyncio.to_thread(tried) == ["open the folder of the sockets as another user"]


async def test_its_password_is_for_the_database_s_account_alone(pair):
    found = pair[1].replication_password.stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_uid == (pair[1].account.uid if pair[1].account else os.geteuid())


async def test_all_that_works_on_the_data_is_ended(primary: Running):
    """Sessions too, which a killed postmaster leaves behind."""
    session = await primary.connect("owner")
    primary.process.kill()
    await replication.clear(primary.server.data)
    assert postgres.holders(primary.server.data) == ()
    session.terminate()


# --- the book


def test_what_was_written_is_read(pair):
    book = Book("b", Follower.IN_SYNC, 7)
    pair[1].data.mkdir()
    write_book(pair[0], book)
    assert read_book(*pair) == book


def test_data_without_a_book_is_the_primary_s(pair):
    assert read_book(*pair) == Book("a")
    pair[0].data.rename(pair[1].data)
    assert read_book(*pair) == Book("b")


def test_without_any_data_there_is_nothing_to_know(pair):
    write_book(pair[0], Book("b", Follower.IN_SYNC, 7))
    shutil.rmtree(pair[0].data)
    assert read_book(*pair) == Book()


def test_which_of_two_is_newer_is_not_guessed(pair):
    pair[1].data.mkdir()
    with pytest.raises(StateError, match="what is known of them is lost"):
        read_book(*pair)


def test_a_standby_s_data_is_not_taken_for_a_missing_primary_s(pair):
    write_book(pair[0], Book("b", Follower.BEHIND, 7))
    with pytest.raises(StateError, match="the folder of the database's primary is not there") as raised:
        read_book(*pair)
    assert str(pair[1].data) in str(raised.value)
