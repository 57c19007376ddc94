"""What the checks are told of a database: nothing is open, until something is; and nothing of the trying stays."""

import asyncio
import signal
import sys

import pytest
from tests.functional.postgres.conftest import SECRETS

from evenly.core.facts import Attempt
from evenly.errors import StateError
from evenly.local.inspection import database as inspection


@pytest.fixture
def doors(database):
    async def asked() -> tuple[Attempt, ...]:
        return await asyncio.to_thread(inspection.ask_from_elsewhere, database.server, SECRETS)

    return asked


@pytest.fixture
def rights(database):
    async def asked() -> tuple[Attempt, ...]:
        return await asyncio.to_thread(inspection.alter_as_app, database.server, SECRETS)

    return asked


def open_ones(attempts: tuple[Attempt, ...]) -> list[str]:
    return [it.tried for it in attempts if not it.refused]


async def test_nothing_is_open_but_a_folder_that_is_opened(database, doors):
    found = await doors()
    assert len(found) == 10
    assert open_ones(found) == [], found
    database.server.sockets.chmod(0o755)
    assert open_ones(await doors()) == ["open the folder of the sockets as another user"]


@pytest.mark.skipif(sys.platform != "linux", reason="another address of loopback")
async def test_a_port_is_found(database, doors):
    server = database.server
    text = server.configuration.read_text()
    server.configuration.write_text(f"{text}\nlisten_addresses = '127.77.0.9'\n")
    await database.stop()
    await database.start()
    (port,) = [it for it in await doors() if not it.refused]
    assert port.told == "they listen on 127.77.0.9:5432"


async def test_a_rule_that_trusts_is_found_with_whom_it_lets_in(database, doors):
    hba = database.server.hba
    hba.write_text(f"local all all trust\n{hba.read_text()}")
    database.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        found = open_ones(await doors())
        if "connect to my_shop as app with a wrong password" in found:
            break
        await asyncio.sleep(0.05)
    assert found[:2] == [
        "connect to my_shop as app with a wrong password",
        "connect to my_shop as owner with a wrong password",
    ]
    assert found[-1] == "find a rule that lets in without a password"


async def test_a_database_that_does_not_run_is_an_error(database, doors, rights):
    await database.stop()
    with pytest.raises(StateError, match="PostgreSQL does not run"):
        await doors()
    with pytest.raises(StateError, match="the database could not be asked"):
        await rights()


async def test_the_app_may_nothing_of_it(as_role, rights):
    owner = await as_role("owner")
    await owner.execute("CREATE TABLE greeting (id int)")
    found = await rights()
    assert {
        "ALTER TABLE public.greeting ADD COLUMN evenly_verify int",
        "DROP TABLE public.greeting CASCADE",
    } <= {it.tried for it in found}
    assert open_ones(found) == [], found


RIGHTS = [  # how the app comes to it, what it may then, how it is taken back
    (
        "GRANT CREATE ON SCHEMA public TO app",
        {"CREATE TABLE evenly_verify (id int)"},
        "REVOKE CREATE ON SCHEMA public FROM app",
    ),
    (
        "ALTER TABLE greeting OWNER TO app",
        {
            "ALTER TABLE public.greeting ADD COLUMN evenly_verify int",
            "DROP TABLE public.greeting CASCADE",
            "TRUNCATE public.greeting CASCADE",
        },
        "ALTER TABLE greeting OWNER TO owner",
    ),
    (
        "GRANT pg_execute_server_program TO app",
        {"COPY (SELECT 1) TO PROGRAM 'true'"},
        "REVOKE pg_execute_server_program FROM app",
    ),
    ("ALTER ROLE app CREATEROLE", {"CREATE ROLE evenly_verify"}, "ALTER ROLE app NOCREATEROLE"),
    ("ALTER ROLE app SUPERUSER", None, "ALTER ROLE app NOSUPERUSER"),
]


async def test_what_it_may_after_all_is_found_and_leaves_no_trace(as_role, rights):
    evenly, owner = await as_role("evenly"), await as_role("owner")
    await owner.execute("CREATE TABLE greeting (id int); INSERT INTO greeting VALUES (1)")
    before = await _shape(evenly)
    for given, found, taken in RIGHTS:
        await evenly.execute(given)
        attempts = await rights()
        assert set(open_ones(attempts)) == (found or {it.tried for it in attempts}), given
        await evenly.execute(taken)
        assert await _shape(evenly) == before, given


async def _shape(owner) -> list:
    return [
        await owner.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'greeting'::regclass ORDER BY 1"
        ),
        await owner.fetch("SELECT count(*) FROM greeting"),
        await owner.fetch("SELECT rolname FROM pg_roles ORDER BY 1"),
        await owner.fetch("SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' ORDER BY 1"),
        await owner.fetch("SELECT relname FROM pg_class WHERE relname = 'evenly_verify'"),
        await owner.fetch("SELECT extname FROM pg_extension"),
    ]
