"""The migration task on a real PostgreSQL with TLS, as its own process, by its own command."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from evenly.aws.assets.rotation import rotation
from evenly.aws.intask import COMMAND
from evenly.aws.migrating import main, migrate, read_task
from evenly.database.apply import read_folder
from evenly.database.migrations import digest
from evenly.errors import StateError

HOST, OWNER, PASSWORD, DATABASE = "127.1", "evenly_owner", "first-word-of-the-owner", "shop_production"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_orders.sql").write_text("CREATE TABLE orders (id bigint PRIMARY KEY);")
    return tmp_path


@pytest.fixture
def told(rds: Any, folder: Path) -> dict[str, str]:
    return {
        "PGHOST": HOST,
        "PGPORT": str(rds.port),
        "PGDATABASE": DATABASE,
        "PGUSER": OWNER,
        "PGPASSWORD": PASSWORD,
        "PGSSLROOTCERT": str(rds.roots),
        "EVENLY_MIGRATIONS": folder.name,
        "EVENLY_MIGRATIONS_DIGEST": digest(read_folder(folder)),
    }


def run(told: dict[str, str], folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """The command as the task definition has it, from where the image starts."""
    assert COMMAND[0] == "python"
    own = {key: it for key, it in os.environ.items() if not key.startswith("PG")}
    done = subprocess.run(
        [sys.executable, *COMMAND[1:]],
        env=own | told,
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert PASSWORD not in done.stdout + done.stderr
    assert done.stderr == ""
    return done.returncode, [json.loads(it) for it in done.stdout.splitlines()]


def test_what_is_new_is_applied_and_told(told, folder, rds):
    assert run(told, folder) == (0, [{"event": "migrated", "applied": ["0001_orders.sql"]}])
    assert run(told, folder) == (0, [{"event": "migrated", "applied": []}])


def test_the_reference_web_service_brings_its_own(told, folder):
    del told["EVENLY_MIGRATIONS_DIGEST"]
    code, lines = run(told | {"EVENLY_MIGRATIONS_PACKAGE": "evenly.webapp"}, folder)
    assert (code, lines) == (0, [{"event": "migrated", "applied": ["0001_greetings.sql"]}])


def test_one_that_fails_is_told_with_its_line_and_leaves_nothing(told, folder):
    (folder / "0002_wrong.sql").write_text("CREATE TABLE half (id int);\nSELECT wrong FROM orders;\n")
    del told["EVENLY_MIGRATIONS_DIGEST"]
    code, (line,) = run(told, folder)
    assert (code, line["event"], line["where"]) == (3, "failed", "0002_wrong.sql:2")
    assert 'column "wrong" does not exist' in line["what"]


def test_an_image_with_other_migrations_touches_nothing(told, folder, rds):
    before = len(rds.log())
    (folder / "0002_more.sql").write_text("CREATE TABLE more (id int);")
    code, (line,) = run(told, folder)
    assert (code, line["what"]) == (
        3,
        "The image holds other migrations than those that the door was opened for.",
    )
    assert OWNER not in rds.log()[before:]


def test_a_wrong_password_is_refused(told, folder):
    code, (line,) = run(told | {"PGPASSWORD": "wrong"}, folder)
    assert (code, line["what"]) == (
        3,
        f'The database, {HOST}:{told["PGPORT"]}, refuses: password authentication failed for user "{OWNER}".',
    )


@pytest.mark.parametrize(
    "other", [{"PGHOST": "localhost"}, {"PGSSLROOTCERT": str(rotation.ROOTS)}], ids=["name", "authority"]
)
def test_a_server_that_does_not_prove_its_name_gets_nothing(told, folder, rds, other):
    before = len(rds.log())
    code, (line,) = run(told | other, folder)
    assert code == 3
    assert "is not trusted" in line["what"]
    assert OWNER not in rds.log()[before:]


async def test_a_database_that_does_not_answer_is_waited_for(told, folder, unused_tcp_port, monkeypatch):
    monkeypatch.chdir(folder.parent)
    task = read_task(told | {"PGPORT": str(unused_tcp_port)})
    began = time.monotonic()
    with pytest.raises(StateError, match="does not answer: ConnectionRefusedError"):
        await migrate(task, lambda _: None, within_s=1.5)
    assert time.monotonic() - began >= 1.5


def test_one_that_takes_too_long_ends_with_its_connection(told, folder, rds, monkeypatch):
    """So that nobody is in the database when the door is closed."""
    monkeypatch.chdir(folder.parent)
    (folder / "0002_slow.sql").write_text("SELECT pg_sleep(120);")
    del told["EVENLY_MIGRATIONS_DIGEST"]
    lines: list[Any] = []
    assert main(told, lines.append, limit_s=2.0) == 3
    assert "took longer than 2 seconds" in lines[0]["what"]
    asked = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'evenly_owner'"
    until = time.monotonic() + 10
    while rds.server.ask(asked) != "0":
        assert time.monotonic() < until
        time.sleep(0.1)
