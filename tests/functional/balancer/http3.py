"""An HTTP/3 client for the tests, on aioquic."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamReset
from aioquic.tls import SessionTicket

Headers = list[tuple[str, str]]
PATIENCE_S = 10.0


@dataclass
class Stream:
    """What came back on one stream."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    failed: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def status(self) -> int:
        return int(self.headers.get(":status", 0))

    async def until(self, marker: bytes) -> None:
        """Until `marker` is in the body."""
        async with asyncio.timeout(PATIENCE_S):
            while marker not in self.body:
                assert not self.ended.is_set(), self
                self.changed.clear()
                await self.changed.wait()


class Http3Client(QuicConnectionProtocol):
    """One connection."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._http = H3Connection(self._quic, enable_webtransport=False)
        self.streams: dict[int, Stream] = defaultdict(Stream)
        self.terminated = ""

    async def ask(
        self,
        method: str,
        path: str,
        headers: Headers | None = None,
        body: bytes = b"",
        host: str = "localhost",
    ) -> Stream:
        asked = [
            (":method", method),
            (":scheme", "https"),
            (":authority", host),
            (":path", path),
            *(headers or ()),
        ]
        number, stream = self.open(asked, last=not body)
        if body:
            self.send(number, body, last=True)
        async with asyncio.timeout(PATIENCE_S):
            await stream.ended.wait()
        return stream

    def open(self, headers: Headers, last: bool) -> tuple[int, Stream]:
        number = self._quic.get_next_available_stream_id()
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        self._http.send_headers(number, encoded, end_stream=last)
        self.transmit()
        return number, self.streams[number]

    def send(self, number: int, data: bytes, last: bool = False) -> None:
        self._http.send_data(number, data, last)
        self.transmit()

    def send_trailers(self, number: int, trailers: Headers) -> None:
        self._http.send_headers(number, [(n.encode(), v.encode()) for n, v in trailers], end_stream=True)
        self.transmit()

    @property
    def early_data_accepted(self) -> bool:
        return self._quic.tls.early_data_accepted

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated):
            self.terminated = event.reason_phrase or "ended"
            for stream in self.streams.values():
                end(stream, self.terminated)
        if isinstance(event, StreamReset):
            end(self.streams[event.stream_id], f"reset {event.error_code}")
        for each in self._http.handle_event(event):
            if isinstance(each, HeadersReceived | DataReceived):
                self._take(each)

    def _take(self, event: HeadersReceived | DataReceived) -> None:
        stream = self.streams[event.stream_id]
        if isinstance(event, DataReceived):
            stream.body += event.data
        else:
            stream.headers |= {name.decode(): value.decode() for name, value in event.headers}
        stream.changed.set()
        if event.stream_ended:
            end(stream, "")


def end(stream: Stream, why: str) -> None:
    if not stream.ended.is_set():
        stream.failed = why
        stream.ended.set()
        stream.changed.set()


@contextlib.asynccontextmanager
async def http3(
    port: int,
    authority: Path,
    address: str = "127.0.0.1",
    ticket: SessionTicket | None = None,
    tickets: list[SessionTicket] | None = None,
) -> AsyncIterator[Http3Client]:
    """A connection to `address` that trusts `authority` alone. New session tickets go to `tickets`."""
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, server_name="localhost", session_ticket=ticket
    )
    configuration.load_verify_locations(cafile=str(authority))
    keep = tickets.append if tickets is not None else None
    async with connect(
        address,
        port,
        configuration=configuration,
        create_protocol=Http3Client,
        session_ticket_handler=keep,
    ) as client:
        yield client
