"""The migration task, as far as it needs no database."""

from pathlib import Path

import pytest

from evenly.aws.migrating import main, migrate, read_task
from evenly.errors import StateError, UsageError

TOLD = {
    "PGHOST": "db.example.com",
    "PGPORT": "5432",
    "PGDATABASE": "shop_production",
    "PGUSER": "evenly_owner",
    "PGPASSWORD": "p@ss/word",
}


def test_the_connection_is_proved_in_full():
    task = read_task(TOLD)
    url = task.url.reveal()
    assert url.startswith("postgresql://evenly_owner:p%40ss%2Fword@db.example.com:5432/shop_production?")
    assert "sslmode=verify-full" in url
    assert "roots.pem" in url
    assert "p@ss" not in repr(task) and "p%40ss" not in repr(task)


def test_the_authorities_can_be_others():
    assert "sslrootcert=%2Fca.pem" in read_task(TOLD | {"PGSSLROOTCERT": "/ca.pem"}).url.reveal()


@pytest.mark.parametrize("missing", sorted(TOLD))
def test_what_is_missing_is_named(missing):
    lines = []
    assert main({key: it for key, it in TOLD.items() if key != missing}, lines.append) == 2
    assert lines[0]["what"] == f"The variable {missing} is missing."


def test_the_folder_is_what_is_told():
    assert read_task(TOLD).folder is None
    assert read_task(TOLD | {"EVENLY_MIGRATIONS": "db"}).folder == Path("db")
    packaged = read_task(TOLD | {"EVENLY_MIGRATIONS_PACKAGE": "evenly.webapp"}).folder
    assert (packaged / "0001_greetings.sql").is_file()
    with pytest.raises(UsageError, match="no package nowhere"):
        read_task(TOLD | {"EVENLY_MIGRATIONS_PACKAGE": "nowhere"})


async def test_other_migrations_than_those_of_the_door_are_not_run(tmp_path):
    (tmp_path / "0001_orders.sql").write_text("CREATE TABLE orders (id bigint)")
    task = read_task(TOLD | {"EVENLY_MIGRATIONS": str(tmp_path), "EVENLY_MIGRATIONS_DIGEST": "0" * 64})
    with pytest.raises(StateError, match="other migrations than those that the door was opened for"):
        await migrate(task, lambda _: None)
