"""The control socket where something is wrong on the other side: what a command then says."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from evenly.errors import StateError
from evenly.local.control import AskStatus, NotRunningError, Report, Request, ask, serve


async def test_what_can_not_be_kept_is_refused_in_a_sentence(tmp_path: Path) -> None:
    async def full(_request: Request) -> Report:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "deploys.json")

    async with await serve(tmp_path / "control.sock", full):
        with pytest.raises(StateError, match="it can't be kept: No space left on device") as refused:
            await asyncio.to_thread(ask, tmp_path / "control.sock", AskStatus())
    assert not isinstance(refused.value, NotRunningError)


async def test_a_supervisor_of_another_version_is_said_to_be_one(tmp_path: Path) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"report": {"state": "of another kind"}}\n')
        writer.close()

    async with await asyncio.start_unix_server(other, tmp_path / "control.sock"):
        with pytest.raises(StateError, match="another version of Evenly"):
            await asyncio.to_thread(ask, tmp_path / "control.sock", AskStatus())


async def test_a_supervisor_that_is_silent_is_not_said_to_be_gone(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    async with await asyncio.start_unix_server(silent, tmp_path / "control.sock"):
        with pytest.raises(NotRunningError, match="did not answer within") as refused:
            await asyncio.to_thread(ask, tmp_path / "control.sock", AskStatus(), 0.1)
        await gone.wait()
    assert refused.value.may_have_heard


def test_where_there_is_none_none_has_heard(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="the environment is not running") as refused:
        ask(tmp_path / "control.sock", AskStatus())
    assert not refused.value.may_have_heard
