"""A database that is backed up, restored to a moment, across a failover, and by commands and supervisors that are
killed while they do it: what was acknowledged before the moment is there, and nothing that came after it."""

import json
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenly.core.backups import is_segment
from evenly.core.status import Role
from evenly.local import processes


def rows(made) -> set[str]:
    """What this test wrote."""
    said = made.run("database", "shell", "-tAc", "SELECT text FROM greetings WHERE language = 'test'")
    assert said.returncode == 0, said.stderr
    return set(said.stdout.split())


def write(made, name: str, count: int = 5) -> set[str]:
    """Rows that were acknowledged."""
    return {made.posts(f"{name}-{number}")["text"] for number in range(count)}


def moment() -> str:
    """One that is apart from all before and after it by more than clocks differ."""
    time.sleep(0.1)
    now = datetime.now(UTC)
    time.sleep(0.1)
    return now.isoformat()


def data(made) -> Path:
    """The folder of the database's folders."""
    return (made.root_data if os.geteuid() == 0 else made.home) / "database"


def folders(made) -> set[str]:
    return {it.name for it in data(made).iterdir()}


def restore(made, *words: str):
    done = made.run("database", "restore", *words, "--confirm", "local")
    assert done.returncode == 0, done.stderr
    return done


def waiting_in(primary: Path) -> list[Path]:
    """The marks of the log's files that are yet to be archived."""
    found = primary.glob("pg_wal/archive_status/*.ready")
    return [it for it in found if is_segment(it.stem)]


def listed(made):
    return json.loads(made.run("database", "backups", "--json").stdout)


def book(made):
    return json.loads((data(made) / "18.members.json").read_text())["data"]


@pytest.fixture(scope="module")
def shop(make_shared):
    """It has a backup, with rows before it."""
    made = make_shared()
    made.up()
    made.wait_in_sync()
    write(made, "before")
    done = made.run("database", "backup", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["size_bytes"] > 1_000_000
    return made


@pytest.mark.timeout(300)
def test_a_restore_has_what_was_acknowledged_before_its_moment_and_nothing_else_also_across_a_failover(shop):
    backed_up = rows(shop)
    first = write(shop, "first")
    to_first = moment()
    write(shop, "second")
    last = rows(shop)

    before = folders(shop)
    refused = shop.run("database", "restore", "--to", to_first, input="lokal\n")
    assert refused.returncode == 2
    assert "lokal is not the environment's name: nothing was changed" in refused.stderr
    assert (rows(shop), folders(shop)) == (last, before)

    told = restore(shop, "--to", to_first)
    assert rows(shop) == backed_up | first
    kept = next(it for it in folders(shop) if ".replaced-" in it).partition(".")[2]
    assert kept in told.stderr

    shop.wait_in_sync()
    write(shop, "third")
    primary = next(it for it in shop.look().database_members if it.role is Role.PRIMARY)
    os.kill(primary.pid, signal.SIGKILL)
    shop.wait_for(lambda: book(shop)["primary"] == "b", 30, "the failover")
    shop.wait_in_sync()
    write(shop, "fourth")
    wanted = rows(shop)
    to_fourth = moment()
    write(shop, "fifth")
    restore(shop, listed(shop)["backups"][0]["name"])
    assert rows(shop) == backed_up

    # what that gave up: over the first restore, and the failover
    restore(shop, "--to", to_fourth)
    assert rows(shop) == wanted
    assert {"third-0", "fourth-4"} <= wanted
    restore(shop, listed(shop)["replaced"][0]["name"])
    assert rows(shop) == backed_up
    assert len(listed(shop)["replaced"]) == 1


def test_a_time_that_can_t_be_restored_to_is_refused_with_those_that_can(shop):
    before = rows(shop)
    for wanted in ("2020-01-01T00:00:00+02:00", "2999-01-01"):
        refused = shop.run("database", "restore", "--to", wanted, "--confirm", "local")
        assert refused.returncode == 2
        assert "can't be restored to. What can be: from " in refused.stderr
    assert "2020-01-01" in shop.run("database", "restore", "--to", "2020-01-01").stderr
    assert shop.run("database", "restore", "--to", "noon").returncode == 2
    assert rows(shop) == before


@pytest.mark.timeout(300)
def test_a_restore_whose_command_is_killed_is_undone_by_the_next_one(shop):
    before = rows(shop) | write(shop, "kept")
    command = shop.start("database", "restore", "--confirm", "local")
    shop.wait_for(lambda: any(".restored-" in it for it in folders(shop)), 30, "the copy")
    command.kill()
    command.wait()
    assert rows(shop) == before
    made = shop.run("database", "backup")
    assert made.returncode == 0, made.stderr
    assert not [it for it in folders(shop) if ".restored-" in it]
    assert not processes.mains(processes.find_marked(shop.home), "database-restore")
    assert rows(shop) == before


@pytest.mark.timeout(300)
def test_a_restore_whose_supervisor_or_command_is_killed_while_it_takes_its_place_is_finished(shop):
    shop.wait_in_sync()
    for victim in ("supervisor", "command"):
        wanted = rows(shop)
        to = moment()
        write(shop, f"too-late-{victim}")
        command = shop.start("database", "restore", "--to", to, "--confirm", "local")
        shop.wait_for(lambda: book(shop)["replacing"], 60, "the replacement")
        if victim == "supervisor":
            os.kill(shop.part_pids["supervisor"], signal.SIGKILL)
            assert command.wait(100) == 0
        else:
            command.kill()
            command.wait()
            shop.wait_for(lambda: not book(shop)["replacing"], 60, "the end of it")
        shop.wait_in_sync()
        assert rows(shop) == wanted


def test_a_backup_is_made_by_itself_when_the_last_is_a_day_old_and_a_log_that_waits_is_told(shop):
    found = sorted(data(shop).glob("18.backups/*/base/*/backup.json"))
    for file in found:
        kept = json.loads(file.read_text())
        kept["data"]["taken_at"] -= 86_400
        file.write_text(json.dumps(kept))
    shop.wait_for(lambda: len(listed(shop)["backups"]) > len(found), 60, "the backup")
    made = listed(shop)["backups"][-1]
    assert made["by"] == "evenly"
    assert any(it["action"] == "backup-taken" and it["name"] == made["name"] for it in shop.journal())

    wal = next(data(shop).glob("18.backups/*/wal"))
    wal.chmod(0o500)  # nothing can be put into it
    shop.posts("while the archive takes nothing")
    assert shop.run("database", "backup").returncode == 0
    primary = data(shop) / ("18" if book(shop)["primary"] == "a" else "18.b")
    long_ago = (time.time() - 600, time.time() - 600)
    for file in shop.wait_for(lambda: waiting_in(primary), 30, "what waits"):
        os.utime(file, long_ago)
    shop.wait_for(lambda: any("is not archived" in it for it in shop.look().notices), 30, "the notice")
    wal.chmod(0o700)
    assert shop.run("database", "backup").returncode == 0  # has the archiver try again at once
    shop.wait_for(lambda: not shop.look().notices, 60, "that it goes on")


@pytest.mark.timeout(300)
def test_what_is_down_is_restored_with_its_next_start(shop):
    wanted = rows(shop)
    to = moment()
    write(shop, "too-late-down")
    shop.down()
    told = restore(shop, "--to", to)
    assert "at the next start" in told.stdout
    shop.up()
    assert rows(shop) == wanted
    assert listed(shop)["ranges"]
