"""How checks ask the service: any method, target, header and body, right or wrong on purpose.

Touches the network only. Every answer carries its evidence; where none comes, NoAnswerError does.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field

from evenly.verify.asking.addresses import PORTS, Place, connect, place
from evenly.verify.asking.answers import Answer, NoAnswerError, one_line
from evenly.verify.asking.doors import Door, enter
from evenly.verify.asking.handshakes import trusting, wrap
from evenly.verify.asking.http1 import Connection, request_bytes, told

__all__ = ["Answer", "NoAnswerError", "Place", "Service"]

Version = Literal["1.1", "2", "3"]
NONE: Mapping[str, str] = MappingProxyType({})
AGENT = "evenly-verify"


class Service(Struct, frozen=True):
    """A service by its addresses. `ca_file`: the authority to trust; `None`: those of the system. `plain_url`: where
    it answers by HTTP; `None` is port 80 beside HTTPS on 443, and unknown beside any other port. `door`: how a single
    instance is asked, past the balancer. `headers`: in place of the usual ones, on every request."""

    url: str
    ca_file: Path | None = None
    plain_url: str | None = None
    door: Door | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return place(self.url)

    @property
    def plain_place(self) -> Place | None:
        if self.plain_url:
            return place(self.plain_url)
        beside = self.place
        return Place("http", beside.host, PORTS["http"]) if beside.port == PORTS["https"] else None

    def get(self, target: str = "/", headers: Mapping[str, str] = NONE, *, http: Version = "1.1") -> Answer:
        """Raises NoAnswerError."""
        return self.request("GET", target, headers, http=http)

    def request(
        self,
        method: str,
        target: str | bytes = "/",
        headers: Mapping[str, str] = NONE,
        body: bytes = b"",
        *,
        http: Version = "1.1",
        plain: bool = False,
    ) -> Answer:
        """One request on a connection of its own, as it is given: nothing is escaped, followed or tried again.

        `headers` replace the usual ones of the same name (host, accept, user-agent, content-length). `plain`: to
        the HTTP address. Raises NoAnswerError.
        """
        match http:
            case "1.1":
                with self.connection(plain=plain) as asking:
                    return asking.request(method, target, headers, body)
            case "2":
                return self._by_http2(method, _text(target), headers, body)
            case "3":
                return self._by_http3(method, _text(target), headers, body)

    @contextmanager
    def connection(self, *, plain: bool = False) -> Iterator["Asking"]:
        """A kept connection by HTTP/1.1, for one request after the other. Raises NoAnswerError."""
        asking = Asking(self, self._where(plain))
        try:
            yield asking
        finally:
            asking.close()

    def _where(self, plain: bool) -> Place:
        where = self.plain_place if plain else self.place
        if where is None:
            raise NoAnswerError("HTTP", "The HTTP address is not known.")
        return where

    def _by_http2(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        from evenly.verify.asking import http2

        asked = f"{_asked(method, target, self.place, headers)} by HTTP/2"
        try:
            made = wrap(self.place, trusting(self.ca_file, "h2", "http/1.1"))
        except (OSError, ValueError) as error:
            raise NoAnswerError(asked, f"No connection: {told(error)}.") from None
        with made:
            if made.selected_alpn_protocol() != "h2":
                raise NoAnswerError(asked, "HTTP/2 was offered by ALPN, and not chosen.")
            return http2.exchange(asked, made, _pseudo(method, target, self.place, headers, body), body)

    def _by_http3(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        from evenly.verify.asking import http3

        asked = f"{_asked(method, target, self.place, headers)} by HTTP/3"
        pseudo = _pseudo(method, target, self.place, headers, body)
        return http3.exchange(asked, self.place, self.ca_file, pseudo, body)


class Asking:
    """Requests by HTTP/1.1, one after the other, on one connection as long as the other side keeps it."""

    def __init__(self, service: Service, where: Place) -> None:
        self._service = service
        self._where = where
        self._made: Connection | None = None

    def close(self) -> None:
        if self._made:
            self._made.close()

    def request(
        self, method: str, target: str | bytes = "/", headers: Mapping[str, str] = NONE, body: bytes = b""
    ) -> Answer:
        """Raises NoAnswerError."""
        raw = target if isinstance(target, bytes) else target.encode()
        asked = _asked(method, _text(raw), self._where, headers)
        all_headers = _usual(self._where, {**self._service.headers, **headers}, body)
        sent = request_bytes(method, raw, tuple(all_headers.items()), body)
        return self._open(asked).exchange(asked, method, sent)

    def _open(self, asked: str) -> Connection:
        if self._made is None or not self._made.is_open:
            try:
                self._made = Connection(self._connected())
            except (OSError, ValueError) as error:
                raise NoAnswerError(asked, f"No connection: {told(error)}.") from None
        return self._made

    def _connected(self) -> socket.socket:
        if self._service.door:
            return enter(self._service.door, self._service.ca_file)
        if self._where.scheme == "http":
            return connect(self._where)
        return wrap(self._where, trusting(self._service.ca_file, "http/1.1"))


def _usual(where: Place, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    usual = {"host": where.authority, "accept": "application/json", "user-agent": AGENT}
    if body:
        usual["content-length"] = str(len(body))
    given = {name.lower(): value for name, value in headers.items()}
    if "transfer-encoding" in given:
        usual.pop("content-length", None)
    return usual | given


def _pseudo(
    method: str, target: str, where: Place, headers: Mapping[str, str], body: bytes = b""
) -> list[tuple[str, str]]:
    usual = _usual(where, headers, body)
    host = usual.pop("host")
    return [
        (":method", method),
        (":scheme", where.scheme),
        (":authority", host),
        (":path", target),
        *usual.items(),
    ]


def _asked(method: str, target: str, where: Place, headers: Mapping[str, str]) -> str:
    """Method and address; what is unusual of host and Accept, since both change the answer."""
    given = {name.lower(): value for name, value in headers.items()}
    told = [f"{name}: {given[name]}" for name in ("host", "accept", "content-type") if name in given]
    address = f"{where.origin}{target}" if target.startswith("/") else f"{target} at {where.origin}"
    return one_line(f"{method} {address}" + (f" ({'; '.join(told)})" if told else ""))


def _text(target: str | bytes) -> str:
    return target if isinstance(target, str) else target.decode("latin-1")
