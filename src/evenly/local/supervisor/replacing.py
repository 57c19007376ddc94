"""Replaces the database's data by other data that lies beside it, complete: what the room does for `Replace`
when nothing works on the data any more, and the end that it gives the primary before."""

import asyncio
import contextlib
import time

from evenly.core.failover import Replacement
from evenly.local import processes
from evenly.local.postgres import STOP_FAST
from evenly.local.postgres.replication import UNREACHABLE
from evenly.local.postgres.restoring import mark_now, put_in_place
from evenly.local.supervisor.database import Database
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.member import Member

END_S = 15.0
POLL_S = 0.02


class Replacing:
    """`asked`: the replacement that a command asked for. `done`: the one in the book is."""

    def __init__(self, database: Database, journal: Journal) -> None:
        self.asked: Replacement | None = None
        self.done = False
        self._database = database
        self._journal = journal
        self._until: float | None = None

    def written(self, replacing: Replacement | None) -> None:
        """The book was written: what it says of a replacement is what counts."""
        if replacing is not None:
            self._journal.write("database-replacing", kept=replacing.kept)
        elif self.done:
            self._journal.write("database-replaced")
        if self.done or replacing is not None:
            self.asked = None
        self.done, self._until = False, None

    async def end(self, member: Member) -> None:
        """Have a server end in order: its log is archived to the last. One that does not is ended by the fence."""
        process = member.process
        if process is None or not processes.is_alive(process):
            return
        if not member.is_standby:
            self._until = time.time()
            with contextlib.suppress(*UNREACHABLE):
                await mark_now(member.server, self._database.passwords()[0])
        member.forbid()
        processes.send(process, STOP_FAST, group=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                while processes.is_alive(process):
                    await asyncio.sleep(POLL_S)

    async def put(self, member: Member, replacement: Replacement) -> None:
        try:
            await asyncio.to_thread(put_in_place, member.server, replacement, self._until or time.time())
        except OSError as error:
            self._journal.write(
                "problem", what=f"the database's data could not be replaced: {error.strerror}"
            )
            return
        self.done = True
