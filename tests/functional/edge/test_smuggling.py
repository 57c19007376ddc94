"""Requests that two programs could count differently, and headers that could become two: the app sees one, or none."""

import contextlib

import pytest
from tests.functional.edge.conftest import Edge, get
from tests.functional.edge.frames import frame

HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(*headers: bytes, body: bytes = b"") -> bytes:
    lines = (b"POST /first HTTP/1.1", b"Host: localhost", *headers)
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


END = b"0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
LENGTH = b"Content-Length: %d" % len(HIDDEN)

# Each with a second request in it, for whoever counts wrongly.
REFUSED = {
    "CL.TE": post(b"Content-Length: %d" % len(END + HIDDEN), CHUNKED, body=END + HIDDEN),
    "TE.CL": post(CHUNKED, b"Content-Length: 4", body=chunk(HIDDEN) + END),
    "TE twice": post(CHUNKED, b"Transfer-Encoding: identity", body=END + HIDDEN),
    "TE twice the same": post(CHUNKED, CHUNKED, body=END + HIDDEN),
    "TE unknown": post(b"Transfer-Encoding: xchunked", LENGTH, body=HIDDEN),
    "TE unknown alone": post(b"Transfer-Encoding: xchunked", body=HIDDEN),
    "TE list, chunked first": post(b"Transfer-Encoding: chunked, identity", body=END + HIDDEN),
    "TE list, chunked last": post(b"Transfer-Encoding: gzip, chunked", body=END + HIDDEN),
    "TE identity": post(b"Transfer-Encoding: identity", LENGTH, body=HIDDEN),
    "TE with a space before the colon": post(b"Transfer-Encoding : chunked", LENGTH, body=HIDDEN),
    "TE with a space before the name": post(b" Transfer-Encoding: chunked", LENGTH, body=HIDDEN),
    "TE with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", LENGTH, body=HIDDEN),
    "TE with NUL": post(b"Transfer-Encoding: chunked\x00", LENGTH, body=HIDDEN),
    "TE in quotes": post(b'Transfer-Encoding: "chunked"', LENGTH, body=HIDDEN),
    "TE with an underscore": post(b"Transfer_Encoding: chunked", LENGTH, body=HIDDEN),
    "TE tabbed, with a length": post(b"Transfer-Encoding:\tchunked", LENGTH, body=HIDDEN),
    "TE in capitals, with a length": post(b"TRANSFER-ENCODING: CHUNKED", LENGTH, body=HIDDEN),
    "TE in HTTP/1.0": post(CHUNKED, body=END + HIDDEN).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "CL twice": post(b"Content-Length: 0", LENGTH, body=HIDDEN),
    "CL twice the same": post(LENGTH, LENGTH, body=HIDDEN),
    "CL list": post(b"Content-Length: 0, %d" % len(HIDDEN), body=HIDDEN),
    "CL with a plus": post(b"Content-Length: +%d" % len(HIDDEN), body=HIDDEN),
    "CL negative": post(b"Content-Length: -1", body=HIDDEN),
    "CL hexadecimal": post(b"Content-Length: 0x0", body=HIDDEN),
    "CL with a space inside": post(b"Content-Length: 0 0", body=HIDDEN),
    "CL empty": post(b"Content-Length:", body=HIDDEN),
    "CL beyond 64 bits": post(b"Content-Length: 18446744073709551616", body=HIDDEN),
    "chunk size negative": post(CHUNKED, body=b"-1\r\n\r\n" + END + HIDDEN),
    "chunk size hexadecimal": post(CHUNKED, body=b"0x0\r\n\r\n" + HIDDEN),
    "chunk size beyond 64 bits": post(CHUNKED, body=b"10000000000000000\r\n\r\n" + HIDDEN),
    "chunk ended by LF alone": post(CHUNKED, body=b"0\n\n" + HIDDEN),
    "chunk extension ended by LF alone": post(CHUNKED, body=b"2;x\nab\r\n" + END + HIDDEN),
    "header line without a colon": post(b"Smuggled", body=b""),
    "header name empty": post(b": smuggled"),
    "header name with NUL": post(b"X\x00: 1"),
    "header value with NUL": post(b"X: 1\x00"),
    "first header folded": b"GET /first HTTP/1.1\r\n Host: elsewhere\r\nHost: localhost\r\n\r\n",
    "host twice": post(b"Host: elsewhere.example"),
    "absolute address elsewhere": b"GET http://elsewhere.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "host dropped as a connection header": post(b"Connection: host"),
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    "upgrade to something else": post(b"Connection: Upgrade", b"Upgrade: other", body=HIDDEN),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_counted_in_two_ways_is_refused(edge: Edge, name: str) -> None:
    statuses: list[int] = []
    reached = edge.reached(
        lambda: statuses.extend(answer.status for answer in edge.clients.ask(REFUSED[name]))
    )
    assert "/smuggled" not in reached
    assert statuses[0] in (400, 403, 426, 501)
    assert len(statuses) == 1


# Each is one plain request once it has been read: so it is passed on, and in one plain form.
NORMALISED = {
    "chunk extension": (post(CHUNKED, body=b"2;a=b\r\nab\r\n" + END), 2),
    "chunk longer than said, cut": (post(CHUNKED, body=b"2\r\nabc\r\n" + END), 2),
    "chunk size with a zero before": (post(CHUNKED, body=b"002\r\nab\r\n" + END), 2),
    "trailer that says a length": (post(CHUNKED, body=b"2\r\nab\r\n0\r\nContent-Length: 5\r\n\r\n"), 2),
    "TE in capitals": (post(b"TRANSFER-ENCODING: CHUNKED", body=chunk(b"ab") + END), 2),
    "TE with a tab": (post(b"Transfer-Encoding:\tchunked", body=chunk(b"ab") + END), 2),
    "TE as a connection header": (
        post(b"Connection: transfer-encoding", CHUNKED, body=chunk(b"ab") + END),
        2,
    ),
    "CL as a connection header": (post(b"Connection: content-length", b"Content-Length: 2", body=b"ab"), 2),
    "CL with a zero before": (post(b"Content-Length: 02", body=b"ab"), 2),
    "lines ended by LF alone": (b"GET /first HTTP/1.1\nHost: localhost\nX: 1\n\n", 0),
    "folded header": (post(b"X: 1", b" Host: elsewhere.example", b"Content-Length: 0"), 0),
    "CR inside a value": (post(b"X: 1\rTransfer-Encoding: chunked", b"Content-Length: 2", body=b"ab"), 2),
    "absolute address, host elsewhere": (
        b"GET https://localhost/first HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
        0,
    ),
    "h2c": (
        post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
        0,
    ),
}


@pytest.mark.parametrize("name", NORMALISED)
def test_what_is_one_request_is_passed_on_in_one_form(edge: Edge, name: str) -> None:
    request, body = NORMALISED[name]
    reached = edge.reached(lambda: edge.clients.ask(request + get("/second")))
    assert reached == ["/first", "/second"]
    seen = edge.witness.seen[-2]
    assert seen.body == body
    assert seen.all("host") == ["localhost"]
    assert [seen.all(each) for each in ("upgrade", "http2-settings", "connection")] == [[], [], []]
    assert len(seen.all("content-length")) + len(seen.all("transfer-encoding")) <= 1


INJECTED = {
    "name with CR LF": ("x\r\nsmuggled", "1"),
    "name with a colon": ("x: 1", "1"),
    "name with a space": ("x y", "1"),
    "name with NUL": ("x\x00", "1"),
    "name in capitals": ("Smuggled", "1"),
    "name with an underscore": ("x_y", "1"),
    "name empty": ("", "1"),
    "value with CR LF": ("x", "1\r\nsmuggled: 1"),
    "value with a whole request": ("x", "1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "value with LF": ("x", "1\nsmuggled: 1"),
    "value with CR": ("x", "1\rsmuggled: 1"),
    "value with NUL": ("x", "1\x00"),
    "transfer-encoding": ("transfer-encoding", "chunked"),
    "connection": ("connection", "close"),
    "length of another size": ("content-length", "5"),
    "length that is none": ("content-length", "+2"),
    "path with CR LF": (":path", "/ HTTP/1.1\r\nHost: localhost\r\n\r\nGET /smuggled"),
    "path with a space": (":path", "/ HTTP/1.1"),
    "method with a space": (":method", "GET /smuggled HTTP/1.1"),
    "method with CR LF": (":method", "GET\r\nX: 1"),
    "host with CR LF": (":authority", "localhost\r\nsmuggled: 1"),
    "host twice": (":authority", "localhost, elsewhere.example"),
    "scheme with a request": (":scheme", "https://localhost/smuggled HTTP/1.1\r\n"),
}


def test_http2_carries_nothing_that_http1_could_not(edge: Edge) -> None:
    """All at once: where the end of a connection is the answer, it comes after a second."""
    before = len(edge.witness.seen)
    with contextlib.ExitStack() as stack:
        wires = {name: stack.enter_context(edge.clients.http2()) for name in INJECTED}
        for name, wire in wires.items():
            head = wire.encoder.encode(with_injected(name, *INJECTED[name]))
            wire.send(wire.headers(1, head, end=False), wire.data(1, b"ab", end=True))
        refused = {name: wire.status(1) in (None, 400) for name, wire in wires.items()}
    assert refused == dict.fromkeys(INJECTED, True)
    # What was found wrong in its body alone may have begun to reach the app: as itself, and never whole.
    assert edge.witness.broken == []
    assert edge.witness.seen[before:] == []


def with_injected(case: str, key: str, value: str) -> list[tuple[str, str]]:
    pseudo = {":method": "POST", ":scheme": "https", ":authority": "localhost", ":path": "/first"}
    headers = pseudo | {"x-case": case.replace(" ", "-")}
    return [*(headers | {key: value}).items()] if key in pseudo else [*headers.items(), (key, value)]


def test_http2_believes_the_pseudo_header_of_the_host(edge: Edge) -> None:
    with edge.clients.http2() as wire:
        wire.send(wire.request(1, headers=[("host", "elsewhere.example")]))
        assert wire.status(1) == 200
    assert edge.witness.seen[-1].all("host") == ["localhost"]


def test_http2_without_a_host_is_refused(edge: Edge) -> None:
    with edge.clients.http2() as wire:
        pairs = [(":method", "GET"), (":scheme", "https"), (":path", "/")]
        wire.send(wire.headers(1, wire.encoder.encode(pairs)))
        assert wire.status(1) in (None, 400)


def test_a_tunnel_over_http2_is_refused(edge: Edge) -> None:
    for pairs in (
        [(":method", "CONNECT"), (":authority", "localhost:443")],
        [(":method", "CONNECT"), (":authority", "elsewhere.example:443")],
    ):
        with edge.clients.http2() as wire:
            wire.send(wire.headers(1, wire.encoder.encode(pairs), end=False))
            assert wire.status(1) in (None, 400)


def test_http1_bytes_on_an_http2_connection_are_refused(edge: Edge) -> None:
    def ask() -> None:
        with edge.clients.http2() as wire:
            wire.send(HIDDEN, frame(0, 0, 0))
            wire.end()

    assert edge.reached(ask) == []
