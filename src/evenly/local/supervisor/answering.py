"""Whether the primary answers: it is asked for a first word, again and again, each time on a connection of its own."""

import asyncio
import time
from collections.abc import Callable

from evenly.core.failover import is_hung
from evenly.core.fleet import ProcessRef
from evenly.local.postgres import Server
from evenly.local.postgres.readiness import answers
from evenly.local.processes import main_thread_s

EACH_S = 1.0
WITHIN_S = 1.0


class Answering:
    """`doubts`: the last question got no answer. `hangs`: nor did those before, for too long. `news` hears of both."""

    def __init__(self, news: Callable[[], None]) -> None:
        self.doubts = False
        self.hangs = False
        self._news = news
        self._asked: tuple[Server, ProcessRef] | None = None
        self._heard_at, self._worked_s = time.monotonic(), 0.0

    def look(self, server: Server, process: ProcessRef | None) -> ProcessRef | None:
        """Whom to ask: the primary's process. It is returned if it is found to hang."""
        asked = (server, process) if process else None
        if asked != self._asked:
            self._asked = asked
            self._hear()
        return process if self.hangs else None

    def believed(self, detached_s: float) -> float:
        """How long the standby has not followed, by the primary's word: one that does not answer can't say that."""
        return 0.0 if self.doubts else detached_s

    async def run(self) -> None:
        """For ever."""
        while True:
            asked = self._asked
            if asked is not None:
                await self._ask(asked)
            await asyncio.sleep(0 if self.doubts else EACH_S)

    async def _ask(self, asked: tuple[Server, ProcessRef]) -> None:
        began = time.monotonic()
        answered = await answers(asked[0], WITHIN_S)
        took_s = time.monotonic() - began
        if self._asked != asked:
            return
        if answered is not False:
            self._hear()
        elif took_s < 2 * WITHIN_S:  # else it was we who were late
            worked_s = main_thread_s(asked[1].pid) - self._worked_s
            self._tell(doubts=True, hangs=is_hung(time.monotonic() - self._heard_at, worked_s))
        else:
            self._hear_again()

    def _hear(self) -> None:
        self._hear_again()
        self._tell(doubts=False, hangs=False)

    def _hear_again(self) -> None:
        """Its time of silence begins now."""
        self._heard_at = time.monotonic()
        self._worked_s = main_thread_s(self._asked[1].pid) if self._asked else 0.0

    def _tell(self, *, doubts: bool, hangs: bool) -> None:
        changed = (doubts, hangs) != (self.doubts, self.hangs)
        self.doubts, self.hangs = doubts, hangs
        if changed:
            self._news()
