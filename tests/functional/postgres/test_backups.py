"""Real servers that are backed up: what the archiver does with each file, an archive that takes nothing, backups that
are damaged or have had their time, and the two renames by which data is replaced."""

import asyncio
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.functional.postgres.conftest import SECRETS, Running

from evenly.core.backups import KEPT_BACKUPS, Backup, ranges, segment_name, target_at
from evenly.core.failover import Replacement
from evenly.core.secret import Secret
from evenly.errors import TargetError
from evenly.local import postgres, state
from evenly.local.postgres import archiving, backups, manifests
from evenly.local.postgres.replication import configure
from evenly.local.postgres.restoring import mark_now, put_in_place

ONE_VERSION = pytest.mark.parametrize("template", [18], indirect=True)  # ours alone, not PostgreSQL's
ASKED = backups.Asked(1, "hand", {})
WORD = Secret("replication-word")


async def until(holds) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.02)


def wal_of(server: postgres.Server) -> Path:
    return archiving.store_of(server).wal(archiving.system_of(server.data) or "")


def archived(server: postgres.Server) -> set[str]:
    return {it.name for it in wal_of(server).iterdir()}


async def begin(database: Running) -> None:
    archiving.begin_archive(database.server)
    configure(database.server, waits=False, postmaster=database.process.pid)


async def backed_up(database: Running) -> Backup:
    await begin(database)
    return await asyncio.to_thread(backups.take_backup, database.server, SECRETS, WORD, ASKED)


# --- the archiver


def archive(server: postgres.Server, source: Path, name: str) -> subprocess.CompletedProcess[str]:
    words = ("/bin/sh", str(server.settings / archiving.SCRIPT), str(wal_of(server)), str(source), name)
    return subprocess.run(words, capture_output=True, text=True)


@ONE_VERSION
def test_a_file_is_archived_once_and_never_replaced_by_another(server: postgres.Server, folder: Path):
    archiving.begin_archive(server)
    one, other = folder / "one", folder / "other"
    one.write_text("one")
    other.write_text("other")
    name = segment_name(1, 1)
    assert archive(server, one, name).returncode == 0
    assert archive(server, one, name).returncode == 0  # the other member has it too
    refused = archive(server, other, name)
    assert refused.returncode == 1
    assert "in the archive already, with another content" in refused.stderr
    assert (wal_of(server) / name).read_text() == "one"
    assert archived(server) == {name}


@ONE_VERSION
def test_the_end_of_a_timeline_that_was_left_may_be_another_one_later(server: postgres.Server, folder: Path):
    archiving.begin_archive(server)
    for content in ("one", "other"):
        (folder / "it").write_text(content)
        assert archive(server, folder / "it", "000000010000000000000001.partial").returncode == 0
    assert (wal_of(server) / "000000010000000000000001.partial").read_text() == "other"


async def test_the_log_is_archived_from_the_first_backup_on(database: Running):
    assert archiving.archive_of(database.server) is None
    made = await backed_up(database)
    await mark_now(database.server, SECRETS)
    await until(lambda: any(archiving.is_segment(it) for it in archived(database.server)))
    shelf = backups.read_shelf(database.server)
    assert shelf.backups == (made,)
    assert shelf.present is not None
    assert (shelf.present.system, shelf.present.timeline) == (made.system, 1)
    assert target_at(shelf, time.time(), time.time()) is not None


async def test_an_archive_that_takes_nothing_stops_nobody_and_is_given_up(database: Running):
    await backed_up(database)
    shutil.rmtree(wal_of(database.server))
    wal_of(database.server).touch()  # what no file can be made in, whoever asks
    for _ in range(2):
        await mark_now(database.server, SECRETS)  # writes are taken
    waiting = archiving.waiting_segments(database.server.data)
    assert len(waiting) >= 2
    wal_of(database.server).unlink()
    wal_of(database.server).mkdir()

    backups.break_off(database.server)
    assert archiving.is_stopped(database.server)
    shelf = backups.read_shelf(database.server)
    assert [it.gap for it in shelf.eras] == [int(waiting[0][0][16:], 16) * 16 * 1024**2]
    assert target_at(shelf, time.time(), time.time()) is None
    configure(database.server, waits=False, postmaster=database.process.pid)
    await until(
        lambda: not archiving.waiting_segments(database.server.data)
    )  # and the log takes no more room

    made = await backed_up(database)
    shelf = backups.read_shelf(database.server)
    assert ranges(shelf, time.time())[-1].begins == made.taken_at
    assert not archiving.is_stopped(database.server)


# --- a backup


async def test_a_backup_that_is_damaged_is_seen(database: Running):
    made = await backed_up(database)
    data = archiving.store_of(database.server).base(made.system) / made.name / "data"
    assert sum(it.size for it in manifests.checked(data).files) == made.size_bytes
    version = data / "PG_VERSION"
    was = version.read_bytes()
    for damage, told in (
        (lambda: version.write_bytes(was[:-1] + b"0"), "PG_VERSION has another content"),
        (lambda: version.write_bytes(was + b"0"), "PG_VERSION has another size"),
        (version.unlink, "PG_VERSION is missing"),
        (lambda: (data / "base" / "more").touch(), "base/more is not in its manifest"),
    ):
        damage()
        with pytest.raises(TargetError, match=told):
            manifests.checked(data)
        (data / "base" / "more").unlink(missing_ok=True)
        version.write_bytes(was)
    listed = data / manifests.NAME
    listed.write_bytes(listed.read_bytes().replace(b"PG_VERSION", b"PG_VERSIOM", 1))
    with pytest.raises(TargetError, match="its manifest was changed"):
        manifests.checked(data)


@ONE_VERSION
async def test_a_backup_that_fails_leaves_nothing(database: Running):
    await begin(database)
    wrong = replace(database.server, sockets=database.server.sockets.with_name("nobody"))
    with pytest.raises((TargetError, OSError)):
        await asyncio.to_thread(backups.take_backup, wrong, SECRETS, WORD, ASKED)
    base = archiving.store_of(database.server).base(archiving.system_of(database.server.data) or "")
    assert list(base.iterdir()) == []


@ONE_VERSION
async def test_what_has_had_its_time_is_removed_with_its_log(database: Running):
    made = await backed_up(database)
    base = archiving.store_of(database.server).base(made.system)
    for number in range(KEPT_BACKUPS):
        older = replace(made, name=f"older-{number}", taken_at=made.taken_at - 10 - number, start=0)
        shutil.copytree(base / made.name, base / older.name)
        state.write(base / older.name / "backup.json", older, backups.VERSION)
    before, needed = (segment_name(1, made.start // 16 // 1024**2 + it) for it in (-1, 0))
    for name in (before, needed):
        (wal_of(database.server) / name).touch()
    backups.remove_expired(database.server)
    left = {it.name for it in backups.read_shelf(database.server).backups}
    assert left == {made.name, *(f"older-{number}" for number in range(KEPT_BACKUPS - 1))}
    assert {before, needed} <= archived(database.server)
    for number in range(KEPT_BACKUPS - 1):
        shutil.rmtree(base / f"older-{number}")
    backups.remove_expired(database.server)
    assert before not in archived(database.server)
    assert needed in archived(database.server)


# --- the two renames


@ONE_VERSION
@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_replacement_is_gone_on_with_from_any_point(server: postgres.Server, done: int):
    archiving.begin_archive(server)
    source, kept = server.data.with_name("18.restored-x"), server.data.with_name("18.replaced-x")
    shutil.copytree(server.data, source)
    (source / "restored").touch()
    (server.data / "old").touch()
    for begin, end in ((server.data, kept), (source, server.data))[:done]:
        begin.rename(end)
    put_in_place(server, Replacement(source.name, kept.name), 5.0)
    put_in_place(server, Replacement(source.name, kept.name), 6.0)
    assert (server.data / "restored").exists()
    assert (kept / "old").exists()
    assert not source.exists()
    eras = backups.read_eras(archiving.store_of(server))
    assert [(it.until, it.timeline, it.whole) for it in eras] == ([(5.0, 1, True)] if done == 0 else [])


@ONE_VERSION
def test_data_of_a_server_that_was_killed_is_not_taken_for_whole(server: postgres.Server):
    assert archiving.is_complete(server.data)
    status = server.data / "pg_wal" / "archive_status"
    (status / f"{segment_name(1, 1)}.ready").touch()
    assert not archiving.is_complete(server.data)
    assert not archiving.is_complete(server.data.with_name("nothing"))
    (status / f"{segment_name(1, 1)}.ready").unlink()
    control = server.data / "global" / "pg_control"
    content = control.read_bytes()
    control.write_bytes(content[:16] + (6).to_bytes(4, "little") + content[20:])  # in production
    assert not archiving.is_complete(server.data)


@ONE_VERSION
async def test_backups_are_closed_to_everybody_else(database: Running):
    made = await backed_up(database)
    base = archiving.store_of(database.server).base(made.system)
    for place in (base / made.name / "data", wal_of(database.server)):
        assert place.stat().st_mode & 0o777 == 0o700
