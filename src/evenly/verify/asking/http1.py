"""HTTP/1.1, sent byte for byte as asked, read strictly by the standard library."""

import io
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import cast

from evenly.verify.asking.addresses import PATIENCE_S
from evenly.verify.asking.answers import LARGEST_BODY, Answer, NoAnswerError, lowered


def request_bytes(method: str, target: bytes, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """What goes over the wire. Nothing is checked: what is sent may be wrong on purpose."""
    lines = [b"%b %b HTTP/1.1" % (method.encode("latin-1"), target)]
    lines += [f"{name}: {value}".encode() for name, value in headers]
    return b"\r\n".join([*lines, b"", body])


class Connection:
    """One connection, plain or TLS, for one request after the other. Close it."""

    def __init__(self, made: socket.socket, patience_s: float = PATIENCE_S) -> None:
        self._socket = made
        self._patience_s = patience_s
        self.is_open = True

    def close(self) -> None:
        self._socket.close()
        self.is_open = False

    def exchange(self, asked: str, method: str, sent: bytes) -> Answer:
        """Raises NoAnswerError."""
        started = time.monotonic()
        end = started + self._patience_s
        try:
            with suppress(
                ConnectionError
            ):  # refused before the whole was sent: the answer is there all the same
                self._socket.settimeout(self._patience_s)
                self._socket.sendall(sent)
            return self._read(asked, method, started, end)
        except TimeoutError:
            raise NoAnswerError(asked, f"No answer came within {self._patience_s:g} s.") from None
        except (HTTPException, OSError, ValueError) as error:
            raise NoAnswerError(asked, f"No answer that can be read: {told(error)}.") from None

    def _read(self, asked: str, method: str, started: float, end: float) -> Answer:
        came = HTTPResponse(cast(socket.socket, _Until(self._socket, end)), method=method)
        came.begin()
        body = came.read(LARGEST_BODY)
        if came.length and len(body) < LARGEST_BODY:
            raise IncompleteRead(body, came.length)
        if came.will_close or not came.isclosed():
            self.close()
        version = "1.1" if came.version == 11 else "1.0"
        headers = lowered(came.getheaders())
        return Answer(asked, came.status, headers, body, version, time.monotonic() - started)


def told(error: Exception) -> str:
    """The error as a clause."""
    return (str(error) or type(error).__name__).rstrip(".")


class _Until(io.RawIOBase):
    """Reads from a connection until a point in time, however slowly it comes: no timeout of a socket says that."""

    def __init__(self, made: socket.socket, end: float) -> None:
        self._socket = made
        self._end = end

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)
