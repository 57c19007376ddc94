"""An ASGI application that is slow, streams, echoes and fails on request."""

import asyncio
import os
from pathlib import Path


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await _echo(receive, send)
    else:
        await _answer(scope, receive, send)


async def _lifespan(receive, send):
    while True:
        message = await receive()
        _note(message["type"])
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"].upper()})


async def _answer(scope, receive, send):
    if scope["path"] == "/fail":
        raise RuntimeError("the password is " + os.environ.get("PGPASSWORD", ""))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/slow":
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        await asyncio.sleep(float(scope["query_string"] or b"1"))
    for number in range(3):
        await send({"type": "http.response.body", "body": b"%d " % number, "more_body": True})
    await send({"type": "http.response.body", "body": b"done"})


def _note(event):
    with Path(os.environ["EVENTS"]).open("a") as file:
        file.write(event + "\n")


def wsgi(environ, start_response):
    raise AssertionError


async def unhealthy(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no licence"})


number = 5
