"""What an ASGI application is told of its client: what the balancer says, where only the balancer can speak.

The local balancer drops whatever a client wrote into these headers and sets them itself. One of AWS's, and CloudFront,
append to what was there: so many addresses count, from the right, as there are proxies. `Host` is passed on.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from msgspec import Struct

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_OVER_TLS = {"http": "https", "websocket": "wss"}
_PLAIN = {"http": "http", "websocket": "ws"}
_DEFAULT_PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}


class Proxies(Struct, frozen=True):
    """Who stands between. `count`: how many append the address of whom they were asked by. `scheme`: what clients come
    by, where the last of them can't tell."""

    count: int = 1
    scheme: str | None = None


ONE = Proxies()


def forwarded(application: Application, behind: Proxies | None) -> Application:
    """`application`, told the client's own address, scheme and host. `behind` of `None`: anybody may connect, so
    nothing that is said of a client is believed."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope.update(_numbered(scope) if behind is None else seen(scope, behind))
        await application(scope, receive, send)

    return told


def seen(scope: Scope, behind: Proxies = ONE) -> Scope:
    """`client`, `server` and `scheme` of a request as its client saw them. A port of 0 is an unknown one."""
    said = _first_of(scope["headers"], (b"x-forwarded-for", b"x-forwarded-proto", b"host"))
    address = _appended(said.get(b"x-forwarded-for", ""), behind.count)
    proto = behind.scheme or said.get(b"x-forwarded-proto", "")
    scheme = _scheme(scope["type"], proto) or str(scope["scheme"])
    numbered = _numbered(scope)
    return {
        "scheme": scheme,
        "client": (address, 0) if address else numbered["client"],
        "server": _host_and_port(said.get(b"host", ""), scheme) or numbered["server"],
    }


def _appended(said: str, count: int) -> str:
    """What the first of `count` proxies appended. With fewer addresses than proxies, somebody came in between: the last
    one is what the last proxy saw."""
    addresses = [it.strip() for it in said.split(",")]
    return addresses[-count] if len(addresses) >= count else addresses[-1]


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
