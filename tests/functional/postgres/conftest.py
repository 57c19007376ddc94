"""Real PostgreSQL for tests: one initialised data folder a version, copied for each server that a test wants."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from evenly.core.secret import Secret
from evenly.local import postgres
from evenly.local.paths import local_paths
from evenly.local.postgres.readiness import connect
from evenly.local.privileges import account, process_options

SECRETS = postgres.DatabaseSecrets(Secret("super-word"), Secret("owner-word"), Secret("app-word"))
ENTERABLE = 0o711


def new_folder() -> Path:
    """A short folder that the database's account can pass (pytest's own can't be, as root)."""
    folder = Path(tempfile.mkdtemp(prefix="ev-"))
    folder.chmod(ENTERABLE)
    return folder


def locate_in(folder: Path, version: int, member: str | None = None) -> postgres.Server:
    """One alone, or a member of two."""
    who = account(os.geteuid())
    paths = local_paths(folder / "project", folder, os.geteuid())
    for needed, mode in ((paths.home, 0o700), (paths.runtime, ENTERABLE)):
        needed.mkdir(mode=mode, parents=True, exist_ok=True)
    binaries = postgres.within_reach(postgres.find(version), who, folder / "var")
    return postgres.locate(
        paths, "my-shop", 4, binaries, who, folder / "var", member or "a", alone=member is None
    )


@dataclass
class Running:
    """A server that a test may kill; `log` is its stderr."""

    server: postgres.Server
    log: Path
    process: subprocess.Popen[bytes]

    async def start(self) -> None:
        await postgres.make_way(self.server)
        await self.start_with(SECRETS)

    async def start_with(self, passwords: postgres.DatabaseSecrets) -> None:
        self.process = spawn(self.server, self.log)
        ready = await postgres.wait_ready(self.server, passwords.superuser, 60)
        assert ready is postgres.Readiness.READY, self.log.read_text()

    async def stop(self, how: signal.Signals = postgres.STOP_FAST) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
        await asyncio.to_thread(self.process.wait, 60)

    async def connect(self, role: str, database: str = "my_shop") -> Any:
        word = {"evenly": SECRETS.superuser, "owner": SECRETS.owner, "app": SECRETS.app}[role]
        return await connect(self.server, role, word, database)


def spawn(server: postgres.Server, log: Path) -> subprocess.Popen[bytes]:
    command = postgres.command(server)
    with log.open("ab") as stderr:
        return subprocess.Popen(
            command.argv,
            env=command.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
            **process_options(command.account),
        )


def make_ready(server: postgres.Server) -> None:
    postgres.make_folders(server)
    postgres.write_configuration(server)


@asynccontextmanager
async def running(folder: Path, server: postgres.Server) -> AsyncIterator[Running]:
    log = folder / "database.log"
    await postgres.make_way(server)
    started = Running(server, log, spawn(server, log))
    try:
        ready = await postgres.wait_ready(server, SECRETS.superuser, 60)
        assert ready is postgres.Readiness.READY, log.read_text()
        yield started
    finally:
        await started.stop(signal.SIGQUIT)


async def _fill(folder: Path, server: postgres.Server) -> None:
    await postgres.initialise(server, SECRETS)
    async with running(folder, server) as started:
        await postgres.prepare(server, SECRETS)
        await started.stop()


@pytest.fixture(scope="session", params=[16, 18])
def template(request: pytest.FixtureRequest) -> Iterator[postgres.Server]:
    """A server whose data folder was initialised and prepared, and which does not run."""
    folder = new_folder()
    try:
        server = locate_in(folder, request.param)
        make_ready(server)
        asyncio.run(_fill(folder, server))
        yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = new_folder()
    try:
        yield made
    finally:
        shutil.rmtree(made)


@pytest.fixture
def server(template: postgres.Server, folder: Path) -> postgres.Server:
    """A server of a test's own, with fresh data."""
    mine = locate_in(folder, template.binaries.version)
    make_ready(mine)
    subprocess.run(["cp", "-a", str(template.data), str(mine.data)], check=True)
    return mine


@pytest.fixture
async def database(server: postgres.Server, folder: Path) -> AsyncIterator[Running]:
    """A running server with its roles and its database."""
    async with running(folder, server) as started:
        postgres.point_link(server)
        yield started


Connect = Callable[[str], Awaitable[Any]]


@pytest.fixture
async def as_role(database: Running) -> AsyncIterator[Connect]:
    """Opens connections as a role, and closes them after the test."""
    async with AsyncExitStack() as stack:

        async def opened(role: str) -> Any:
            connection: asyncpg.Connection = await database.connect(role)
            stack.push_async_callback(connection.close)
            return connection

        yield opened
