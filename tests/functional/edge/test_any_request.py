"""Requests that hypothesis makes up, right and wrong: the balancer answers each or ends it, stays whole, and the app
never sees more than was asked.
"""

import contextlib
import time
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.functional.edge.conftest import Edge, get

HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
TOKEN = "!#$%&'*+-.^`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FRAMING = {
    "content-length",
    "transfer-encoding",
    "connection",
    "host",
    "expect",
    "upgrade",
    "te",
    "accept-encoding",
}
ANSWERED_ELSEWHERE = {500, 502, 503, 504}
MANY = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Asked:
    """One request as bytes; `right`: one that has to be served, its body `length` bytes long."""

    data: bytes
    right: bool
    length: int


methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
pieces = st.text("abcXYZ019-_.~!$&'()*+,;=:@/", max_size=20)
names = st.text(TOKEN, min_size=1, max_size=20).filter(lambda name: name.lower() not in FRAMING)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
headers = st.lists(st.tuples(names, values), max_size=8)
wild = st.text(st.characters(max_codepoint=0xFF, exclude_characters="\n"), max_size=30)
bodies = st.lists(
    st.sampled_from([HIDDEN, b"0\r\n\r\n", b"\r\n\r\n", b"x" * 100, b"\x00\xff", b"5\r\n"]), max_size=6
)


@st.composite
def framed(draw: st.DrawFn) -> tuple[bytes, int, bool]:
    """Headers and body, the body's length, and whether it is framed in one plain way."""
    body = b"".join(draw(bodies))
    length = len(body)
    at = draw(st.integers(0, length))
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(it), it) for it in (body[:at], body[at:]) if it) + b"0\r\n\r\n"
    end = b"\r\n"
    return draw(
        st.sampled_from(
            [
                (b"Content-Length: %d\r\n" % length + end + body, length, True),
                (b"Transfer-Encoding: chunked\r\n" + end + chunked, length, True),
                (b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % length + end + chunked, 0, False),
                (b"Content-Length: %d\r\nContent-Length: 0\r\n" % length + end + body, 0, False),
                (b"Content-Length: %d, 0\r\n" % length + end + body, 0, False),
                (b"Transfer-Encoding: x\r\n" + end + body, 0, False),
                (b"Transfer-Encoding: chunked, x\r\nContent-Length: %d\r\n" % length + end + body, 0, False),
                (b"Transfer-Encoding : chunked\r\nContent-Length: %d\r\n" % length + end + body, 0, False),
                (b"Content-Length: -%d\r\n" % (length + 1) + end + body, 0, False),
            ]
        )
    )


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """Right in all, or wrong somewhere."""
    rest, length, plain = draw(framed())
    method, path, said = draw(methods), "/" + draw(pieces), draw(headers)
    right = plain and "_" not in "".join(name for name, _ in said)
    match draw(st.sampled_from(["as it is", "as it is", "method", "path", "name", "value"])):
        case "method":
            method, right = draw(wild), False
        case "path":
            path, right = draw(wild), False
        case "name":
            said, right = [*said, (draw(wild), "x")], False
        case "value":
            said, right = [*said, ("x", draw(wild))], False
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in said)]
    head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    return Asked(head + rest, right, length)


@MANY
@given(asked=requests())
def test_a_request_is_served_once_or_refused(edge: Edge, asked: Asked) -> None:
    before = len(edge.witness.seen)
    with edge.clients.http1(patience_s=5) as wire:
        wire.send(asked.data)
        statuses = [answer.status for answer in wire.answers()]
    seen = edge.witness.seen[before:]
    assert edge.witness.broken == []
    assert not ANSWERED_ELSEWHERE & set(statuses)
    assert "/smuggled" not in [each.target for each in seen]
    assert len(seen) <= 1
    if asked.right:
        assert (statuses, [each.body for each in seen]) == ([200], [asked.length])
    assert edge.process.poll() is None


@MANY
@given(
    data=st.lists(st.one_of(st.binary(max_size=200), requests().map(lambda asked: asked.data)), max_size=4)
)
def test_any_bytes_at_all_leave_it_whole(edge: Edge, data: list[bytes]) -> None:
    with edge.clients.http1(patience_s=5) as wire:
        for each in data:
            wire.send(each)
        with contextlib.suppress(TimeoutError):
            wire.socket.settimeout(0.02)
            wire.socket.recv(1)
    assert edge.witness.broken == []
    assert edge.process.poll() is None


def test_nothing_waits_for_ever(edge: Edge) -> None:
    """Requests cut off anywhere: each connection ends, within the time that the limits say."""
    request = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(edge.clients.http1()) for _ in request]
        for cut, wire in enumerate(wires):
            wire.send(request[:cut])
        deadline = time.monotonic() + 10
        assert all(wire.is_closed(max(deadline - time.monotonic(), 0.1)) for wire in wires)
    answer = edge.clients.first(get())
    assert answer is not None
    assert answer.status == 200


texts = st.text(st.characters(max_codepoint=0xFF), max_size=20)


@settings(MANY, max_examples=30)
@given(
    said=st.dictionaries(
        st.one_of(st.sampled_from([":method", ":path", ":scheme", ":authority"]), texts), texts
    )
)
def test_any_headers_over_http2_leave_it_whole(edge: Edge, said: dict[str, str]) -> None:
    pseudo = {":method": "GET", ":scheme": "https", ":authority": "localhost", ":path": "/"}
    before = len(edge.witness.seen)
    with edge.clients.http2(patience_s=0.1) as wire:
        wire.send(wire.headers(1, wire.encoder.encode([*{**pseudo, **said}.items()])))
        with contextlib.suppress(TimeoutError):
            assert wire.status(1) not in ANSWERED_ELSEWHERE
    assert edge.witness.broken == []
    assert len(edge.witness.seen[before:]) <= 1
    assert edge.process.poll() is None


@pytest.fixture(autouse=True)
def _still_serving(edge: Edge) -> None:
    answer = edge.clients.first(get())
    assert answer is not None
    assert answer.status == 200
