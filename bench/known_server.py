"""A server whose latency is known: it answers when it is time, and writes down how long each answer took it.

    python -m bench.known_server

prints its port, and answers until its standard input ends; then it prints what it wrote down, as JSON: p50_ms and
p99_ms. 48 of 50 requests are answered after 10 ms and two after 100 ms, so that each of these percentiles is well
inside of one kind.
"""

import asyncio
import json
import sys

from evenly.verify.histogram import Histogram

QUICK_S, SLOW_S = 0.01, 0.1
OF, SLOW = 50, 2
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
END = b"\r\n\r\n"


class Book:
    """Every request there was, over all connections."""

    def __init__(self) -> None:
        self.taken = Histogram()
        self._number = 0

    def delay_s(self) -> float:
        self._number += 1
        return SLOW_S if self._number % OF < SLOW else QUICK_S


class Known(asyncio.Protocol):
    """One connection; one request after the other, without a body."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        came = self._loop.time()
        *requests, self._rest = (self._rest + data).split(END)
        for _ in requests:
            self._loop.call_later(self._book.delay_s(), self._answer, came)

    def _answer(self, came: float) -> None:
        self._book.taken.record(round((self._loop.time() - came) * 1e6))
        if self._transport and not self._transport.is_closing():
            self._transport.write(ANSWER)


async def main() -> None:
    book = Book()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Known(book), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    p50, p99 = book.taken.percentiles_us((50, 99))
    print(json.dumps({"p50_ms": p50 / 1000, "p99_ms": p99 / 1000}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
