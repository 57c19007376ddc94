"""An app of known capacity that burns no CPU: two requests at once, 40 ms each, so 50 a second an instance."""

import asyncio

AT_ONCE, TAKES_S = 2, 0.04
room = asyncio.Semaphore(AT_ONCE)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] != "/healthz":
        async with room:
            await asyncio.sleep(TAKES_S)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"served"})
