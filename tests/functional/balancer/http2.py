"""An HTTP/2 client for the tests, on h2: sends what it is told to, WebSockets by extended CONNECT included."""

import asyncio
import contextlib
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from tests.functional.balancer.http3 import PATIENCE_S, Headers, Stream, end


class Http2Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.connection = H2Connection(
            H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        )
        self.streams: dict[int, Stream] = defaultdict(Stream)
        self.settled = asyncio.Event()
        self.connection.initiate_connection()
        self._flush()

    async def ask(
        self,
        method: str,
        path: str,
        headers: Headers | None = None,
        body: bytes = b"",
        host: str = "localhost",
    ) -> Stream:
        asked = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
        number, stream = self.open([*asked, *(headers or ())], last=not body)
        if body:
            self.send(number, body, last=True)
        async with asyncio.timeout(PATIENCE_S):
            await stream.ended.wait()
        return stream

    def open(self, headers: Headers, last: bool) -> tuple[int, Stream]:
        number = self.connection.get_next_available_stream_id()
        self.connection.send_headers(number, headers, end_stream=last)
        self._flush()
        return number, self.streams[number]

    def send(self, number: int, data: bytes, last: bool = False) -> None:
        self.connection.send_data(number, data, last)
        self._flush()

    def send_trailers(self, number: int, trailers: Headers) -> None:
        self.connection.send_headers(number, trailers, end_stream=True)
        self._flush()

    @property
    def takes_websockets(self) -> bool:
        return self.connection.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL, 0) == 1

    async def read(self) -> None:
        """Until the other side closes."""
        while data := await self._reader.read(65536):
            for event in self.connection.receive_data(data):
                self._take(event)
            self.settled.set()
            self._flush()
        for stream in self.streams.values():
            end(stream, "closed")

    def _take(self, event: object) -> None:
        match event:
            case ResponseReceived():
                self.streams[event.stream_id].headers |= dict(event.headers)
                self.streams[event.stream_id].changed.set()
            case DataReceived():
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self.streams[event.stream_id].body += event.data
                self.streams[event.stream_id].changed.set()
            case StreamEnded():
                end(self.streams[event.stream_id], "")
            case StreamReset():
                end(self.streams[event.stream_id], f"reset {event.error_code}")
            case _:
                pass

    def _flush(self) -> None:
        self._writer.write(self.connection.data_to_send())


@contextlib.asynccontextmanager
async def http2(port: int, authority: Path) -> AsyncIterator[Http2Client]:
    trust = ssl.create_default_context(cafile=str(authority))
    trust.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
    client = Http2Client(reader, writer)
    reading = asyncio.create_task(client.read())
    try:
        await asyncio.wait_for(client.settled.wait(), PATIENCE_S)
        yield client
    finally:
        reading.cancel()
        await cut(writer)


async def cut(writer: asyncio.StreamWriter) -> None:
    """Ends a connection without ceremony, and waits until it is gone."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
