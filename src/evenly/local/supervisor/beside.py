"""What goes on for the database beside its room's decisions: one task of a kind at once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

from evenly.core.failover import Action
from evenly.core.parts import restart_delay_s
from evenly.errors import StateError
from evenly.local.postgres.replication import UNREACHABLE
from evenly.local.supervisor.journal import Journal

RETRY_S = 0.1  # for what has to be done once more


class Beside:
    """`ended` hears of each end. What can't be done is told to the journal, and may be begun again."""

    def __init__(self, journal: Journal, ended: Callable[[], None]) -> None:
        self._journal = journal
        self._ended = ended
        self._tasks: dict[type[Action], asyncio.Task[None]] = {}
        self._failures: Counter[type[Action]] = Counter()

    def begin(self, kind: type[Action], work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(self._whole(kind, work))
        self._tasks[kind] = task
        task.add_done_callback(lambda _: self._ended())

    def end(self, kind: type[Action]) -> None:
        task = self._tasks.pop(kind, None)
        if task is not None:
            task.cancel()

    def works_on(self, kind: type[Action]) -> bool:
        return kind in self._tasks and not self._tasks[kind].done()

    async def _whole(self, kind: type[Action], work: Coroutine[None, None, None]) -> None:
        """It lasts longer after each failure, so that what never works, on a full disk say, is seldom tried."""
        try:
            await work
            self._failures[kind] = 0
        except (*UNREACHABLE, StateError) as error:
            self._failures[kind] += 1
            self._journal.write("database-standby-waits", why=str(error) or type(error).__name__)
            await asyncio.sleep(max(RETRY_S, restart_delay_s(self._failures[kind])))
