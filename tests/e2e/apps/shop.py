"""An app of the user's own, for `app.serve`: says who answers and which version of this file it is."""

import os

VERSION = "one"


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    told = f"{VERSION} {os.environ['EVENLY_INSTANCE_ID']} {os.environ['EVENLY_RELEASE']} {os.environ.get('COLOUR')}"
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told.encode()})
