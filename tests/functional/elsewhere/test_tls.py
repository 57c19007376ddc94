"""The way to a database elsewhere: its server proves its name, or nothing is sent to it."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest
from tests import debian_postgres
from tests.debian_postgres import PASSWORD, Elsewhere

from evenly.core.secret import Secret
from evenly.database.elsewhere import read_url, variables, with_roots
from evenly.errors import StateError
from evenly.local.supervisor.elsewhere import DatabaseElsewhere

IS_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture(scope="module")
def server() -> Iterator[Elsewhere]:
    with debian_postgres.running() as made:
        yield made


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    (tmp_path / "0001_orders.sql").write_text("CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY);")
    return tmp_path


def database(url: str, roots: Path | str, migrations: Path | None = None) -> DatabaseElsewhere:
    found = with_roots(read_url(Secret(url), "SHOP_DATABASE"), str(roots))
    return DatabaseElsewhere(found, "SHOP_DATABASE", migrations, tries_s=0.3)


async def refusal(url: str, roots: Path | str) -> str:
    with pytest.raises(StateError) as caught:
        await database(url, roots).prepare()
    assert PASSWORD not in str(caught.value)
    assert caught.value.where == "SHOP_DATABASE"
    return caught.value.what


async def test_migrations_are_applied_over_a_connection_that_is_proved(
    server: Elsewhere, migrations: Path
) -> None:
    made = database(server.url(), server.ca, migrations)
    assert await made.prepare() == ("0001_orders.sql",)
    assert await made.prepare() == ()
    assert server.ask("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'") == "shopkeeper"


async def test_every_driver_gets_there_by_the_variables_alone(
    server: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_roots(read_url(Secret(server.url()), "SHOP_DATABASE"), str(server.ca))
    said = {name: value.reveal() for name, value in variables(found).items()}
    asked = await asyncpg.connect(said["DATABASE_URL"])
    assert await asked.fetchval(IS_ENCRYPTED)
    await asked.close()
    with psycopg.connect(said["DATABASE_URL"]) as libpq:
        assert libpq.execute(IS_ENCRYPTED).fetchone() == (True,)
    for name in said.keys() - {"DATABASE_URL"}:
        monkeypatch.setenv(name, said[name])
    with psycopg.connect() as libpq:
        assert libpq.execute(IS_ENCRYPTED).fetchone() == (True,)


async def test_a_server_of_another_name_is_refused(server: Elsewhere) -> None:
    what = await refusal(server.url("localhost", "?sslmode=verify-full"), server.ca)
    assert "is not trusted: Hostname mismatch" in what


async def test_a_server_of_an_unknown_authority_is_refused(server: Elsewhere) -> None:
    what = await refusal(server.url(), "/etc/ssl/certs/ca-certificates.crt")
    assert "is not trusted: " in what
    assert "certificate" in what


async def test_a_wrong_password_is_refused(server: Elsewhere) -> None:
    what = await refusal(server.url(password="other"), server.ca)
    assert 'password authentication failed for user "shopkeeper"' in what


async def test_a_server_that_does_not_answer_is_named(server: Elsewhere, unused_tcp_port: int) -> None:
    url = server.url().replace(str(server.port), str(unused_tcp_port))
    assert f"127.1:{unused_tcp_port}, does not answer" in await refusal(url, server.ca)


async def test_the_server_takes_nothing_without_tls(server: Elsewhere) -> None:
    """So that the tests above prove what they say."""
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await asyncpg.connect(server.url("localhost", "?sslmode=disable"))
