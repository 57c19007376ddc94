"""Who the service connects to its database as. What it was started with is good until a rotation has come round twice,
and nobody tells it then: so when the database refuses it, the secret is read again, where there is one to read.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html: a task keeps the values
that it was started with.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

import asyncpg

REFUSED = (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError)
PAUSE_S = 5.0  # between two readings: a wrong password is tried by every connector of the pool
KEYS = {"username": "user", "password": "password"}  # of the secret, and of asyncpg

Read = Callable[[], Awaitable[str]]
S = TypeVar("S")


class Credentials(Generic[S]):
    """Connects, by `connect`, as whoever is known; the first time with nothing: what the environment says. `read`: the
    secret's text; `None` where there is none to read."""

    def __init__(
        self,
        connect: Callable[[Mapping[str, str]], Awaitable[S]],
        read: Read | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._read = read
        self._clock = clock
        self._known: dict[str, str] = {}
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What was read, and must never be written anywhere."""
        return (self._known["password"],) if "password" in self._known else ()

    async def connect(self) -> S:
        """A session. Raises what connecting raises; where reading the secret fails, the database's refusal."""
        tried = self._known
        try:
            return await self._connect(tried)
        except REFUSED:
            if not await self._learned(tried):
                raise
        return await self._connect(self._known)

    async def _learned(self, tried: Mapping[str, str]) -> bool:
        """Whether there is somebody else to be than who was refused."""
        if self._read is None:
            return False
        async with self._lock:
            if self._known is not tried:
                return True  # another connector was quicker
            if self._clock() - self._read_at < PAUSE_S:
                return False
            self._read_at = self._clock()
            found = await _parsed(self._read)
            if not found or found == tried:
                return False
            self._known = found
            return True


async def _parsed(read: Read) -> dict[str, str]:
    try:
        told: Any = json.loads(await read())
        return {ours: str(told[theirs]) for theirs, ours in KEYS.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
