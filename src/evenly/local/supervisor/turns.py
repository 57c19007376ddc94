"""A loop that takes a turn at every piece of news, and in time."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable


class Turns:
    """Calls `turn` again when there is `news`, or when the first of the times that it returned has come."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def news(self) -> None:
        self._news.set()

    async def run(self, turn: Callable[[], Iterable[float | None]]) -> None:
        """For ever. `turn` returns times (monotonic seconds)."""
        while True:
            self._news.clear()
            times = [it for it in turn() if it is not None]
            wait_s = max(0.0, min(times) - time.monotonic()) if times else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
