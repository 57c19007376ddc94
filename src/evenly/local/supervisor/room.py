"""The room of the database: two members of which one is the primary, or one alone. Looks, has `core.failover` decide,
and does it, one action after the other. The book is written before anything is done that goes by it.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import assert_never

from msgspec.structs import replace

from evenly.core.failover import (
    MEMBERS,
    Action,
    Book,
    Copy,
    Fence,
    Follower,
    Guard,
    Point,
    Promote,
    Release,
    Replace,
    Seen,
    Start,
    Write,
    decide,
    other,
)
from evenly.core.fleet import ProcessRef
from evenly.core.parts import Part
from evenly.core.status import DatabaseMember, Role
from evenly.errors import StateError
from evenly.local import control, postgres, processes
from evenly.local.postgres.replication import UNREACHABLE, promote
from evenly.local.processes import MEMBER_MARK, Marked
from evenly.local.supervisor.answering import Answering
from evenly.local.supervisor.beside import RETRY_S, Beside
from evenly.local.supervisor.copying import COPY_ROLE, copy_primary
from evenly.local.supervisor.database import DATABASE_ROLE, Database
from evenly.local.supervisor.following import Following
from evenly.local.supervisor.ground import Ground
from evenly.local.supervisor.member import Member
from evenly.local.supervisor.replacing import Replacing
from evenly.local.supervisor.storage import keeping

LOOK_S = 0.05  # while the standby is on its way


class Room:
    """Holds the database of one environment. `zones`: which are available. `changed` hears of every change."""

    name = DATABASE_ROLE

    def __init__(
        self,
        ground: Ground,
        database: Database,
        zones: Callable[[], Mapping[str, bool]],
        changed: Callable[[], None],
    ) -> None:
        self._ground = ground
        self._journal = ground.journal
        self._database = database
        self._zones = zones
        self._changed = changed
        names = [zone.name for zone in ground.topology.zones]
        self._members = {
            name: Member(name, names[at % len(names)], database, ground, self._part_changed)
            for at, name in enumerate(MEMBERS)
        }
        self._book = Book()
        self._link: str | None = None
        self._may_begin = False
        self._copied = False
        self._waits = True  # another supervisor may have left it so
        self._news = asyncio.Event()
        self._following = Following(database, self._news.set)
        self._answering = Answering(self._news.set)
        self._beside = Beside(ground.journal, self._news.set)
        self._replacing = Replacing(database, ground.journal)
        self._is_ready = asyncio.Event()

    # --- as the part of the environment that it is

    @property
    def part(self) -> Part:
        """The primary. It is ready when apps that follow the link find one that takes writes."""
        part = self._primary.keeper.part
        return replace(part, ready=self._is_ready.is_set() and part.ready)

    @property
    def standby(self) -> ProcessRef | None:
        return None if self._database.alone else self._standby.process

    @property
    def members(self) -> tuple[DatabaseMember, ...]:
        """The primary and the standby; none where there is one alone."""
        if self._database.alone:
            return ()
        return tuple(self._status(it) for it in self._members.values())

    async def until_ready(self) -> None:
        await self._is_ready.wait()

    def control(self, request: control.Request) -> None:
        """What a command asks may concern it: a zone, say."""
        if isinstance(request, control.Configure):
            for it in self._members.values():
                it.configure(waits=self._waits and it is self._primary)
        elif isinstance(request, control.ReplaceData):
            self._replacing.asked = request.replacement
        self._news.set()

    def let_standby_begin(self) -> None:
        self._may_begin = True
        self._news.set()

    def adopt(self, marked: Iterable[Marked]) -> None:
        """Take over what runs, and what is written down."""
        self._book = self._database.book()
        self._link = self._database.linked()
        for it in processes.mains(marked, DATABASE_ROLE):
            member = self._members[it.environment.get(MEMBER_MARK, MEMBERS[0])]
            if member.process is None:
                member.adopt(it)
        self._standby.is_standby = True
        for it in processes.mains(marked, COPY_ROLE):
            processes.send(it.process, signal.SIGKILL)

    def work(self) -> Iterator[Coroutine[None, None, None]]:
        """What goes on for as long as this supervisor lives."""
        for it in self._members.values():
            yield it.keeper.run()
        yield self._hold()
        yield self._answering.run()
        if not self._database.alone:
            yield self._following.run()

    # --- looking

    @property
    def _primary(self) -> Member:
        return self._members[self._book.primary]

    @property
    def _standby(self) -> Member:
        return self._members[other(self._book.primary)]

    def _seen(self) -> Seen:
        zones = self._zones()
        up = {name: self._database.alone or zones.get(it.zone, True) for name, it in self._members.items()}
        hung = self._answering.look(self._primary.server, self._primary.process)
        members = {name: it.seen(zone_up=up[name], hung=hung) for name, it in self._members.items()}
        primary = members[self._book.primary]
        writes = primary.ready and not primary.reads_only
        could = writes and self._may_begin and up[other(self._book.primary)]
        self._following.look(self._book, could=could, primary=self._primary.process if writes else None)
        return Seen(
            members=members,
            link=self._link,
            streaming=self._following.streaming,
            detached_s=self._answering.believed(self._following.detached_s),
            waits=self._waits and not self._database.alone,
            guarding=self._beside.works_on(Guard),
            guarded=self._following.guarded,
            copying=self._beside.works_on(Copy),
            copied=self._copied,
            wanted=not self._database.alone,
            may_begin=self._may_begin,
            asked=self._replacing.asked,
            replaced=self._replacing.done,
            refused=self._replacing.refused,
        )

    def _status(self, member: Member) -> DatabaseMember:
        is_primary = member is self._primary
        return member.status(
            Role.PRIMARY if is_primary else Role.STANDBY,
            coming=not is_primary and self._zones().get(member.zone, True),
            in_sync=not is_primary and self._book.follower is Follower.IN_SYNC,
        )

    # --- acting

    async def _hold(self) -> None:
        last: Action | None = None
        while True:
            self._news.clear()
            self._tell_ready()
            action = decide(self._book, self._seen())
            if action is None:
                await self._until_news()
            else:
                await asyncio.sleep(RETRY_S if action == last else 0)
                with keeping("the database's book"):  # what is not written is not done
                    await self._do(action)
            last = action

    async def _until_news(self) -> None:
        within = LOOK_S if self._following.is_awaited else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()

    async def _do(self, action: Action) -> None:
        match action:
            case Write(book, why):
                self._write(book, why)
            case Fence(name, why):
                self._journal.write("fence-database", why=why, **self._facts(name))
                await self._fence(name)
            case Start(name, waits):
                self._start(name, waits)
            case Promote(name):
                await self._promote(name)
            case Point(name):
                postgres.point_link(self._database.server(name))
                self._link = name
                self._journal.write("database-linked", **self._facts(name))
            case Guard():
                self._waits = True
                self._primary.configure(waits=self._waits)
                self._beside.begin(Guard, self._following.guard())
            case Release():
                self._beside.end(Guard)
                self._following.guarded = self._waits = False
                self._primary.configure(waits=self._waits)
            case Copy(name):
                self._beside.begin(Copy, self._copy(name))
            case Replace(name, replacement):
                await self._replacing.put(self._members[name], replacement)
            case _:
                assert_never(action)

    def _write(self, book: Book, why: str) -> None:
        """A crash after it finds it written; one before finds nothing done."""
        self._database.change_book(self._book, book)
        if book.primary != self._book.primary:
            self._beside.end(Guard)
            self._following.guarded = self._waits = False
            self._is_ready.clear()
            self._journal.write("database-promotes", why=why, **self._facts(book.primary))
        elif book.follower is not self._book.follower:
            facts = self._facts(other(book.primary))
            self._journal.write(f"database-{book.follower}", why=why, **facts)
        if book.replacing != self._book.replacing:
            self._beside.end(Guard)
            self._replacing.written(book.replacing)
        self._book, self._copied = book, False
        self._changed()

    async def _fence(self, name: str) -> None:
        try:
            if self._book.replacing:
                await self._replacing.end(self._members[name])
            await self._members[name].fence()
        except StateError as error:
            self._journal.write("problem", what=str(error))

    def _start(self, name: str, waits: bool) -> None:
        is_primary = name == self._book.primary
        if is_primary:
            self._beside.end(Guard)
            self._waits, self._following.guarded = waits, False
            self._is_ready.clear()
        self._members[name].permit(waits=waits, is_standby=not is_primary)

    async def _promote(self, name: str) -> None:
        with contextlib.suppress(*UNREACHABLE):
            if await promote(self._database.server(name), self._database.passwords()[0]):
                self._members[name].promoted()
                self._journal.write("database-promoted", **self._facts(name))

    async def _copy(self, name: str) -> None:
        """The settings and the role first: a server that an older version started knows neither."""
        self._primary.configure(waits=self._waits)
        self._copied = await copy_primary(self._database, self._primary.name, name, self._ground)

    # --- what is told

    def _part_changed(self) -> None:
        if self._primary.process is None:
            self._is_ready.clear()
        self._news.set()
        self._changed()

    def _tell_ready(self) -> None:
        seen = self._primary.seen(zone_up=True)
        works = seen.ready and not seen.reads_only and self._link == self._primary.name
        if works and not self._is_ready.is_set():
            self._is_ready.set()
            self._changed()

    def _facts(self, name: str) -> dict[str, str]:
        return {} if self._database.alone else {"member": name, "zone": self._members[name].zone}
