"""An HTTP/2 client that sends the very frames it is told to: hyperframe and hpack, and no rules of its own."""

import contextlib
import socket
import struct
from collections.abc import Iterable
from typing import Self

from hpack import Decoder, Encoder
from hyperframe.frame import (
    ContinuationFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME = 16384
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
ACK = END_STREAM = 1
END_HEADERS = 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame of any kind, right or wrong."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def setting(name: int, value: int) -> bytes:
    return struct.pack(">HI", name, value)


def number(value: int) -> bytes:
    return struct.pack(">I", value)


class Frames:
    """One HTTP/2 connection, its preface and settings sent. Every wait ends after `patience_s`."""

    def __init__(self, connection: socket.socket, patience_s: float) -> None:
        self.socket = connection
        self.socket.settimeout(patience_s)
        self.encoder = Encoder()
        self.decoder = Decoder()
        self._read = b""
        self.send(PREFACE + SettingsFrame(0).serialize())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> bool:
        """Whether the other side took it."""
        try:
            self.socket.sendall(b"".join(parts))
        except OSError:
            return False
        return True

    def block(self, headers: Iterable[tuple[str, str]] = (), path: str = "/", method: str = "GET") -> bytes:
        """The header block of a request."""
        pseudo = [(":method", method), (":scheme", "https"), (":authority", "localhost"), (":path", path)]
        return self.encoder.encode([*pseudo, *headers], huffman=False)

    def request(
        self,
        stream: int,
        *,
        end: bool = True,
        headers: Iterable[tuple[str, str]] = (),
        path: str = "/",
        method: str = "GET",
    ) -> bytes:
        """A whole request but for its body, in as many frames as it takes."""
        return self.headers(stream, self.block(headers, path, method), end=end)

    def headers(self, stream: int, block: bytes, *, end: bool = True) -> bytes:
        parts = [block[at : at + FRAME] for at in range(0, len(block), FRAME)] or [b""]
        kinds = [HEADERS, *[CONTINUATION] * (len(parts) - 1)]
        flags = [end * END_STREAM, *[0] * (len(parts) - 1)]
        flags[-1] |= END_HEADERS
        return b"".join(
            frame(kind, flag, stream, part) for kind, flag, part in zip(kinds, flags, parts, strict=True)
        )

    def data(self, stream: int, payload: bytes, *, end: bool = False) -> bytes:
        return frame(DATA, end * END_STREAM, stream, payload)

    def next(self) -> Frame | None:
        """The next frame; `None` at the end. Raises TimeoutError."""
        header = self._exactly(9)
        if header is None:
            return None
        parsed, length = Frame.parse_frame_header(memoryview(header))
        body = self._exactly(length)
        if body is None:
            return None
        parsed.parse_body(memoryview(body))
        if isinstance(parsed, SettingsFrame) and "ACK" not in parsed.flags:
            self.send(frame(SETTINGS, ACK, 0))
        if isinstance(parsed, (HeadersFrame, ContinuationFrame)):
            parsed.said = dict(self.decoder.decode(parsed.data))  # type: ignore[union-attr]
        return parsed

    def until(self, *kinds: type[Frame], stream: int | None = None) -> Frame | None:
        """The next frame of one of these kinds; `None` if the connection ends first. Raises TimeoutError."""
        while (found := self.next()) is not None:
            if isinstance(found, kinds) and stream in (None, found.stream_id):
                return found
        return None

    def status(self, stream: int) -> int | None:
        """The status of the answer on this stream; `None` if it or the connection ended without one."""
        found = self.until(HeadersFrame, RstStreamFrame, stream=stream)
        return int(found.said[":status"]) if isinstance(found, HeadersFrame) else None

    def end(self) -> GoAwayFrame | None:
        """What the other side says when it ends the connection. Raises TimeoutError if it does not."""
        said = None
        while (found := self.next()) is not None:
            said = found if isinstance(found, GoAwayFrame) else said
        return said

    def lives(self) -> bool:
        """Whether the connection still answers."""
        self.send(frame(PING, 0, 0, b"are you?"))
        with contextlib.suppress(TimeoutError):
            return self.until(PingFrame) is not None
        return False

    def _exactly(self, count: int) -> bytes | None:
        while len(self._read) < count:
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                raise
            except OSError:
                more = b""
            if not more:
                return None
            self._read += more
        taken, self._read = self._read[:count], self._read[count:]
        return taken
