"""What the application is told of its client: by the balancer alone, in every protocol and spelling."""

import json

import pytest
from tests.functional.balancer.http2 import http2
from tests.functional.balancer.http3 import http3

from evenly.local.balancer.headers import SPOOFABLE

LIE = "6.6.6.6"
FEARED = (
    "forwarded",
    "proxy",
    "true-client-ip",
    "x-client-ip",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
)
LIES = sorted({*SPOOFABLE, *FEARED, *(f"x-forwarded-{about}" for about in ("for", "host", "port", "proto"))})
PROTOCOLS = [http2, http3]


def told(seen):
    """The headers that speak of the client, and that nobody lied."""
    assert LIE not in json.dumps(seen), seen
    assert seen["client"] in ("127.0.0.1", "::1")
    return sorted((name, value) for name, value in seen["headers"] if name in LIES)


def truth(world, seen, host="localhost"):
    port = str(world.settings.https_port)
    said = {"for": seen["client"], "host": host, "port": port, "proto": "https"}
    return [(f"x-forwarded-{name}", value) for name, value in said.items()]


@pytest.mark.parametrize("name", LIES)
async def test_no_spelling_of_a_lie_arrives_by_http1(served, asker, name):
    for spelled in (name, name.upper(), name.title()):
        lies = [(spelled, LIE), (name, LIE)]
        async with asker.session.get(f"{served.url}/echo", headers=lies) as answer:
            seen = await answer.json()
        host = f"localhost:{served.settings.https_port}"
        assert told(seen) == truth(served, seen, host)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_no_lie_arrives_by_http2_and_http3(served, protocol):
    lies = [(name, LIE) for name in LIES] * 2
    async with protocol(served.settings.https_port, served.authority.files.ca) as client:
        seen = json.loads((await client.ask("GET", "/echo", lies)).body)
    assert told(seen) == truth(served, seen)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_trailers_tell_nothing(served, protocol):
    async with protocol(served.settings.https_port, served.authority.files.ca) as client:
        asked = [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/echo")]
        number, stream = client.open(asked, last=False)
        client.send(number, b"body")
        client.send_trailers(number, [("x-forwarded-for", LIE), ("x-real-ip", LIE)])
        await stream.until(b"}")
    seen = json.loads(stream.body)
    assert (told(seen), seen["body"]) == (truth(served, seen), "body")


async def test_trailers_tell_nothing_by_http1(served):
    host = f"localhost:{served.settings.https_port}"
    head = f"POST /echo HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Forwarded-For\r\n\r\n"
    body = f"4\r\nbody\r\n0\r\nX-Forwarded-For: {LIE}\r\n\r\n"
    answer = await served.raw(head.encode() + body.encode(), until=b"}")
    seen = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (told(seen), seen["body"]) == (truth(served, seen, host), "body")


@pytest.mark.parametrize("name", ["x_forwarded_for", "X_Real_IP", "x-forwarded_proto", "X_FORWARDED-HOST"])
async def test_spellings_with_an_underscore_are_refused(served, name):
    """WSGI and CGI take them for the same as with a hyphen."""
    asked = f"GET /echo HTTP/1.1\r\nHost: localhost\r\n{name}: {LIE}\r\n\r\n".encode()
    assert await served.raw(asked, until=b"\r\n") == b"HTTP/1.1 400 Bad Request\r\n"
    for protocol in PROTOCOLS:
        async with protocol(served.settings.https_port, served.authority.files.ca) as client:
            answer = await client.ask("GET", "/echo", [(name.lower(), LIE)])
        assert answer.status == 400 or answer.failed
