"""Deploys that are refused, broken off, undone or bring migrations: what is said, and what is left."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

PROGRAM = (Path(__file__).parent / "apps" / "release.py").read_text()


def manifest(version: int, bake: str = "1s", database: str = "{migrations: db/}", build: str = ".") -> str:
    return (
        f"app: {{command: [python3, release.py], build: {build}}}\ncount: {{range: 2-4}}\n"
        f'database: {database}\nvariables: {{VERSION: "{version}"}}\ndeployment: {{bake: {bake}}}\n'
    )


@pytest.fixture(scope="module")
def shop(make_shared):
    files = {"release.py": PROGRAM, "db/0001_notes.sql": "CREATE TABLE notes (id bigint PRIMARY KEY);\n"}
    made = make_shared(manifest(1), files=files)
    made.up()
    return made


def releases(made: Any) -> dict[int, dict[str, Any]]:
    return {it["number"]: it for it in json.loads(made.run("releases", "--json").stdout)}


def version(made: Any) -> str:
    return made.get("/").json()["version"]


def current(made: Any) -> dict[str, Any] | None:
    file = made.home / "deploys.json"
    return json.loads(file.read_text())["data"]["current"] if file.exists() else None


def phase(made: Any) -> str | None:
    found = current(made)
    return found and found["phase"]


def begin(made: Any, number: int, until: str = "holding") -> Any:
    """A deploy that is watched for long, in the midst of it."""
    made.write_manifest(manifest(number, bake="30s"))
    command = made.start("deploy")
    made.wait_for(lambda: phase(made) == until or command.poll() is not None, 60, until)
    assert command.poll() is None
    return command


def undo(made: Any) -> None:
    done = made.run("rollback")
    assert done.returncode == 0, done.stderr
    assert "was rolled back" in done.stderr


# --- what is refused changes nothing


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (manifest(9, database="null"), 2, "a deploy never drops one"),
        (manifest(9, database="{url_from: SHOP_DATABASE}"), 2, "another database than the one that runs"),
        (manifest(9).replace("2-4", "4-2"), 2, "upside down"),
        (manifest(9, build="nowhere"), 2, "nowhere"),
        (manifest(9) + "zones: 3\n", 2, "zones: changes from 2 to 3"),
        (manifest(9) + "nonsense: 1\n", 2, "unknown key"),
    ],
)
def test_a_deploy_that_can_not_be_is_refused(shop, said, code, words):
    before = (shop.serving, releases(shop))
    shop.write_manifest(said)
    refused = shop.run("deploy")
    assert refused.returncode == code
    assert words in refused.stderr
    assert (shop.serving, releases(shop)) == before


def test_there_is_no_way_back_to_what_never_was(shop):
    before = (shop.serving, releases(shop))
    refused = shop.run("rollback", "77")
    assert (refused.returncode, "there is no release 77" in refused.stderr) == (3, True)
    assert (shop.serving, releases(shop)) == before


def test_what_runs_already_is_not_deployed(shop):
    shop.write_manifest(manifest(1))
    before = shop.serving
    done = shop.run("deploy")
    assert (done.returncode, shop.serving) == (0, before)
    assert "Nothing to deploy" in done.stderr


# --- migrations


def test_a_migration_that_fails_ends_the_deploy_before_anything_else_begins(shop):
    runs, before = shop.look().release, shop.serving
    shop.write_manifest(manifest(2))
    file = shop.folder / "db" / "0002_text.sql"
    file.write_text("ALTER TABLE notes ADD COLUMN text text;\nALTER TABLE nothing ADD COLUMN text text;\n")
    done = shop.run("deploy")
    assert done.returncode == 1
    assert "0002_text.sql" in done.stderr and 'relation "nothing" does not exist' in done.stderr
    assert (shop.look().release, shop.serving) == (runs, before)
    file.write_text("ALTER TABLE notes ADD COLUMN text text;\n")
    planned = shop.run("plan")
    assert "apply 1 migration: 0002_text.sql" in planned.stdout
    done = shop.run("deploy")
    assert done.returncode == 0, done.stderr
    assert "migration 0002_text.sql applied" in done.stderr
    assert version(shop) == "2"


def test_a_risky_migration_is_warned_of_before_it_is_deployed(shop):
    file = shop.folder / "db" / "0003_drop.sql"
    file.write_text("ALTER TABLE notes DROP COLUMN text;\n")
    try:
        linted = shop.run("lint")
    finally:
        file.unlink()
    assert linted.returncode == 0
    assert "0003_drop.sql:1 drops a column that the release before still uses" in linted.stdout


# --- in the midst of it


def test_one_deploy_at_a_time_and_rollback_undoes_it(shop):
    runs = shop.look().release
    first = begin(shop, 20)
    second = shop.run("deploy")
    assert second.returncode == 3
    assert "is being deployed by" in second.stderr and "evenly rollback" in second.stderr
    assert shop.run("scale", "3").returncode == 3
    undo(shop)
    assert first.wait(30) == 1
    assert (shop.wait_healthy().release, version(shop)) == (runs, "2")
    assert releases(shop)[runs + 1]["state"] == "rolled back"
    refused = shop.run("rollback", str(runs + 1))
    assert (refused.returncode, "never took over" in refused.stderr) == (3, True), refused.stderr


def test_a_deploy_survives_its_command_and_its_supervisor(shop):
    runs = shop.look().release
    command = begin(shop, 21)
    command.kill()
    command.wait()
    supervisor = shop.part_pids["supervisor"]
    assert supervisor
    os.kill(supervisor, signal.SIGKILL)
    shop.wait_for(lambda: current(shop) is None, 90, "the end of the deploy")
    status = shop.wait_healthy()
    assert status.release > runs
    assert {it.release for it in status.serving} == {status.release}
    assert version(shop) == "21"


def test_an_environment_that_ends_in_the_midst_of_a_deploy_says_so_when_it_is_up_again(shop):
    command = begin(shop, 22)
    shop.down()
    assert command.wait(60) == 3
    up = shop.up()
    assert "was cut off when the environment ended" in up.stderr
    assert current(shop) is None
    assert version(shop) == "22"


def test_the_last_five_can_be_returned_to(shop):
    for number in range(30, 36):
        shop.write_manifest(manifest(number, bake="0s"))
        done = shop.run("deploy")
        assert done.returncode == 0, done.stderr
    listed = releases(shop)
    good = [number for number, it in listed.items() if it["state"] == "good"]
    assert len(good) == 5
    done = shop.run("rollback", str(min(good)))
    assert done.returncode == 0, done.stderr
    assert version(shop) == "30"
    assert shop.look().release == min(good)
