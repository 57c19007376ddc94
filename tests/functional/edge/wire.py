"""A client that sends the very bytes it is told to, over TLS, and reads answers strictly."""

import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Self

from tests.functional.edge.frames import Frames

LINGER_S = 0.03
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r\n")


@dataclass(frozen=True)
class Answer:
    """One answer; header names in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Wire:
    """One connection. Every wait ends after `patience_s`."""

    def __init__(self, connection: socket.socket, patience_s: float = 10.0) -> None:
        self.socket = connection
        self.socket.settimeout(patience_s)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Whether the other side took it."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def answers(self) -> list[Answer]:
        """The next answer and all that follow it at once. Raises TimeoutError if there is none."""
        found = []
        answer = self.answer()
        self.socket.settimeout(LINGER_S)
        while answer:
            found.append(answer)
            try:
                answer = self.answer()
            except TimeoutError:
                break
        return found

    def answer(self, method: str = "GET") -> Answer | None:
        """The next answer; `None` if the connection ended without one. Raises TimeoutError."""
        while True:
            if found := self._next(method):
                return found
            more = self._receive()
            if not more:
                return None
            self._read += more

    def is_closed(self, within_s: float) -> bool:
        """Whether the other side closes within that time; what it says first is kept."""
        end = time.monotonic() + within_s
        try:
            while (left := end - time.monotonic()) > 0:
                self.socket.settimeout(left)
                more = self._receive()
                if not more:
                    return True
                self._read += more
        except TimeoutError:
            pass
        return False

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except TimeoutError:
            raise
        except OSError:  # a reset ends the connection as well
            return b""

    def _next(self, method: str = "GET") -> Answer | None:
        head, gap, rest = self._read.partition(b"\r\n\r\n")
        if not gap:
            return None
        found = STATUS.match(head + b"\r\n")
        assert found, head
        fields = [line.decode("latin-1").partition(":") for line in head.split(b"\r\n")[1:]]
        headers = {name.lower(): value.strip() for name, _, value in fields}
        assert "transfer-encoding" not in headers, "the witness always says a length"
        length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self._read = rest[length:]
        return Answer(int(found[1]), headers, rest[:length])


@dataclass(frozen=True)
class Clients:
    """Makes connections to one port, with trust in one authority."""

    port: int
    authority: str

    def plain(self, patience_s: float = 10.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), patience_s)

    def http1(self, patience_s: float = 10.0) -> Wire:
        return Wire(self._secure(self.plain(patience_s), "http/1.1"), patience_s)

    def http2(self, patience_s: float = 10.0) -> Frames:
        return Frames(self._secure(self.plain(patience_s), "h2"), patience_s)

    def ask(self, request: bytes) -> list[Answer]:
        """Every answer that these bytes get."""
        with self.http1() as wire:
            wire.send(request)
            return wire.answers()

    def first(self, request: bytes, method: str = "GET") -> Answer | None:
        with self.http1() as wire:
            wire.send(request)
            return wire.answer(method)

    def _secure(self, plain: socket.socket, protocol: str) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.authority)
        context.set_alpn_protocols([protocol])
        return context.wrap_socket(plain, server_hostname="localhost")
