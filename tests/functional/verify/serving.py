"""Serves a behaviour by HTTP/1.1, HTTP/2, HTTP/3 and plain HTTP, on free ports of loopback, in a thread of its own."""

import asyncio
import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import H2Error
from tests.functional.verify.behaving import Behaviour, Request, Response, Service
from tests.functional.verify.issuing import HOST, Issued


@dataclass(frozen=True)
class Doors:
    """How the service is reached: TLS versions, what ALPN may choose, and whether HTTP/2 says anything."""

    lowest: str = "TLSv1_2"
    highest: str = "TLSv1_3"
    protocols: tuple[str, ...] = ("h2", "http/1.1")
    http2_answers: bool = True


@dataclass
class Running:
    """A service that runs, by its addresses."""

    service: Service
    url: str
    plain_url: str


@contextlib.contextmanager
def running(behaviour: Behaviour, doors: Doors, issued: Issued, host: str = HOST) -> Iterator[Running]:
    service = Service(behaviour, host)
    ready: list[int] = []
    started = threading.Event()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(_serve(service, doors, issued, ready, started, stop))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(10) and ready, "the service did not start"
        https, plain = ready
        yield Running(service, f"https://{host}:{https}/", f"http://{host}:{plain}/")
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def _serve(
    service: Service,
    doors: Doors,
    issued: Issued,
    ready: list[int],
    started: threading.Event,
    stop: asyncio.Event,
) -> None:
    connections = _Connections()

    async def secure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await connections.hold(_connected(service, doors, reader, writer), writer)

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await connections.hold(_by_http1(service, reader, writer, plain=True), writer)

    async with contextlib.AsyncExitStack() as stack:
        try:
            tls = _tls(doors, issued)
            https = await stack.enter_async_context(
                await asyncio.start_server(secure, "127.0.0.1", 0, ssl=tls)
            )
            http = await stack.enter_async_context(await asyncio.start_server(plain, "127.0.0.1", 0))
            service.https_port = _port(https)
            quic = await _quic(service, issued)
            stack.callback(quic.close)
            ready.extend((service.https_port, _port(http)))
        finally:
            started.set()
        await stop.wait()
        await connections.end()


class _Connections:
    """Those that are open, so that none outlives its loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def hold(self, work: Coroutine[Any, Any, None], writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await work
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()
            writer.transport.abort()
            self._tasks.discard(task)

    async def end(self) -> None:
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(tuple(self._tasks))
        await asyncio.sleep(0)


def _tls(doors: Doors, issued: Issued) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.chain, issued.key)
    if doors.protocols:
        context.set_alpn_protocols(list(doors.protocols))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old versions are what is tested
        context.minimum_version = ssl.TLSVersion[doors.lowest]
        context.maximum_version = ssl.TLSVersion[doors.highest]
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def _connected(
    service: Service, doors: Doors, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    agreed = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    if agreed == "h2":
        await _by_http2(service, doors, reader, writer)
    else:
        await _by_http1(service, reader, writer, plain=False)


async def _by_http1(
    service: Service, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, plain: bool
) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.strip("\r\n").split("\r\n")
            method, _, rest = line.partition(" ")
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (it.partition(":") for it in fields)
            }
            length = int(headers.get("content-length", 0))
            body = await reader.readexactly(length) if length <= 64 * 1024 else b""
            request = Request(method, rest.rpartition(" ")[0], headers, body, plain, length)
            response = service.answer(request)
            writer.write(_bytes(response, keep=length == len(body)))
            await writer.drain()
            if length != len(body):
                break


def _bytes(response: Response, *, keep: bool) -> bytes:
    told = {**response.headers, "content-length": str(len(response.body))}
    told |= {} if keep else {"connection": "close"}
    lines = [f"HTTP/1.1 {response.status} .", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body


async def _by_http2(
    service: Service, doors: Doors, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    with contextlib.suppress(OSError, H2Error):
        while data := await reader.read(65536):
            for event in connection.receive_data(data):
                if isinstance(event, RequestReceived) and doors.http2_answers:
                    response = service.answer(_request(dict(event.headers), "2"))
                    connection.send_headers(event.stream_id, _fields(response))
                    connection.send_data(event.stream_id, response.body, end_stream=True)
            writer.write(connection.data_to_send())
            await writer.drain()


def _request(headers: dict[str, str], version: str) -> Request:
    usual = {name: value for name, value in headers.items() if not name.startswith(":")}
    return Request(
        headers[":method"], headers[":path"], {**usual, "host": headers[":authority"]}, version=version
    )


def _fields(response: Response) -> list[tuple[str, str]]:
    return [(":status", str(response.status)), *response.headers.items()]


async def _quic(service: Service, issued: Issued) -> Any:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
    configuration.load_cert_chain(issued.chain, issued.key)

    class Protocol(QuicConnectionProtocol):
        _http: H3Connection | None = None

        def quic_event_received(self, event: QuicEvent) -> None:
            self._http = self._http or H3Connection(self._quic)
            for each in self._http.handle_event(event):
                if isinstance(each, HeadersReceived):
                    self._answer(each)

        def _answer(self, asked: HeadersReceived) -> None:
            headers = {name.decode(): value.decode() for name, value in asked.headers}
            response = service.answer(_request(headers, "3"))
            encoded = [(name.encode(), value.encode()) for name, value in _fields(response)]
            self._http.send_headers(asked.stream_id, encoded)
            self._http.send_data(asked.stream_id, response.body, end_stream=True)
            self.transmit()

    return await serve("127.0.0.1", service.https_port, configuration=configuration, create_protocol=Protocol)


def dead_port() -> int:
    """A port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
