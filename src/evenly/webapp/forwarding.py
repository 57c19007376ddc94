"""What an ASGI application is told of its client: what the balancer says, where only the balancer can speak.

The balancer drops whatever a client wrote into these headers and sets them itself. `Host` it passes on.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_OVER_TLS = {"http": "https", "websocket": "wss"}
_PLAIN = {"http": "http", "websocket": "ws"}
_DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}


def forwarded(application: Application, *, trusted: bool) -> Application:
    """`application`, told the client's own address, scheme and host. `trusted`: nobody but the balancer connects."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope.update(seen(scope) if trusted else _numbered(scope))
        await application(scope, receive, send)

    return told


def seen(scope: Scope) -> Scope:
    """`client`, `server` and `scheme` of a request as its client saw them. A port of 0 is an unknown one."""
    said = _first_of(scope["headers"], (b"x-forwarded-for", b"x-forwarded-proto", b"host"))
    address = said.get(b"x-forwarded-for", "").rpartition(",")[2].strip()
    scheme = _scheme(scope["type"], said.get(b"x-forwarded-proto", "")) or str(scope["scheme"])
    numbered = _numbered(scope)
    return {
        "scheme": scheme,
        "client": (address, 0) if address else numbered["client"],
        "server": _host_and_port(said.get(b"host", ""), scheme) or numbered["server"],
    }


def _scheme(kind: str, proto: str) -> str | None:
    return {"https": _OVER_TLS, "http": _PLAIN}[proto][kind] if proto in ("https", "http") else None


def _first_of(headers: Iterable[tuple[bytes, bytes]], wanted: tuple[bytes, ...]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in wanted:
            found.setdefault(name, value.decode("latin-1"))
    return found


def _host_and_port(authority: str, scheme: str) -> tuple[str, int] | None:
    host, colon, port = authority.rpartition(":")
    if colon and port.isascii() and port.isdigit():
        return host.strip("[]"), int(port[:5])
    return (authority.strip("[]"), _DEFAULT_PORTS[scheme]) if authority else None


def _numbered(scope: Scope) -> Scope:
    """The server gives ports as text; ASGI wants numbers."""
    return {
        name: (scope[name][0], int(scope[name][1])) if scope[name] else None for name in ("client", "server")
    }
