"""Asking an environment's edge: a connection to this machine, and what was answered."""

import http.client
import json
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Edge(http.client.HTTPSConnection):
    """A connection to this machine, whatever the name in the address."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(host, port, context=context, timeout=20)
        self._trust = context

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)

    def certificate(self) -> bytes:
        """What it is shown, as DER; closes it."""
        with closing(self):
            self.connect()
            return self.sock.getpeercert(binary_form=True)
