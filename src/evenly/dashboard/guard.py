"""Who may come in: only a browser on this machine that knows the token, and asked for this very address.

Everybody else gets the same 404. A page of another site can't come in by a name that it made point to us (the Host is
then its own), nor change anything here (the Origin is).
"""

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from msgspec import Struct

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
}
SAFE = ("GET", "HEAD")


class Door(Struct, frozen=True):
    """Where the dashboard is. `token`: url-safe characters."""

    port: int
    token: str

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    @property
    def url(self) -> str:
        return f"{self.origin}/{self.token}/"


def refusal(door: Door, method: str, path: str, headers: Headers) -> int | None:
    """The status for who may not come in: 404, or 403 for a change that another site asks for; else `None`."""
    held = list(headers)
    hosts = [value for name, value in held if name == b"host"]
    token = path.removeprefix("/").partition("/")
    known = hmac.compare_digest(token[0].encode("utf-8", "replace"), door.token.encode())
    if hosts != [door.host.encode()] or not known or not token[1]:
        return 404
    origins = [value for name, value in held if name == b"origin"]
    if method not in SAFE and origins != [door.origin.encode()]:
        return 403
    return None


class Guard:
    """Lets in who may, without the token in the path, and gives every answer its headers."""

    def __init__(self, application: Application, door: Door) -> None:
        self._application = application
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        status = refusal(self._door, scope["method"], scope["path"], scope["headers"])
        if status is not None:
            await _refuse(status, _closed(send))
            return
        inside = "/" + scope["path"].removeprefix("/").partition("/")[2]
        await self._application(
            {**scope, "path": inside, "raw_path": inside.encode()}, receive, _closed(send)
        )


async def _refuse(status: int, send: Send) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def _closed(send: Send) -> Send:
    """Our headers on each answer; those that it brings itself stand."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            message = {
                **message,
                "headers": [*own, *((name, value) for name, value in HEADERS.items() if name not in names)],
            }
        await send(message)

    return sent
