"""Who looks: a mailbox each, so that one that is slow holds up nobody, and none grows without bound."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator

MOST = 100  # frames that wait for a slow viewer: more than ten seconds of news


class Mailbox:
    """The frames for one viewer, in their order. One that lets too many wait is closed: its page will come back and
    be told all anew."""

    def __init__(self, most: int = MOST) -> None:
        self._frames: deque[bytes] = deque()
        self._most = most
        self._some = asyncio.Event()
        self.is_closed = False

    def put(self, frame: bytes) -> None:
        if self.is_closed:
            return
        if len(self._frames) >= self._most:
            self._frames.clear()
            self.close()
            return
        self._frames.append(frame)
        self._some.set()

    def close(self) -> None:
        """No more comes; what waits is still handed out."""
        self.is_closed = True
        self._some.set()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """What comes, as it comes, until it is closed."""
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self.is_closed:
                return
            self._some.clear()
            await self._some.wait()


class Viewers:
    """All who look."""

    def __init__(self) -> None:
        self._all: set[Mailbox] = set()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, mailbox: Mailbox) -> None:
        self._all.add(mailbox)

    def remove(self, mailbox: Mailbox) -> None:
        self._all.discard(mailbox)

    def tell(self, frame: bytes) -> None:
        for mailbox in tuple(self._all):
            mailbox.put(frame)
            if mailbox.is_closed:
                self._all.discard(mailbox)

    def close(self) -> None:
        for mailbox in self._all:
            mailbox.close()
