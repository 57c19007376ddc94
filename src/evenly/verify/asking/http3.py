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
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ask(self, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        number = self._quic.get_next_available_stream_id()
        encoded = [(name.encode(), value.encode()) for name, value in headers]
        self._http.send_headers(number, encoded, end_stream=not body)
        if body:
            self._http.send_data(number, body, end_stream=True)
        self.transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated | StreamReset) and not self.ended.done():
            self.ended.set_exception(ConnectionError(f"it was ended with code {event.error_code}"))
        for each in self._http.handle_event(event):
            self._take(each)

    def _take(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived) and not self.headers:
            self.headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
        if isinstance(event, DataReceived):
            self.body += event.data
        over = len(self.body) >= LARGEST_BODY or getattr(event, "stream_ended", False)
        if over and not self.ended.done():
            self.ended.set_result(None)


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
    failed: Exception = OSError("the name has no address")
    for address in _addresses(asked, where):
        try:
            came = asyncio.run(_ask(address, where, ca_file, headers, body, patience_s / 2))
        except TimeoutError as error:  # perhaps it listens at another address
            failed = error
        except (OSError, ValueError) as error:
            raise NoAnswerError(asked, f"No answer by HTTP/3: {told(error)}.") from None
        else:
            return answer(asked, *came, "3", time.monotonic() - started)
    raise NoAnswerError(asked, f"No answer by HTTP/3: {told(failed)}.")


def _addresses(asked: str, where: Place) -> tuple[str, ...]:
    try:
        return addresses(where.host, where.port)[:2]
    except OSError as error:
        raise NoAnswerError(asked, f"No answer by HTTP/3: {told(error)}.") from None


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
    try:
        async with asyncio.timeout(patience_s):
            async with connect(address, where.port, configuration=trust, create_protocol=_Client) as made:
                client = cast(_Client, made)
                client.ask(headers, body)
                await client.ended
                return client.headers, client.body
    except TimeoutError:
        raise TimeoutError(f"silence for {patience_s:g} s") from None
