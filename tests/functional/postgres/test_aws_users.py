"""What the rotation and the migration task on AWS say to PostgreSQL, said to the versions that AWS has.

By the owner of an empty database, who is no superuser: as RDS makes both. TLS is tested in tests/functional/aws, for
this PostgreSQL has none.
"""

import asyncpg
import pytest

from evenly.aws.assets.rotation.rotation import app_statements, password_statement
from evenly.aws.stacks.data.credentials import APP, APP_CLONE
from evenly.core.secret import Secret
from evenly.database.rights import app_role, in_database, limits, on_database
from evenly.local.postgres.readiness import connect

OWNER, DATABASE = "evenly_owner", "my_shop"  # the one that the server lets the app into
RIGHTS = (app_role(APP), *limits(APP), *on_database(DATABASE, APP), *in_database(OWNER, APP))
USERS = (*app_statements(APP, "word-of-app"), *app_statements(APP_CLONE, "word-of-clone"))


async def became(database, user: str):
    """A session that the superuser opened for `user`."""
    session = await database.connect("evenly")
    await session.execute(f"SET SESSION AUTHORIZATION {user}")
    return session


@pytest.fixture
async def owner(database):
    cluster = await database.connect("evenly", "template1")
    await cluster.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    await cluster.execute("DROP OWNED BY owner, app; DROP ROLE owner, app")
    await cluster.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD 'first'")
    await cluster.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE template0")
    await cluster.close()
    session = await became(database, OWNER)
    yield session
    await session.close()


@pytest.mark.parametrize("first", [RIGHTS, USERS], ids=["migrations first", "rotation first"])
async def test_both_users_read_and_write_rows_and_change_no_table(database, owner, first):
    """In either order, and all of it twice."""
    for statement in (*first, *(USERS if first is RIGHTS else RIGHTS)) * 2:
        await owner.execute(statement)
    await owner.execute("CREATE TABLE orders (id serial PRIMARY KEY, what text)")
    for user in (APP, APP_CLONE):
        session = await became(database, user)
        await session.execute("INSERT INTO orders (what) VALUES ('tea')")
        assert await session.fetchval("SELECT count(*) FROM orders") > 0
        for forbidden in (
            "CREATE TABLE mine (id int)",
            "DROP TABLE orders",
            f"ALTER ROLE {OWNER} PASSWORD 'x'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await session.execute(forbidden)
        await session.close()
    app = await connect(database.server, APP, Secret("word-of-app"), DATABASE)
    assert await app.fetchval("SHOW lock_timeout") == "10s"
    await app.close()


async def test_the_owner_changes_its_own_password(owner):
    await owner.execute(password_statement(OWNER, "second"))
