"""Operations on the database that wait for it instead of failing: the deadline and the retry.

A deadline closes the connection and sends no cancel request: a hung server would not answer one, and a
commit that waits for its standby must never be cancelled.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Generic, TypeVar

import asyncpg

from evenly.webapp.http import Request
from evenly.webapp.pool import Pool, Session, UnavailableError
from evenly.webapp.retry import DEFAULT, Policy, backoff

RETRIED = (
    OSError,  # TimeoutError is one
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.InternalClientError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InvalidCatalogNameError,  # for the instant in which `evenly database reset` puts the new one in place
    asyncpg.InvalidCachedStatementError,  # a migration changed the table under a prepared statement
)
NOTHING_CHANGED = (asyncpg.ReadOnlySQLTransactionError, asyncpg.InvalidCachedStatementError)

S = TypeVar("S", bound=Session)
R = TypeVar("R")


class OutcomeUnknownError(Exception):
    """The connection was lost after a change was sent and before it was confirmed."""


class Database(Generic[S]):
    """Runs operations on sessions of a pool. Time spent is added to the request, in seconds."""

    def __init__(
        self,
        pool: Pool[S],
        policy: Policy = DEFAULT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.pool = pool
        self._policy = policy
        self._clock = clock
        self._sleep = sleep

    async def read(self, operation: Callable[[S], Awaitable[R]], request: Request) -> R:
        """The result of an operation that may be repeated. Raises `UnavailableError` after the policy's time."""
        started = self._clock()
        try:
            return await self._repeat(operation, started + self._policy.within)
        finally:
            request.database_time += self._clock() - started

    async def write(self, operation: Callable[[S], Awaitable[R]], request: Request) -> R:
        """The result of an operation that must not run twice. Raises `UnavailableError` if it certainly changed
        nothing, `OutcomeUnknownError` if that cannot be told."""
        started = self._clock()
        deadline = started + self._policy.within
        session = await self.pool.acquire(self._policy.within)
        try:
            return await self._attempt(session, operation, deadline - self._clock())
        except NOTHING_CHANGED as error:
            raise UnavailableError from error
        except RETRIED as error:
            raise OutcomeUnknownError from error
        finally:
            request.database_time += self._clock() - started

    async def answers(self, operation: Callable[[S], Awaitable[R]], seconds: float) -> bool:
        """Whether one operation succeeds within `seconds`."""
        try:
            await self._repeat(operation, self._clock() + seconds)
        except (UnavailableError, asyncpg.PostgresError):
            return False
        return True

    async def _repeat(self, operation: Callable[[S], Awaitable[R]], deadline: float) -> R:
        for attempt in count():
            session = await self.pool.acquire(deadline - self._clock())
            seconds = min(self._policy.attempt, deadline - self._clock())
            try:
                return await self._attempt(session, operation, seconds)
            except RETRIED as error:
                pause = backoff(attempt, self._policy, random.random())  # noqa: S311
                if self._clock() + pause >= deadline:
                    raise UnavailableError from error
            await self._sleep(pause)
        raise AssertionError("unreachable")

    async def _attempt(self, session: S, operation: Callable[[S], Awaitable[R]], seconds: float) -> R:
        """A session whose operation failed in any way is not used again: it is the one safe rule."""
        limit = asyncio.get_running_loop().call_later(max(0.0, seconds), session.close)
        try:
            result = await operation(session)
        except BaseException:
            self.pool.discard(session)
            raise
        finally:
            limit.cancel()
        self.pool.release(session)
        return result
