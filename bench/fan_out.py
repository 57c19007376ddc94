"""An application with WebSockets, for the benchmark of that name: what is posted to it reaches all who listen, on
each of its instances, by way of the database.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import asyncpg

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CHANNEL = "said"


class FanOut:
    """The ASGI application. `_clients` are the WebSockets of this instance."""

    def __init__(self) -> None:
        self._clients: set[Send] = set()
        self._database: asyncpg.Connection | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await self._listen(receive, send)
            case _:
                await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._database = await asyncpg.connect(os.environ["DATABASE_URL"])
        await self._database.add_listener(CHANNEL, self._heard)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._database.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _listen(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self._clients.add(send)
        try:
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self._clients.discard(send)

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        task = asyncio.ensure_future(self._tell(payload))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _tell(self, payload: str) -> None:
        said = {"type": "websocket.send", "text": payload}
        await asyncio.gather(*(send(said) for send in self._clients), return_exceptions=True)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and self._database is not None:
            body = (await receive())["body"]
            await self._database.execute("SELECT pg_notify($1, $2)", CHANNEL, body.decode())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


app = FanOut()
