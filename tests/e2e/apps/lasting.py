"""An ASGI application with what lasts: `/slow?SECONDS` is answered in two parts, a WebSocket echoes until it ends."""

import asyncio


async def app(scope, receive, send):
    match scope["type"]:
        case "lifespan":
            return
        case "websocket":
            await echo(receive, send)
        case _:
            await answer(scope, send)


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def answer(scope, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/slow":
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        await asyncio.sleep(float(scope["query_string"]))
    await send({"type": "http.response.body", "body": b"done"})
