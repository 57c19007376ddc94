"""An app that writes down each request as it came, byte for byte: HTTPS with mutual TLS, in a thread of its own.

Its reader is strict: what is no plain HTTP/1.1 request, framed one way and no other, is noted as `broken`, so that
nothing smuggled can hide. By path: `/late` answers late, `/never` never, `/half` begins and stops, `/big` has no end,
`/socket` echoes.
"""

import asyncio
import contextlib
import re
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass, field
from typing import Self

LATE_S = 0.3
LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/1\.1\r\n")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*\r\n")


class BrokenError(Exception):
    """What came is no request in one plain form."""


@dataclass(frozen=True)
class Seen:
    """One request that reached the app; `body` is its length in bytes."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: int = 0

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Witness:
    """What reached the app, in order, and what was no request at all."""

    context: ssl.SSLContext
    seen: list[Seen] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(ready)))
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    def targets(self) -> list[str]:
        return [each.target for each in self.seen]

    async def _serve(self, ready: threading.Event) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0, ssl=self.context)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while head := await read_head(reader):
                await self._answer(head, reader, writer)
        except BrokenError as error:
            self.broken.append(str(error))
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            with contextlib.suppress(OSError, RuntimeError):
                writer.transport.abort()

    async def _answer(self, head: Seen, reader: StreamReader, writer: StreamWriter) -> None:
        whole = Seen(head.method, head.target, head.headers, await read_body(head, reader))
        if head.target != "/healthz":
            self.seen.append(whole)
        match head.target.partition("?")[0]:
            case "/late":
                await asyncio.sleep(LATE_S)
            case "/never":
                await asyncio.sleep(3600)
            case "/half":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
                await asyncio.sleep(3600)
            case "/big":
                await send_without_end(writer)
            case "/socket":
                await echo(reader, writer)
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n" + b"hello"[: 5 * (head.method != "HEAD")]
        )
        await writer.drain()


async def send_without_end(writer: StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 16384)
        await writer.drain()
        await asyncio.sleep(0.002)  # others are answered in between


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n")
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    raise EOFError


async def read_head(reader: StreamReader) -> Seen | None:
    """The request's line and headers; `None` at the end of the connection."""
    line = await reader.readline()
    if not line:
        return None
    method, target = whole(LINE, line)
    headers = []
    while (line := await reader.readline()) != b"\r\n":
        name, value = whole(HEADER, line)
        headers.append((name.lower(), value))
    return Seen(method, target, tuple(headers))


async def read_body(head: Seen, reader: StreamReader) -> int:
    lengths, codings = head.all("content-length"), head.all("transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise BrokenError(f"framed twice: {lengths} {codings}")
    if codings:
        if codings != ["chunked"]:
            raise BrokenError(f"framed strangely: {codings}")
        return await read_chunks(reader)
    if lengths and not re.fullmatch("[0-9]+", lengths[0]):
        raise BrokenError(f"no length: {lengths}")
    return await skip(reader, int(lengths[0]) if lengths else 0)


async def read_chunks(reader: StreamReader) -> int:
    total = 0
    while True:
        (said,) = whole(re.compile(rb"([0-9a-f]+)\r\n"), await reader.readline())
        total += await skip(reader, int(said, 16))
        if await reader.readexactly(2) != b"\r\n":
            raise BrokenError("a chunk without its end")
        if int(said, 16) == 0:
            return total


async def skip(reader: StreamReader, count: int) -> int:
    left = count
    while left:
        left -= len(await reader.readexactly(min(left, 65536)))
    return count


def whole(pattern: re.Pattern[bytes], line: bytes) -> tuple[str, ...]:
    if not line:
        raise EOFError
    found = pattern.fullmatch(line)
    if not found:
        raise BrokenError(repr(line))
    return tuple(each.decode("latin-1") for each in found.groups())
