"""An ASGI application for the tests of the edge: `evenly.webapp.server` serves it, with mutual TLS.

It answers with what it is asked for: headers, texts, ranges, events that do not end, sockets that echo; and it
tells what it saw.
"""

import asyncio
import hashlib
import json
import os
from collections import Counter
from urllib.parse import parse_qsl

from edge_text import ETAG, TEXT

INSTANCE = os.environ["EVENLY_INSTANCE_ID"]
OPENED: Counter[str] = Counter()
UPLOADED = {"bytes": 0, "digest": ""}


async def app(scope, receive, send):
    match scope["type"]:
        case "lifespan":
            return
        case "websocket":
            await websocket(scope, receive, send)
        case _:
            OPENED[scope["path"]] += 1
            await PLACES.get(scope["path"], nothing)(scope, receive, send)


async def echo(scope, receive, send):
    """The request as it arrived."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    body = await read(receive)
    seen = {
        "instance": INSTANCE,
        "headers": headers,
        "client": scope["client"][0],
        "body": body.decode("latin-1"),
    }
    seen |= {"scheme": scope["scheme"], "path": scope["path"]}
    await answer(send, 200, [(b"content-type", b"application/json")], json.dumps(seen).encode())


async def healthz(scope, receive, send):
    await answer(send, 200, [], b"")


async def nothing(scope, receive, send):
    await answer(send, 404, [], b"")


async def headers(scope, receive, send):
    """The headers that the query names, on an answer with the status that it names."""
    asked = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    status = int(dict(asked).get("status", 200))
    named = [(name.encode(), value.encode()) for name, value in asked if name != "status"]
    await answer(send, status, named, b"")


async def text(scope, receive, send):
    """A long text, with an entity tag and ranges. The query: type, bytes, encoding, stream."""
    asked = dict(parse_qsl(scope["query_string"].decode()))
    said = dict(scope["headers"])
    whole = TEXT[: int(asked.get("bytes", len(TEXT)))]
    kind = asked.get("type", "text/plain; charset=utf-8").encode()
    known = [(b"content-type", kind), (b"etag", asked.get("etag", '"bottles"').encode())]
    known += [(b"content-encoding", asked["encoding"].encode())] if "encoding" in asked else []
    if said.get(b"if-none-match", b"").removeprefix(b"W/") == ETAG:
        await answer(send, 304, known, b"")
    elif (wanted := said.get(b"range")) is not None:
        first, last = map(int, wanted.removeprefix(b"bytes=").split(b"-"))
        place = f"bytes {first}-{last}/{len(whole)}".encode()
        await answer(send, 206, [*known, (b"content-range", place)], whole[first : last + 1])
    else:
        await answer(send, 200, known, whole)


async def events(scope, receive, send):
    """An event a tenth of a second until the client goes; the query: seconds before the first byte."""
    await asyncio.sleep(float(scope["query_string"] or 0))
    kind = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    gone = asyncio.create_task(disconnected(receive))
    number = 0
    while not gone.done():
        event = f"id: {number}\ndata: {INSTANCE} {'x' * 2000}\n\n".encode()
        await send({"type": "http.response.body", "body": event, "more_body": True})
        number += 1
        await asyncio.sleep(0.1)


async def upload(scope, receive, send):
    """Counts what comes while it comes, and tells its digest."""
    digest = hashlib.sha256()
    UPLOADED["bytes"] = 0
    while True:
        message = await receive()
        digest.update(message.get("body", b""))
        UPLOADED["bytes"] += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    UPLOADED["digest"] = digest.hexdigest()
    await progress(scope, receive, send)


async def progress(scope, receive, send):
    body = json.dumps({"instance": INSTANCE, "opened": OPENED, **UPLOADED}).encode()
    await answer(send, 200, [(b"content-type", b"application/json")], body)


PLACES = {
    "/echo": echo,
    "/healthz": healthz,
    "/headers": headers,
    "/text": text,
    "/events": events,
    "/upload": upload,
    "/progress": progress,
}


async def websocket(scope, receive, send):
    """Says who it is, then echoes."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    told = {name.decode(): value.decode() for name, value in scope["headers"]}
    hello = {"instance": INSTANCE, "client": scope["client"][0], "headers": told}
    await send({"type": "websocket.send", "text": json.dumps(hello)})
    while (message := await receive())["type"] == "websocket.receive":
        content = {key: message[key] for key in ("text", "bytes") if message.get(key) is not None}
        await send({"type": "websocket.send", **content})


async def disconnected(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def read(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer(send, status, headers, body):
    length = [] if status == 304 else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})
