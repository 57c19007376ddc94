"""Keeps up what the first backup began: a new one when it is due, and an eye on the archive of the database's log."""

import asyncio
import contextlib
import time

from evenly.core.backups import Archiving, is_due, judge_archiving
from evenly.core.failover import MEMBERS
from evenly.errors import EvenlyError
from evenly.local import control
from evenly.local.backups import BusyError, changing_backups, clear_left, make_backup
from evenly.local.paths import Paths
from evenly.local.postgres.archiving import archive_of, is_stopped, store_of, waiting_segments
from evenly.local.postgres.backups import break_off, has_begun, read_shelf
from evenly.local.postgres.replication import UNREACHABLE
from evenly.local.postgres.server import Server
from evenly.local.supervisor.database import Database
from evenly.local.supervisor.elsewhere import DatabaseElsewhere
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.room import Room

LOOK_S = 10.0
REOPEN_S = 1.0  # to an upgrade that was killed while no writes were taken
AGAIN_S = 600.0  # after a backup that failed

_LATE = (
    "The database's log is not archived: {count} files wait beside the data, for {since:.0f} s. Is the archive's "
    "disk full? See evenly logs database."
)
_STOPPED = "The database's log is archived no longer: the archive took nothing. To begin again: evenly database backup"
_FAILED = "The database was not backed up: {why}"


class BackingUp:
    """`notices`: what a person should know of it, as sentences."""

    def __init__(
        self, ground: Ground, database: Database | DatabaseElsewhere | None, room: Room | None
    ) -> None:
        self._ground = ground
        self._database = database if isinstance(database, Database) else None
        self._room = room
        self._failed: str | None = None
        self._again_at = 0.0
        self._told: tuple[str, ...] = ()

    @property
    def notices(self) -> tuple[str, ...]:
        return (*self._told, *((_FAILED.format(why=self._failed),) if self._failed else ()))

    async def run(self) -> None:
        """Look, for ever. What can't be done now is tried again."""
        if self._database is not None:
            with contextlib.suppress(EvenlyError, OSError):  # it is of no hurry
                await asyncio.to_thread(_clear, self._ground.paths, self._database)
        looked_at = time.monotonic()
        while self._database is not None:
            await asyncio.sleep(REOPEN_S)
            await self._reopen(self._database)
            if time.monotonic() - looked_at < LOOK_S:
                continue
            looked_at = time.monotonic()
            try:
                await self._look(self._database)
            except (*UNREACHABLE, EvenlyError) as error:
                self._ground.journal.write("backup-failed", why=str(error) or type(error).__name__)

    async def _reopen(self, database: Database) -> None:
        """Not what a command is at work on."""
        if not database.server(MEMBERS[0]).closed.exists():
            return
        with contextlib.suppress(EvenlyError, OSError):
            await asyncio.to_thread(_clear, self._ground.paths, database)
            if self._room:
                self._room.control(control.Configure())

    async def _look(self, database: Database) -> None:
        primary = database.server(database.book().primary)
        if not (store_of(primary).root.is_dir() or has_begun(primary)):
            return
        verdict = await asyncio.to_thread(self._judge, primary)
        if verdict is Archiving.HOPELESS:
            await asyncio.to_thread(break_off, primary)
            self._ground.journal.write("archiving-stopped", why="the archive took nothing")
            if self._room:
                self._room.control(control.Configure())
        self._told = await asyncio.to_thread(_told, primary, verdict)
        if not is_stopped(primary):
            await self._back_up(database, primary)

    def _judge(self, primary: Server) -> Archiving:
        waiting = waiting_segments(primary.data) if archive_of(primary) else ()
        return judge_archiving(len(waiting), _waited_s(waiting))

    async def _back_up(self, database: Database, primary: Server) -> None:
        ready = self._room is not None and self._room.part.ready
        if not ready or time.monotonic() < self._again_at:
            return
        shelf = await asyncio.to_thread(read_shelf, primary)
        if not is_due(shelf, time.time(), begun=has_begun(primary)):
            return
        self._again_at = time.monotonic() + AGAIN_S
        release = self._ground.release.number
        try:
            made = await asyncio.to_thread(make_backup, self._ground.paths, database, release, "evenly")
        except BusyError:
            self._again_at = 0.0
            return
        except (*UNREACHABLE, EvenlyError) as error:
            self._failed = str(error).partition("\n")[0] or type(error).__name__
            raise
        self._failed, self._again_at = None, 0.0
        self._ground.journal.write("backup-taken", name=made.name)


def _clear(paths: Paths, database: Database) -> None:
    """What a command left that was killed; not what one is at work on."""
    with changing_backups(paths):
        clear_left(paths, database)


def _told(primary: Server, verdict: Archiving) -> tuple[str, ...]:
    if is_stopped(primary):
        return (_STOPPED,)
    if verdict is Archiving.LATE:
        waiting = waiting_segments(primary.data)
        return (_LATE.format(count=len(waiting), since=_waited_s(waiting)),)
    return ()


def _waited_s(waiting: tuple[tuple[str, float], ...]) -> float:
    return time.time() - min((since for _, since in waiting), default=time.time())
