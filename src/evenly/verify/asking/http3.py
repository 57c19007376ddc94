"""One request by HTTP/3."""

import asyncio
import ssl
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamReset

from evenly.verify.asking.addresses import PATIENCE_S, Place, addresses
from evenly.verify.asking.addresses import connect as connect_by_tcp
from evenly.verify.asking.answers import LARGEST_BODY, Answer, NoAnswerError
from evenly.verify.asking.http1 import told
from evenly.verify.asking.http2 import answer


class _Client(QuicConnectionProtocol):
    """One connection with one stream."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self._http = H3Connection(self._quic)
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.failed = ""
        self.ended = asyncio.Event()

    def ask(self, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        number = self._quic.get_next_available_stream_id()
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        self._http.send_headers(number, encoded, end_stream=not body)
        if body:
            self._http.send_data(number, body, end_stream=True)
        self.transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated | StreamReset) and not self.ended.is_set():
            self.failed = f"it was ended with code {event.error_code}"
            self.ended.set()
        for each in self._http.handle_event(event):
            self._take(each)

    def _take(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived) and not self.headers:
            self.headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
        if isinstance(event, DataReceived):
            self.body += event.data
        if len(self.body) >= LARGEST_BODY or getattr(event, "stream_ended", False):
            self.ended.set()


def exchange(
    asked: str,
    where: Place,
    ca_file: Path | None,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    patience_s: float = PATIENCE_S,
) -> Answer:
    """`headers` with the pseudo-headers. Not from within an event loop. Raises NoAnswerError."""
    started = time.monotonic()
    try:
        came = asyncio.run(_ask(_address(where), where, ca_file, headers, body, patience_s))
    except TimeoutError:
        raise NoAnswerError(asked, f"No answer came by HTTP/3 within {patience_s:g} s.") from None
    except (OSError, ValueError) as error:
        raise NoAnswerError(asked, f"No answer by HTTP/3: {told(error)}.") from None
    return answer(asked, *came, "3", time.monotonic() - started)


def _address(where: Place) -> str:
    """The one that answers by TCP, since UDP does not tell who listens; else the first. Raises OSError."""
    try:
        with connect_by_tcp(where) as made:
            return str(made.getpeername()[0])
    except OSError:
        return addresses(where.host, where.port)[0]


async def _ask(
    address: str,
    where: Place,
    ca_file: Path | None,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    patience_s: float,
) -> tuple[list[tuple[str, str]], bytes]:
    trust = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=where.host)
    trusted = str(ca_file) if ca_file else ssl.get_default_verify_paths().cafile
    if trusted:
        trust.load_verify_locations(cafile=trusted)
    async with asyncio.timeout(patience_s):
        async with connect(address, where.port, configuration=trust, create_protocol=_Client) as made:
            client = cast(_Client, made)
            client.ask(headers, body)
            await client.ended.wait()
            if client.failed:
                raise ConnectionError(client.failed)
            return client.headers, client.body
