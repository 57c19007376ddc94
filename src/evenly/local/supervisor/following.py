"""Whether the standby follows: asked of the primary, again and again, on one connection. Changes nothing."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from evenly.core.failover import Book, Follower, other
from evenly.core.fleet import ProcessRef
from evenly.local.postgres.replication import UNREACHABLE, guard, is_followed, opened
from evenly.local.supervisor.database import Database

AT_REST_S = 0.25
CLOSELY_S = 0.05
STOOD_STILL_S = 5.0  # without a look: this machine stood still, and what was not seen says nothing


class Following:
    """`streaming`: the standby receives. `detached_s`: for how long it has not, while it could have. `guarded`: nothing
    is acknowledged without it, and it holds all that was. `news` hears of changes."""

    def __init__(
        self,
        database: Database,
        news: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.streaming = False
        self.guarded = False
        self._database = database
        self._news = news
        self._book = Book()
        self._primary: ProcessRef | None = None
        self._attached_at = self._looked_at = self._clock()
        self._could = False

    @property
    def detached_s(self) -> float:
        return self._clock() - self._attached_at if self._could and not self.streaming else 0.0

    @property
    def is_awaited(self) -> bool:
        """It could follow, and does not yet."""
        return self._could and not self.streaming

    def look(self, book: Book, *, could: bool, primary: ProcessRef | None) -> None:
        """What is known elsewhere. `primary`: its process, while it takes writes. `could`: a standby might follow."""
        self._could = could and book.follower is not Follower.NONE
        before, self._looked_at = self._looked_at, self._clock()
        stood_still = self._looked_at - before > STOOD_STILL_S
        if not self._could or self.streaming or stood_still or book.follower is not self._book.follower:
            self._attached_at = self._looked_at
        if primary != self._primary or book.primary != self._book.primary:
            self.streaming = False
        self._book, self._primary = book, primary

    async def run(self) -> None:
        """For ever."""
        while True:
            if self._primary is not None and self._book.follower is not Follower.NONE:
                await self._follow(self._primary)
            await asyncio.sleep(CLOSELY_S)

    async def guard(self) -> None:
        primary = self._primary
        await guard(*self._database.opened(), other(self._book.primary))
        self.guarded = primary is not None and self._primary == primary

    async def _follow(self, primary: ProcessRef) -> None:
        """As long as that process is the primary, and answers."""
        try:
            connection = await opened(*self._database.opened())
        except UNREACHABLE:
            return
        try:
            while self._primary == primary and self._book.follower is not Follower.NONE:
                await self._ask(connection, primary)
                await asyncio.sleep(AT_REST_S if self.streaming else CLOSELY_S)
        except UNREACHABLE:
            self._found(False)
        finally:
            connection.terminate()

    async def _ask(self, connection: Any, primary: ProcessRef) -> None:
        found = await is_followed(connection, other(self._book.primary))
        if self._primary == primary:
            self._found(found)

    def _found(self, streaming: bool) -> None:
        if streaming != self.streaming:
            self.streaming = streaming
            self._attached_at = self._clock()
            self._news()
