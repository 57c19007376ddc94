"""Migrations on a real server: whole or not at all, once, by one runner at a time."""

import asyncio
import signal
import subprocess
import sys

import asyncpg
import pytest

from evenly.core.secret import Secret
from evenly.database.apply import apply
from evenly.database.refusals import MigrationConflictError, MigrationFileError, MigrationRefusedError
from evenly.errors import UsageError
from evenly.local import postgres

INDEX = (
    "-- evenly: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS by_text;\n"
    "CREATE INDEX CONCURRENTLY by_text ON greeting (text);"
)


@pytest.fixture
def url(database):
    return postgres.url("owner", Secret("owner-word"), "my_shop", database.server.link)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "0001_greeting.sql").write_text(
        "CREATE TABLE greeting (id serial PRIMARY KEY, text text);\nINSERT INTO greeting (text) VALUES ('a;b');"
    )
    return tmp_path


async def names(url, folder, **more):
    return [one.name for one in await apply(url, folder, **more)]


async def test_applied_once(url, files):
    (files / "0002_index.sql").write_text(INDEX)
    assert await names(url, files) == ["0001_greeting.sql", "0002_index.sql"]
    assert await names(url, files) == []


async def test_the_record_is_the_owners_alone(url, files, as_role):
    await apply(url, files)
    app, owner = await as_role("app"), await as_role("owner")
    assert await app.fetchval("SELECT text FROM greeting") == "a;b"
    for statement in ("SELECT * FROM evenly_migrations", "DELETE FROM evenly_migrations"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    row = await owner.fetchrow("SELECT * FROM evenly_migrations")
    assert (row["version"], row["name"], row["state"]) == (1, "0001_greeting.sql", "done")
    assert row["duration"].total_seconds() > 0


async def test_a_failed_one_leaves_nothing_and_says_the_line(url, files, as_role):
    (files / "0002_wrong.sql").write_text("CREATE TABLE half (id int);\n\nSELECT wrong FROM greeting;\n")
    with pytest.raises(MigrationRefusedError) as refused:
        await apply(url, files)
    assert refused.value.where == "0002_wrong.sql:3"
    assert 'column "wrong" does not exist' in refused.value.what
    owner = await as_role("owner")
    assert await owner.fetchval("SELECT to_regclass('half')") is None
    assert await owner.fetch("SELECT version FROM evenly_migrations") == [(1,)]


async def test_a_changed_one_is_refused(url, files):
    await apply(url, files)
    (files / "0001_greeting.sql").write_text("SELECT 1")
    with pytest.raises(MigrationConflictError, match="has changed since"):
        await apply(url, files)


async def test_wrong_files_stop_all_of_them(url, files, as_role):
    (files / "0002_copy.sql").write_text("SELECT 1;\n\\copy greeting from x")
    with pytest.raises(MigrationFileError, match=r"0002_copy\.sql:2"):
        await apply(url, files)
    assert await (await as_role("owner")).fetchval("SELECT to_regclass('greeting')") is None


async def test_a_missing_folder_is_a_wrong_manifest(url, tmp_path):
    with pytest.raises(UsageError, match="can't be read"):
        await apply(url, tmp_path / "none")


async def test_what_a_migration_sets_ends_with_it(url, files):
    (files / "0002_dump.sql").write_text("SELECT pg_catalog.set_config('search_path', '', false)")
    (files / "0003_after.sql").write_text("SELECT * FROM greeting")
    assert len(await names(url, files)) == 3


async def test_a_refused_index_may_be_tried_again(url, files, as_role):
    await apply(url, files)
    owner = await as_role("owner")
    await owner.execute("INSERT INTO greeting (text) VALUES ('a;b')")
    (files / "0002_index.sql").write_text(INDEX.replace("CREATE INDEX", "CREATE UNIQUE INDEX"))
    with pytest.raises(MigrationRefusedError, match="1 of its 2 statements stayed"):
        await apply(url, files)
    await owner.execute("DELETE FROM greeting WHERE id > 1")
    assert await names(url, files) == ["0002_index.sql"]
    assert await owner.fetchval(
        "SELECT bool_and(indisvalid) FROM pg_index WHERE indrelid = 'greeting'::regclass"
    )


async def test_a_lock_is_not_waited_for_for_ever(url, files, as_role):
    await apply(url, files)
    (files / "0002_column.sql").write_text("ALTER TABLE greeting ADD COLUMN more text")
    owner = await as_role("owner")
    async with owner.transaction():
        await owner.execute("LOCK TABLE greeting")
        with pytest.raises(MigrationRefusedError, match="lock timeout") as refused:
            await apply(url, files, lock_timeout=0.1)
    assert "holds a lock" in refused.value.try_


async def test_two_at_once_apply_each_once(url, files):
    (files / "0002_index.sql").write_text(INDEX)
    done = await asyncio.gather(*(names(url, files) for _ in range(3)))
    assert sorted(map(len, done)) == [0, 0, 2]


async def test_a_second_runner_does_not_wait_for_ever(url, files, as_role):
    owner = await as_role("owner")
    await owner.execute("SELECT pg_advisory_lock(x'6576656e6c79'::bigint)")
    with pytest.raises(MigrationConflictError, match="still at work"):
        await apply(url, files, deadline=0.2)


RUNNER = """
import asyncio, pathlib, sys
from evenly.core.secret import Secret
from evenly.database.apply import apply
asyncio.run(apply(Secret(sys.stdin.readline()), pathlib.Path(sys.argv[1])))
"""


async def kill_in_the_middle(url, files, owner):
    """Kills a runner with SIGKILL while its statement sleeps."""
    runner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUNNER, str(files), stdin=subprocess.PIPE
    )
    try:
        runner.stdin.write(url.reveal().encode())
        runner.stdin.close()
        asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        async with asyncio.timeout(60):
            while not await owner.fetchval(asleep):
                assert runner.returncode is None
                await asyncio.sleep(0.02)
    finally:
        runner.send_signal(signal.SIGKILL)
        await runner.wait()


async def test_killed_in_a_transaction_leaves_nothing(url, files, as_role):
    slow = files / "0002_slow.sql"
    slow.write_text("CREATE TABLE half (id int); SELECT pg_sleep(120);")
    owner = await as_role("owner")
    await kill_in_the_middle(url, files, owner)
    slow.write_text("CREATE TABLE half (id int);")
    assert await names(url, files) == ["0002_slow.sql"]


async def test_killed_outside_a_transaction_is_told(url, files, as_role):
    slow = files / "0002_slow.sql"
    slow.write_text("-- evenly: no-transaction\nCREATE TABLE half (id int); SELECT pg_sleep(120);")
    owner = await as_role("owner")
    await kill_in_the_middle(url, files, owner)
    with pytest.raises(MigrationConflictError, match="begun without a transaction and interrupted"):
        await apply(url, files)
    slow.write_text("-- evenly: no-transaction\nCREATE TABLE IF NOT EXISTS half (id int);")
    assert await names(url, files) == ["0002_slow.sql"]
    assert await names(url, files) == []
