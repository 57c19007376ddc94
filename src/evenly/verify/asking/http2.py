"""One request by HTTP/2, on a TLS connection that agreed to it."""

import socket
import time
from collections.abc import Sequence

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import H2Error

from evenly.verify.asking.addresses import PATIENCE_S
from evenly.verify.asking.answers import LARGEST_BODY, Answer, NoAnswerError, lowered
from evenly.verify.asking.http1 import told


class _Exchange:
    """One stream, from its request to its end."""

    def __init__(self, made: socket.socket, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        self._socket = made
        self._connection = H2Connection(
            H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        )
        self._connection.initiate_connection()
        number = self._connection.get_next_available_stream_id()
        self._connection.send_headers(number, headers, end_stream=not body)
        if body:
            self._connection.send_data(number, body, end_stream=True)
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.ended = False

    def run(self, end: float) -> None:
        self._flush()
        while not self.ended and len(self.body) < LARGEST_BODY:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError("the connection ended")
            for event in self._connection.receive_data(data):
                self._take(event)
            self._flush()

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived():
                self.headers = [(str(name), str(value)) for name, value in event.headers]
            case DataReceived():
                self.body += event.data
                self._connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                self.ended = True
            case StreamReset() | ConnectionTerminated():
                raise ConnectionError(f"it was reset with code {event.error_code}")
            case _:
                pass

    def _flush(self) -> None:
        self._socket.sendall(self._connection.data_to_send())


def exchange(
    asked: str,
    made: socket.socket,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    patience_s: float = PATIENCE_S,
) -> Answer:
    """`headers` with the pseudo-headers. `body`: 16 KiB at most. Raises NoAnswerError."""
    started = time.monotonic()
    try:
        done = _Exchange(made, headers, body)
        done.run(started + patience_s)
    except TimeoutError:
        raise NoAnswerError(asked, f"No answer came by HTTP/2 within {patience_s:g} s.") from None
    except (H2Error, OSError, ValueError) as error:
        raise NoAnswerError(asked, f"No answer by HTTP/2: {told(error)}.") from None
    return answer(asked, done.headers, done.body, "2", time.monotonic() - started)


def answer(
    asked: str, headers: Sequence[tuple[str, str]], body: bytes, version: str, duration_s: float
) -> Answer:
    """From headers with `:status` among them. Raises NoAnswerError where it is not."""
    status = dict(headers).get(":status", "")
    if not status.isdigit():
        raise NoAnswerError(asked, f"The answer by HTTP/{version} has no status.")
    real = [(name, value) for name, value in headers if not name.startswith(":")]
    return Answer(asked, int(status), lowered(real), body, version, duration_s)
