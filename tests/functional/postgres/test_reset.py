"""A database is replaced whole or not at all, under an app that connects all the time; a seed is one transaction."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from evenly.core.secret import Secret
from evenly.database.seed import Seeded, read_seed, run_seed
from evenly.errors import StateError
from evenly.local import postgres
from evenly.local.postgres.readiness import connect
from evenly.local.postgres.resetting import reset

OWNER = Secret("owner-word")
APP = Secret("app-word")
TOLD_TO_RETRY = (
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidCatalogNameError,
)
TABLE = "CREATE TABLE greeting (id serial PRIMARY KEY, text text);"
OLD = "CREATE TABLE greeting (text text); INSERT INTO greeting VALUES ('old')"
NEW = "CREATE TABLE greeting (text text); SELECT pg_sleep(0.2); INSERT INTO greeting VALUES ('new')"
TWO = "CREATE TABLE greeting (id serial, text text); INSERT INTO greeting (text) VALUES ('a'), ('b')"
WRONG = "CREATE TABLE greeting (id int);\nSELECT nothing"


def owner_url(database, name: str = "my_shop") -> Secret:
    return postgres.url(postgres.OWNER, OWNER, name, database.server.link)


def filling(database, sql: str) -> Callable[[str], Awaitable[None]]:
    async def fill(name: str) -> None:
        await run_seed(owner_url(database, name), read_seed("seed.sql", sql.encode()))

    return fill


async def databases(database) -> set[str]:
    connection = await database.connect("evenly", "template1")
    try:
        return {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()


def word_secrets() -> postgres.DatabaseSecrets:
    return postgres.DatabaseSecrets(Secret("super-word"), OWNER, APP)


async def ask_all_the_time(database, seen: list[str], stop: asyncio.Event) -> None:
    """An app with a pool that tries again, as the reference service's does: `seen` gets what it read."""
    connection = None
    while not stop.is_set():
        try:
            connection = connection or await connect(database.server, "app", APP, "my_shop")
            seen.append(await connection.fetchval("SELECT text FROM greeting"))
        except (*TOLD_TO_RETRY, asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionError):
            connection = None
        await asyncio.sleep(0.001)
    if connection:
        await connection.close()


async def test_the_app_meets_the_old_or_the_new_database_and_never_a_half_one(database):
    await filling(database, OLD)("my_shop")
    seen: list[str] = []
    stop = asyncio.Event()
    asking = asyncio.create_task(ask_all_the_time(database, seen, stop))
    await reset(
        database.server,
        word_secrets(),
        filling(database, NEW),
    )
    while "new" not in seen and not asking.done():
        await asyncio.sleep(0.01)
    stop.set()
    await asking
    assert set(seen) == {"old", "new"}
    assert seen == sorted(seen, reverse=True)
    assert await databases(database) == {"my_shop", "template0", "template1"}


async def test_a_reset_that_fails_leaves_the_old_one(database):
    await filling(database, OLD)("my_shop")
    with pytest.raises(StateError, match="Nothing of the seed stayed") as refused:
        await reset(database.server, word_secrets(), filling(database, WRONG))
    assert refused.value.where == "seed.sql:2"
    assert await databases(database) == {"my_shop", "template0", "template1"}
    app = await database.connect("app")
    assert await app.fetchval("SELECT text FROM greeting") == "old"
    await app.close()


async def test_what_a_killed_reset_left_is_no_hindrance_and_is_cleared_away(database):
    cluster = await database.connect("evenly", "template1")
    for name in ("my_shop_reset", "my_shop_reset_old"):
        await cluster.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await cluster.execute("ALTER DATABASE my_shop CONNECTION LIMIT 0")
    await cluster.close()
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await database.connect("app")
    await reset(database.server, word_secrets(), filling(database, TABLE))
    assert await databases(database) == {"my_shop", "template0", "template1"}
    app = await database.connect("app")
    assert await app.fetchval("SELECT count(*) FROM greeting") == 0
    await app.close()


async def test_each_start_lets_the_app_in_again(database):
    cluster = await database.connect("evenly", "template1")
    await cluster.execute("ALTER DATABASE my_shop CONNECTION LIMIT 0")
    await cluster.close()
    await postgres.prepare(database.server, word_secrets())
    await (await database.connect("app")).close()


async def test_a_seed_is_all_or_nothing_and_counts_its_rows(database):
    url = owner_url(database)
    first = read_seed("seed.sql", TWO.encode())
    assert await run_seed(url, first) == Seeded(2, {"INSERT": 2})
    change = b"UPDATE greeting SET text = 'c'; DELETE FROM greeting WHERE id = 1; SELECT 1"
    assert await run_seed(url, read_seed("seed.sql", change)) == Seeded(3, {"UPDATE": 2, "DELETE": 1})
    with pytest.raises(StateError):
        await run_seed(url, read_seed("seed.sql", b"DELETE FROM greeting; SELECT nothing"))
    owner = await database.connect("owner")
    assert await owner.fetchval("SELECT count(*) FROM greeting") == 1
    await owner.close()
