"""Whether a server gives a new connection a word, asked of sockets that are none of PostgreSQL's."""

import asyncio
import contextlib
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from evenly.core.failover import HANGS_AFTER_S
from evenly.core.fleet import ProcessRef
from evenly.local.postgres.readiness import answers
from evenly.local.supervisor.answering import Answering

ONE, OTHER = ProcessRef(2**30, "t"), ProcessRef(2**30 + 1, "t")  # of nobody: they have no processor time


@dataclass(frozen=True)
class Server:
    """As much of one as is asked."""

    socket: Path


@pytest.fixture
def server():
    with tempfile.TemporaryDirectory() as folder:
        yield Server(Path(folder) / "s")


@contextlib.contextmanager
def silent(server):
    """Takes connections, as one that was stopped does, and nothing more."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(server.socket))
        listening.listen()
        yield
    server.socket.unlink()


@contextlib.asynccontextmanager
async def answering(server):
    ended = set()

    async def connected(reader, writer):
        ended.add(asyncio.current_task())
        await reader.readexactly(8)
        writer.write(b"N")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(connected, server.socket):
        yield
    await asyncio.gather(*ended)
    server.socket.unlink(missing_ok=True)


async def test_a_first_word_is_an_answer_and_silence_is_none(server):
    assert await answers(server, 5.0) is None
    async with answering(server):
        assert await answers(server, 5.0) is True
    with silent(server):
        assert await answers(server, 0.1) is False


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def test_one_that_is_silent_for_long_hangs_until_it_is_another(server):
    news = []
    asking = Answering(lambda: news.append((asking.doubts, asking.hangs)))
    task = asyncio.create_task(asking.run())
    asking.look(server, ONE)
    began = asyncio.get_running_loop().time()
    with silent(server):
        await until(lambda: asking.hangs)
    assert asyncio.get_running_loop().time() - began >= HANGS_AFTER_S
    assert news == [(True, False), (True, True)]
    asking.look(server, OTHER)
    assert not asking.hangs
    task.cancel()


async def test_one_that_answers_again_was_in_doubt_and_no_more(server):
    asking = Answering(lambda: None)
    task = asyncio.create_task(asking.run())
    asking.look(server, ONE)
    with silent(server):
        await until(lambda: asking.doubts)
    async with answering(server):
        await until(lambda: not asking.doubts)
    assert not asking.hangs
    task.cancel()
