"""A pool of database sessions that outlives the database. Knows no driver: how to connect is passed in.

Why not asyncpg's own: its acquire and release cost more than our query (a proxy, two futures, a task and
the reset's round trip each time), and while the database is away each waiting request connects on its
own. Here requests only wait; at most `size` connectors try, and hand over what they get. Once one has failed,
a single one tries for all: each attempt costs a database that is starting a process of its own. What a burst has
opened is closed again: the session used last is used next, so that the others fall idle.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from evenly.webapp.retry import DEFAULT, Policy, backoff

KEPT_IDLE_S = 30.0


class Session(Protocol):
    """One connection with what was prepared on it. `close` is immediate and may be called twice."""

    @property
    def usable(self) -> bool: ...

    def close(self) -> None: ...


S = TypeVar("S", bound=Session)


class UnavailableError(Exception):
    """No answer from the database before the deadline; nothing was changed."""


class Pool(Generic[S]):
    """At most `size` sessions, made when they are needed. `failed` is told of each failure to connect. All but one
    are closed when they have not been used for `KEPT_IDLE_S`, which is looked at whenever another is given back."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[S]],
        size: int,
        failed: Callable[[Exception], None],
        policy: Policy = DEFAULT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._limit = size
        self._failed = failed
        self._policy = policy
        self._clock = clock
        self._idle: deque[tuple[float, S]] = deque()
        self._waiting: deque[asyncio.Future[S]] = deque()
        self._connectors: set[asyncio.Task[None]] = set()
        self._in_use: set[S] = set()
        self._failing = False
        self._closed = False

    @property
    def size(self) -> int:
        """Sessions that are open."""
        return len(self._idle) + len(self._in_use)

    @property
    def idle(self) -> int:
        return len(self._idle)

    def warm(self) -> None:
        """Starts to connect one session, so that the first request finds it. Fails silently."""
        self._start_connector()

    async def acquire(self, seconds: float) -> S:
        """A usable session, within `seconds`. Raises `UnavailableError`."""
        while self._idle:
            _, session = self._idle.pop()
            if session.usable:
                self._in_use.add(session)
                return session
        return await self._wait(seconds)

    def release(self, session: S) -> None:
        """Takes back a session that is in order."""
        self._in_use.discard(session)
        if self._closed or not session.usable:
            self.discard(session)
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._in_use.add(session)
                waiter.set_result(session)
                return
        self._idle.append((self._clock(), session))
        self._close_the_unused()

    def discard(self, session: S) -> None:
        """Closes a session that may not be in order."""
        self._in_use.discard(session)
        session.close()
        self._grow()

    def close(self) -> None:
        """Closes all sessions at once; requests that still wait run into their deadline."""
        self._closed = True
        for connector in self._connectors:
            connector.cancel()
        for session in (*(it for _, it in self._idle), *self._in_use):
            session.close()
        self._idle.clear()

    def _close_the_unused(self) -> None:
        since = self._clock() - KEPT_IDLE_S
        while len(self._idle) > 1 and self._idle[0][0] < since:
            self._idle.popleft()[1].close()

    async def _wait(self, seconds: float) -> S:
        waiter: asyncio.Future[S] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._grow()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                return await waiter
        except TimeoutError:
            self._leave(waiter)
            raise UnavailableError from None
        except asyncio.CancelledError:
            self._leave(waiter)
            raise

    def _leave(self, waiter: asyncio.Future[S]) -> None:
        """A session may have been handed over in the very moment in which the wait ended."""
        if waiter.done() and not waiter.cancelled():
            self.release(waiter.result())
        elif waiter in self._waiting:
            self._waiting.remove(waiter)

    def _grow(self) -> None:
        room = self._limit - self.size
        wanted = min(len(self._waiting), room, 1 if self._failing else room)
        while len(self._connectors) < wanted and not self._closed:
            self._start_connector()

    def _start_connector(self) -> None:
        connector = asyncio.get_running_loop().create_task(self._connect_one())
        self._connectors.add(connector)
        connector.add_done_callback(self._connector_done)

    def _connector_done(self, connector: asyncio.Task[None]) -> None:
        self._connectors.discard(connector)
        self._grow()

    async def _connect_one(self) -> None:
        """Tries once, and again for as long as a request waits and nobody else tries."""
        attempt = 0
        while attempt == 0 or self._waiting:
            try:
                session = await self._connect()
            except Exception as error:
                self._failed(error)
                self._failing = True
            else:
                self._failing = False
                self.release(session)
                return
            if len(self._connectors) > 1:
                return
            await asyncio.sleep(backoff(attempt, self._policy, random.random()))  # noqa: S311
            attempt += 1
