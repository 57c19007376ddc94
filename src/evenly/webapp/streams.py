"""What an ASGI application keeps open, ended in good order when the server stops: a WebSocket with 1001 (going
away), an event stream with its last chunk, so that clients come back at once, to another instance.

Everything else is left to finish.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from evenly.webapp.forwarding import Application, Receive, Scope, Send

GOING_AWAY = 1001  # RFC 6455, 7.4.1
EVENTS = b"text/event-stream"
SECONDS_TO_SAY_SO = 2.0  # to one client; one that does not read is left behind
Message = dict[str, Any]


class StoppingError(OSError):
    """The server stops: nobody is there any more to send to. An OSError, as the ASGI specification says."""


class Streams:
    """Passes everything on to `application`, and remembers what stays open."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._open: set[_Socket | _Events] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "websocket":
                await self._held(_Socket(receive, send), scope)
            case "http":
                await self._held(_Events(receive, send), scope)
            case _:
                await self._application(scope, receive, send)

    async def end(self) -> None:
        """Ends what is open. Returns when every client was told, or does not listen."""
        endings = [asyncio.ensure_future(stream.end()) for stream in self._open]
        if endings:
            await asyncio.wait(endings, timeout=SECONDS_TO_SAY_SO)

    async def _held(self, stream: "_Socket | _Events", scope: Scope) -> None:
        self._open.add(stream)
        try:
            await self._application(scope, stream.receive, stream.send)
        except (StoppingError, asyncio.CancelledError):
            if not stream.ended.done():
                raise
        finally:
            self._open.discard(stream)


@dataclass(eq=False, slots=True)
class _Stream:
    """One connection as the application sees it. Once it is `ended`, the client is gone for the application."""

    inner_receive: Receive
    inner_send: Send
    is_open: bool = False
    ended: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    coming: "asyncio.Future[Message] | None" = None
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def _say(self, message: Message) -> None:
        async with self.sending:
            if self.ended.done():
                raise StoppingError("the server stops")
            await self.inner_send(message)

    async def _last(self, message: Message) -> None:
        async with self.sending:
            if self.is_open and not self.ended.done():
                if self.coming:
                    self.coming.cancel()  # granian sends no close as long as somebody waits for the client
                try:
                    await self.inner_send(message)
                finally:
                    self.ended.set_result(None)

    async def _next(self, farewell: Message) -> Message:
        """What the client says next, or `farewell` once it is over."""
        self.coming = asyncio.ensure_future(self.inner_receive())
        await asyncio.wait((self.coming, self.ended), return_when=asyncio.FIRST_COMPLETED)
        if self.coming.done() and not self.coming.cancelled():
            return dict(self.coming.result())
        await self.ended
        return farewell


class _Socket(_Stream):
    """A WebSocket, open from `websocket.accept` on."""

    async def receive(self) -> Message:
        return await self._next({"type": "websocket.disconnect", "code": GOING_AWAY, "reason": ""})

    async def send(self, message: Message) -> None:
        await self._say(message)
        self.is_open = message["type"] in ("websocket.accept", "websocket.send")

    async def end(self) -> None:
        await self._last({"type": "websocket.close", "code": GOING_AWAY, "reason": ""})


class _Events(_Stream):
    """An answer; `open` while it is a stream of events."""

    async def receive(self) -> Message:
        return (
            await self._next({"type": "http.disconnect"})
            if self.is_open
            else dict(await self.inner_receive())
        )

    async def send(self, message: Message) -> None:
        await self._say(message)
        match message["type"]:
            case "http.response.start":
                self.is_open = _kind(message).startswith(EVENTS)
            case "http.response.body" if not message.get("more_body"):
                self.is_open = False

    async def end(self) -> None:
        await self._last({"type": "http.response.body", "body": b"", "more_body": False})


def _kind(message: Message) -> bytes:
    return next((bytes(value) for name, value in message["headers"] if name == b"content-type"), b"")
