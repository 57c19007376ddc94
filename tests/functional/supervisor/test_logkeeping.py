"""Logs are cut off and turned over under real writers, and no line is lost or torn."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evenly.local.logs.cutting import cut_off
from evenly.local.logs.rotation import Bounds
from evenly.local.paths import Paths
from evenly.local.supervisor.logkeeping import LogKeeping

LINES = 60_000
WRITER = f"""
import os, time
for n in range({LINES}):
    os.write(1, b"line %07d, and what it says\\n" % n)
    if n % 100 == 0:
        time.sleep(0.001)
"""
LINE_BYTES = len(b"line 0000000, and what it says\n")
MEMORY = Path("/dev/shm")  # noqa: S108  a file system that can't take blocks out of a file


@pytest.fixture
def in_memory() -> Iterator[Path]:
    folder = MEMORY / f"evenly-test-{os.getpid()}"
    folder.mkdir()
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def writer(log: Path) -> subprocess.Popen[bytes]:
    """As `processes.spawn` does it: the log is inherited, and appended to."""
    with log.open("ab") as file:
        return subprocess.Popen([sys.executable, "-c", WRITER], stdout=file)


def kept(log: Path) -> list[Path]:
    """Where the file system can't take blocks out, the end is beside it."""
    return [it for it in (log.with_name(f"{log.name}.1"), log) if it.exists()]


def numbers(*files: Path) -> list[int]:
    """The numbers of all whole lines. A file may begin in the middle of one."""
    lines = b"".join(it.read_bytes() for it in files).split(b"\n")
    assert all(len(it) == LINE_BYTES - 1 for it in lines[1:-1]), "a torn line"
    return [int(it[5:12]) for it in lines[1:-1]]


def test_no_line_is_lost_where_the_beginning_is_cut_off_under_a_writer(tmp_path):
    log = tmp_path / "i-1.log"
    process = writer(log)
    cuts = 0
    while process.poll() is None:
        if log.stat().st_size > 100_000:
            cut_off(log, 50_000)
            cuts += 1
            found = numbers(*kept(log))
            assert found == list(range(found[0], found[0] + len(found)))
            assert len(found) > 50_000 // LINE_BYTES - 2
    assert process.wait() == 0
    assert cuts > 3
    assert log.stat().st_size < 150_000
    assert numbers(log)[-1] == LINES - 1


def test_where_the_file_system_can_not_the_end_is_kept_beside(in_memory):
    log = in_memory / "i-1.log"
    log.write_bytes(b"".join(b"line %07d, and what it says....\n" % n for n in range(1000)))
    with log.open("ab") as appending:
        cut_off(log, 10_000)
        os.write(appending.fileno(), b"line %07d, and what it says....\n" % 1000)
    older = log.with_name("i-1.log.1")
    assert (log.stat().st_size, 10_000 <= older.stat().st_size < 11_000) == (35, True)
    lines = (older.read_bytes() + log.read_bytes()).splitlines()[1:]
    assert [int(it[5:12]) for it in lines] == list(range(1001 - len(lines), 1001))


@contextlib.contextmanager
def paths_in(folder: Path) -> Iterator[Paths]:
    paths = Paths(folder, folder / "home", folder / "run")
    for each in (paths.home, paths.logs, paths.instance_logs, paths.runtime):
        each.mkdir()
    yield paths


def test_an_environments_logs_stay_within_their_bounds(tmp_path):
    with paths_in(tmp_path) as paths:
        running, ended = (paths.instance_logs / f"i-{n}.log" for n in (1, 2))
        for file in (running, ended, paths.logs / "balancer.log", paths.logs / "database.log"):
            file.write_bytes(b"x" * 99 + b"\n" * 1)
            with file.open("ab") as more:
                more.write(b"y" * 200_000)
        keeping = LogKeeping(paths, frozenset, Bounds(file_bytes=100_000, older=2, processes_bytes=250_000))
        keeping.look(frozenset({"i-1"}))
        assert not ended.exists()
        for file in (running, paths.logs / "balancer.log", paths.logs / "database.log"):
            assert 50_000 <= file.stat().st_size <= 100_000


def test_an_access_log_that_nobody_opened_anew_is_asked_for_at_each_look(tmp_path):
    """The balancer was away when its log was turned over, or the supervisor was killed in between."""
    with paths_in(tmp_path) as paths:
        access = paths.logs / "access.log"
        access.write_bytes(b"z" * 101)
        keeping = LogKeeping(paths, frozenset, Bounds(file_bytes=100, older=2))
        keeping.look(frozenset())
        assert (access.exists(), (paths.logs / "access.log.1").stat().st_size) == (False, 101)
        asked = _admin(paths.admin_socket, lambda: keeping.look(frozenset()))
        assert asked.startswith(b"POST /reopen_logs ")


def _admin(socket_path: Path, act: Callable[[], None]) -> bytes:
    """What the balancer's admin is asked while `act` runs."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def serve() -> None:
        async with await asyncio.start_unix_server(answer, socket_path):
            await asyncio.to_thread(act)

    asyncio.run(serve())
    return asked[0]
