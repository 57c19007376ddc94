"""Reads a dashboard as a browser does: its stream event by event, and its answers."""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

WITHIN_S = 10.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, method: str = "GET", body: object = None, **headers: str) -> Answer:
    """One request. A change has the page's own Origin, unless `headers` say another; `None` leaves one out."""
    at = urlsplit(url)
    origin = {} if method == "GET" else {"Origin": f"http://{at.netloc}"}
    said = {**origin, **{name.replace("_", "-"): value for name, value in headers.items()}}
    with contextlib.closing(http.client.HTTPConnection(at.netloc, timeout=WITHIN_S)) as connection:
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection.request(method, at.path, sent, {k: v for k, v in said.items() if v})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def wait_for(condition: Callable[[], Any], within_s: float = WITHIN_S) -> None:
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"it did not come within {within_s:g} s"
        time.sleep(0.01)


class Stream:
    """The events, in their order. `events`: (name, data) of all that was read."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self._socket = socket.create_connection((at.hostname or "", at.port or 0), timeout=WITHIN_S)
        self._socket.sendall(f"GET {at.path}events HTTP/1.0\r\nHost: {at.netloc}\r\n\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass
        self.events: list[tuple[str, Any]] = []

    def next(self) -> tuple[str, Any] | None:
        """The next event; `None` at the stream's end."""
        name, data = "", ""
        while line := self._file.readline().decode():
            if line.startswith("event: "):
                name = line[7:-1]
            elif line.startswith("data: "):
                data = line[6:-1]
            elif line == "\n" and name:
                self.events.append((name, json.loads(data)))
                return self.events[-1]
        return None

    def until(self, wanted: str, holds: Any = lambda _: True, within_s: float = WITHIN_S) -> Any:
        """The data of the next event of that name for which it holds."""
        end = time.monotonic() + within_s
        while (found := self.next()) is not None:
            if found[0] == wanted and holds(found[1]):
                return found[1]
            assert time.monotonic() < end, f"no such {wanted} within {within_s:g} s; came: {self.names()}"
        raise AssertionError(f"the stream ended without such a {wanted}; came: {self.names()}")

    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def stop_reading(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@contextlib.contextmanager
def watching(url: str) -> Iterator[Stream]:
    stream = Stream(url)
    try:
        yield stream
    finally:
        stream.close()
