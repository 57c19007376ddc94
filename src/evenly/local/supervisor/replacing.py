"""Replaces the database's data by other data that lies beside it, complete: what the room does for `Replace`
when nothing works on the data any more, and the end that it gives the primary before."""

import asyncio
import contextlib
import shutil
import time
from pathlib import Path

from evenly.core.failover import Replacement
from evenly.local import processes
from evenly.local.postgres import STOP_FAST
from evenly.local.postgres.closing import is_unwritten, reopen
from evenly.local.postgres.replication import UNREACHABLE
from evenly.local.postgres.restoring import mark_now, put_in_place
from evenly.local.postgres.server import Server
from evenly.local.supervisor.database import Database
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.member import Member

END_S = 15.0
POLL_S = 0.02


class Replacing:
    """`asked`: the replacement that a command asked for. `done`: the one in the book is; `refused`: it must not be."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self.asked: Replacement | None = None
        self.done = False
        self.refused = False
        self._database = database
        self._journal = journal
        self._until: float | None = None

    def written(self, replacing: Replacement | None) -> None:
        """The book was written: what it says of a replacement is what counts."""
        if replacing is not None:
            self._journal.write("database-replacing", kept=replacing.kept)
        elif self.done:
            self._journal.write("database-replaced")
        elif self.refused:
            self._journal.write("database-not-replaced")
        if self.done or self.refused or replacing is not None:
            self.asked = None
        self.done, self.refused, self._until = False, False, None

    async def end(self, member: Member) -> None:
        """Have a server end in order: its log is archived to the last. One that does not is ended by the fence."""
        process = member.process
        if process is None or not processes.is_alive(process):
            return
        if not member.is_standby:
            self._until = time.time()
        if not member.is_standby and not member.server.closed.exists():
            with contextlib.suppress(*UNREACHABLE):
                await mark_now(member.server, self._database.passwords()[0])
        member.forbid()
        processes.send(process, STOP_FAST, group=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                while processes.is_alive(process):
                    await asyncio.sleep(POLL_S)

    async def put(self, member: Member, replacement: Replacement) -> None:
        server = member.server
        since, to = replacement.unwritten_since, server
        if replacement.version is not None:
            to = self._database.at_version(replacement.version).server(member.name)
        source, kept = (server.data.with_name(it) for it in (replacement.source, replacement.kept))
        was_written = since is not None and server.data.exists() and not is_unwritten(server.data, since)
        if was_written or not (source.exists() or kept.exists()):
            self._refuse(server, source)
            return
        try:
            await asyncio.to_thread(put_in_place, server, replacement, self._until or time.time(), to)
        except OSError as error:
            self._journal.write(
                "problem", what=f"the database's data could not be replaced: {error.strerror}"
            )
            return
        self.done = True

    def _refuse(self, server: Server, source: Path) -> None:
        """What the source was made of was written to since, or it is not there: the database goes on as it was."""
        shutil.rmtree(source, ignore_errors=True)
        reopen(server)
        self.refused = True
