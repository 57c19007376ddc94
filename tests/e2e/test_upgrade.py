"""PostgreSQL's major version changed while the service is written to, and the way back; by commands and supervisors
that are killed while they do it: each acknowledged write is there, and what was begun is finished, or undone."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


def data(made) -> Path:
    """The folder of the database's folders."""
    return (made.root_data if os.geteuid() == 0 else made.home) / "database"


def folders(made) -> set[str]:
    return {it.name for it in data(made).iterdir()}


def book(made, version: int):
    place = data(made) / f"{version}.members.json"
    return json.loads(place.read_text())["data"] if place.exists() else {}


def decided(made) -> int:
    """The version that an upgrade, or the way back, has led to last."""
    place = made.home / "database.json"
    return json.loads(place.read_text())["data"]["version"] if place.exists() else 0


def asked(made, *words: str) -> str:
    said = made.run("database", "shell", *words)
    assert said.returncode == 0, said.stderr
    return said.stdout.strip()


def rows(made) -> set[str]:
    """What this test wrote."""
    return set(asked(made, "-tAc", "SELECT text FROM greetings WHERE language = 'test'").split())


def version(made) -> str:
    return asked(made, "-tAc", "SHOW server_version").partition(".")[0]


def write_manifest(made, wanted: int) -> None:
    made.write_manifest(f"database: {{version: {wanted}}}")


UPGRADE = ("database", "upgrade", "--confirm", "local")
MAY_BE_IN_THE_WAY = "a backup is being made"  # by itself


def upgrade(made, *words: str):
    def tried():
        done = made.run(*UPGRADE, *words)
        return None if MAY_BE_IN_THE_WAY in done.stderr else done

    done = made.wait_for(tried, 60, "the end of a backup")
    assert done.returncode == 0, done.stderr
    return done


def start_upgrade(made, until: Callable[[], object], *words: str) -> subprocess.Popen[bytes]:
    """The command, when `until` is true, which may be so for a moment only."""
    told = made.folder / "upgrade.told"

    def tried():
        command = made.start(*UPGRADE, *words, told=told)
        reached = made.wait_for(
            lambda: (until() and "there") or (command.poll() is not None and "ended"), 60, "what it is to do"
        )
        if reached == "there":
            return command
        assert MAY_BE_IN_THE_WAY in told.read_text(), told.read_text()
        return None

    return made.wait_for(tried, 60, "the end of a backup")


def backed_up(made):
    """What is listed when a first backup of the version was made by itself."""

    def listed():
        found = json.loads(made.run("database", "backups", "--json").stdout)
        return found if found["backups"] else None

    return made.wait_for(listed, 60, "a backup")


@contextlib.contextmanager
def writer(made) -> Iterator[set[str]]:
    """Writes all the time; the set gets what was acknowledged."""
    acknowledged: set[str] = set()
    ended = threading.Event()

    def write() -> None:
        for number in range(100_000):
            if ended.is_set():
                return
            with contextlib.suppress(AssertionError, OSError, http.client.HTTPException):
                acknowledged.add(made.posts(f"{threading.get_ident()}-{number}")["text"])
            time.sleep(0.01)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        made.wait_for(lambda: len(acknowledged) > 5, 30, "a few writes")
        yield acknowledged
        before = len(acknowledged)
        made.wait_for(lambda: len(acknowledged) > before + 5, 60, "writes afterwards")
    finally:
        ended.set()
        thread.join()


@pytest.fixture(scope="module")
def shop(make_shared):
    """PostgreSQL 16, with a backup, a sequence, and a table that the application may only read."""
    made = make_shared("database: {version: 16}")
    made.up()
    made.wait_in_sync()
    asked(
        made,
        "--as-owner",
        "-c",
        "CREATE TABLE prices (it int); REVOKE INSERT ON prices FROM app; CREATE SEQUENCE n",
    )
    asked(made, "-c", "SELECT nextval('n')")
    assert made.run("database", "backup").returncode == 0
    return made


@pytest.mark.timeout(300)
def test_the_version_is_changed_under_writes_and_none_that_was_acknowledged_is_lost(shop):
    write_manifest(shop, 18)
    assert "Apply it with: evenly database upgrade" in shop.up().stderr
    assert shop.run("deploy").returncode == 2
    before = folders(shop)
    refused = shop.run("database", "upgrade", input="lokal\n")
    assert refused.returncode == 2
    assert "goes from PostgreSQL 16 to 18, and takes no writes for about " in refused.stderr
    assert folders(shop) == before

    with writer(shop) as acknowledged:
        told = upgrade(shop)
    assert version(shop) == "18"
    assert acknowledged <= rows(shop)
    assert "It took no writes for " in told.stdout
    assert asked(shop, "-tAc", "SELECT nextval('n')") == "2"
    assert shop.run("database", "shell", "-c", "INSERT INTO prices VALUES (1)").returncode != 0
    shop.wait_in_sync()
    verified = shop.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert not {
        it
        for it in folders(shop)
        if it in ("16", "16.b") or it.startswith(("16.b.new", "16.members", "16.closed", "18.upgraded"))
    }

    # backups go on by themselves, in the new version; those of the old one are told, and are for the old one
    listed = backed_up(shop)
    (old,) = listed["others"]
    assert old["version"] == 16
    refused = shop.run("database", "restore", old["name"], "--confirm", "local")
    assert refused.returncode == 2
    assert f"{old['name']} is PostgreSQL 16's, and the database is of 18" in refused.stderr
    assert f"{old['name']}, of " in shop.run("database", "backups").stdout


@pytest.mark.timeout(300)
def test_an_upgrade_whose_command_is_killed_while_no_writes_are_taken_is_undone_by_itself(shop):
    write_manifest(shop, 16)
    with writer(shop) as since:
        shop.wait_for(lambda: len(since) > 10, 30, "writes of the new version")
    given_up = rows(shop)
    assert "evenly database upgrade --back" in shop.run("database", "upgrade").stderr
    upgrade(shop, "--back")
    assert version(shop) == "16"
    assert not since & rows(shop)
    assert any(it.startswith("18.replaced-") for it in folders(shop))
    shop.wait_in_sync()

    write_manifest(shop, 18)
    before = rows(shop)
    asked(
        shop,
        "--as-owner",
        "-c",
        "CREATE TABLE much AS SELECT g, md5(g::text) FROM generate_series(1, 300000) AS g",
    )
    command = start_upgrade(shop, lambda: "16.closed" in folders(shop))
    command.kill()
    command.wait()
    shop.wait_for(lambda: "16.closed" not in folders(shop), 60, "that writes are taken")
    with writer(shop) as acknowledged:
        pass
    assert version(shop) == "16"
    assert before | acknowledged <= rows(shop)
    assert not [it for it in folders(shop) if ".upgraded-" in it]
    assert any(it.startswith("18.replaced-") for it in folders(shop))
    assert given_up - before


@pytest.mark.timeout(300)
def test_what_takes_its_place_does_so_whether_its_supervisor_or_its_command_is_killed(shop):
    write_manifest(shop, 18)
    with writer(shop) as acknowledged:
        command = start_upgrade(shop, lambda: book(shop, 16).get("replacing") or decided(shop) == 18)
        os.kill(shop.part_pids["supervisor"], signal.SIGKILL)
        assert command.wait(100) == 0
    assert version(shop) == "18"
    assert acknowledged <= rows(shop)

    write_manifest(shop, 16)
    backed_up(shop)
    command = start_upgrade(shop, lambda: book(shop, 18).get("replacing") or decided(shop) == 16, "--back")
    command.kill()
    command.wait()
    shop.wait_for(lambda: book(shop, 16).get("generation"), 60, "the way back")
    shop.wait_healthy()
    assert version(shop) == "16"
    write_manifest(shop, 18)


@pytest.mark.timeout(300)
def test_what_is_down_is_refused_with_the_command_and_upgraded_by_it(shop):
    before = rows(shop)
    write_manifest(shop, 18)
    shop.down()
    refused = shop.run("up", "--detach")
    assert refused.returncode == 3
    assert "Upgrade it: evenly database upgrade. Or set `database: {version: 16}`" in refused.stderr
    assert shop.run("plan").returncode == 3
    upgrade(shop)
    shop.up()
    assert version(shop) == "18"
    assert rows(shop) == before
