"""What RFC 9113 and RFC 7541 ask of an HTTP/2 server, case by case, under the section numbers that h2spec uses.

h2spec itself is in no package registry; what it said of this balancer is in docs/security.md. The cases that it and we
know Envoy to answer in its own way stand under PASSED_OVER: there the app may see nothing of what was sent.
"""

import contextlib
from collections.abc import Callable

import pytest
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame
from tests.functional.edge.conftest import Edge
from tests.functional.edge.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FRAME,
    GOAWAY,
    HEADERS,
    PING,
    PRIORITY,
    PUSH,
    RESET,
    SETTINGS,
    WINDOW,
    Frames,
    frame,
    number,
    setting,
)

Case = Callable[[Frames], bytes]
PADDED = 8
WITH_PRIORITY = 0x20
MOST = 2**31 - 1


def opened(wire: Frames, stream: int = 1) -> bytes:
    """A request without its body's end, to be answered late."""
    return wire.request(stream, end=False, path="/late", method="POST")


def asked(wire: Frames, stream: int = 1) -> bytes:
    return wire.request(stream, path="/late")


def unfinished(wire: Frames, stream: int = 1) -> bytes:
    return frame(HEADERS, END_STREAM, stream, wire.block())


def pairs(wire: Frames, *said: tuple[str, str], body: bytes | None = None) -> bytes:
    """A request of these pairs alone."""
    head = wire.headers(1, wire.encoder.encode(list(said)), end=body is None)
    return head if body is None else head + wire.data(1, body, end=True)


METHOD, SCHEME, HOST, PATH = (
    (":method", "GET"),
    (":scheme", "https"),
    (":authority", "localhost"),
    (":path", "/"),
)
WHOLE = (METHOD, SCHEME, HOST, PATH)


def with_header(name: str, value: str) -> Case:
    return lambda wire: pairs(wire, *WHOLE, (name, value))


def of_pairs(*said: tuple[str, str]) -> Case:
    return lambda wire: pairs(wire, *said)


def block(raw: bytes) -> Case:
    return lambda wire: wire.headers(1, wire.block() + raw)


def in_three_frames(head: bytes) -> bytes:
    return (
        frame(HEADERS, END_STREAM, 1, head[:5])
        + frame(CONTINUATION, 0, 1, head[5:10])
        + frame(CONTINUATION, END_HEADERS, 1, head[10:])
    )


def always(*frames: bytes) -> Case:
    return lambda wire: b"".join(frames)


# The connection ends, or the stream is reset, or its answer is 400.
REFUSED: dict[str, Case] = {
    "http2/4.2/2 DATA larger than a frame may be": lambda w: opened(w) + frame(DATA, 1, 1, bytes(FRAME + 1)),
    "http2/4.2/3 HEADERS larger than a frame may be": lambda w: frame(
        HEADERS, 5, 1, w.block([("x", "y" * FRAME)])
    ),
    "http2/4.3/1 header block that is none": always(frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff")),
    "http2/4.3/2 PRIORITY in a header block": lambda w: (
        unfinished(w) + frame(PRIORITY, 0, 1, number(0) + b"\xff")
    ),
    "http2/4.3/3 HEADERS of another stream in a header block": lambda w: unfinished(w) + unfinished(w, 3),
    "http2/5.1/1 idle: DATA": always(frame(DATA, 1, 1, b"test")),
    "http2/5.1/2 idle: RST_STREAM": always(frame(RESET, 0, 1, number(8))),
    "http2/5.1/3 idle: WINDOW_UPDATE": always(frame(WINDOW, 0, 1, number(100))),
    "http2/5.1/4 idle: CONTINUATION": lambda w: frame(CONTINUATION, 4, 1, w.block()),
    "http2/5.1/5 half closed: DATA": lambda w: asked(w) + frame(DATA, 1, 1, b"test"),
    "http2/5.1/6 half closed: HEADERS": lambda w: asked(w) + asked(w),
    "http2/5.1/7 half closed: CONTINUATION": lambda w: asked(w) + frame(CONTINUATION, 4, 1, w.block()),
    "http2/5.1/10 closed: CONTINUATION": lambda w: (
        opened(w) + frame(RESET, 0, 1, number(8)) + frame(CONTINUATION, 4, 1, w.block())
    ),
    "http2/5.1.1/1 even stream": lambda w: asked(w, 2),
    "http2/5.3.1/1 stream that depends on itself": lambda w: frame(
        HEADERS, END_STREAM | END_HEADERS | WITH_PRIORITY, 1, number(1) + b"\xff" + w.block()
    ),
    "http2/5.5/2 unknown frame in a header block": lambda w: unfinished(w) + frame(0xEE, 0, 0, bytes(8)),
    "http2/6.1/1 DATA on stream 0": always(frame(DATA, 1, 0, b"test")),
    "http2/6.1/3 DATA padded beyond its end": lambda w: opened(w) + frame(DATA, PADDED | 1, 1, b"\x06test"),
    "http2/6.2/3 HEADERS on stream 0": lambda w: frame(HEADERS, 5, 0, w.block()),
    "http2/6.2/4 HEADERS padded beyond their end": lambda w: frame(
        HEADERS, PADDED | 5, 1, b"\xff" + w.block()
    ),
    "http2/6.3/2 PRIORITY of another length": always(frame(PRIORITY, 0, 1, bytes(4))),
    "http2/6.4/1 RST_STREAM on stream 0": always(frame(RESET, 0, 0, number(8))),
    "http2/6.4/3 RST_STREAM of another length": lambda w: opened(w) + frame(RESET, 0, 1, bytes(3)),
    "http2/6.5/1 SETTINGS acknowledged with a payload": always(frame(SETTINGS, ACK, 0, bytes(1))),
    "http2/6.5/2 SETTINGS on a stream": always(frame(SETTINGS, 0, 1, setting(3, 100))),
    "http2/6.5/3 SETTINGS of another length": always(frame(SETTINGS, 0, 0, bytes(3))),
    "http2/6.5.2/1 ENABLE_PUSH of 2": always(frame(SETTINGS, 0, 0, setting(2, 2))),
    "http2/6.5.2/2 window too large": always(frame(SETTINGS, 0, 0, setting(4, 2**31))),
    "http2/6.5.2/3 frame too small": always(frame(SETTINGS, 0, 0, setting(5, FRAME - 1))),
    "http2/6.5.2/4 frame too large": always(frame(SETTINGS, 0, 0, setting(5, 2**24))),
    "http2/6.7/3 PING on a stream": always(frame(PING, 0, 1, bytes(8))),
    "http2/6.7/4 PING of another length": always(frame(PING, 0, 0, bytes(6))),
    "http2/6.8/1 GOAWAY on a stream": always(frame(GOAWAY, 0, 1, number(0) + number(0))),
    "http2/6.9/1 WINDOW_UPDATE of 0": always(frame(WINDOW, 0, 0, number(0))),
    "http2/6.9/2 WINDOW_UPDATE of 0 on a stream": lambda w: opened(w) + frame(WINDOW, 0, 1, number(0)),
    "http2/6.9/3 WINDOW_UPDATE of another length": always(frame(WINDOW, 0, 0, bytes(3))),
    "http2/6.9.1/2 window beyond 2^31-1": always(*[frame(WINDOW, 0, 0, number(MOST))] * 2),
    "http2/6.9.1/3 window of a stream beyond 2^31-1": lambda w: (
        opened(w) + frame(WINDOW, 0, 1, number(MOST)) * 2
    ),
    "http2/6.9.2/3 first window too large": always(frame(SETTINGS, 0, 0, setting(4, MOST + 1))),
    "http2/6.10/2 CONTINUATION, then DATA": lambda w: (
        unfinished(w) + frame(CONTINUATION, 0, 1) + frame(DATA, 1, 1, b"test")
    ),
    "http2/6.10/3 CONTINUATION on stream 0": lambda w: unfinished(w) + frame(CONTINUATION, 4, 0),
    "http2/6.10/4 CONTINUATION after the end": lambda w: opened(w) + frame(CONTINUATION, 4, 1, w.block()),
    "http2/6.10/6 CONTINUATION after DATA": lambda w: (
        opened(w) + frame(DATA, 0, 1, b"test") + frame(CONTINUATION, 4, 1, w.block())
    ),
    "http2/8.1/1 second HEADERS without an end": lambda w: (
        opened(w) + frame(HEADERS, END_HEADERS, 1, w.block())
    ),
    "http2/8.1.2/1 name in capitals": with_header("X-Test", "1"),
    "http2/8.1.2.1/1 unknown pseudo-header": with_header(":test", "1"),
    "http2/8.1.2.1/2 pseudo-header of an answer": with_header(":status", "200"),
    "http2/8.1.2.1/3 pseudo-header as trailer": lambda w: (
        opened(w) + w.headers(1, w.encoder.encode([(":method", "200")]))
    ),
    "http2/8.1.2.1/4 pseudo-header after a header": of_pairs(METHOD, SCHEME, HOST, ("x-test", "1"), PATH),
    "http2/8.1.2.2/1 connection header": with_header("connection", "keep-alive"),
    "http2/8.1.2.2/2 TE but trailers": with_header("te", "trailers, deflate"),
    "http2/8.1.2.3/1 empty path": of_pairs(METHOD, SCHEME, HOST, (":path", "")),
    "http2/8.1.2.3/2 no method": of_pairs(SCHEME, HOST, PATH),
    "http2/8.1.2.3/3 no scheme": of_pairs(METHOD, HOST, PATH),
    "http2/8.1.2.3/4 no path": of_pairs(METHOD, SCHEME, HOST),
    "http2/8.1.2.3/5 two methods": with_header(*METHOD),
    "http2/8.1.2.3/6 two schemes": with_header(*SCHEME),
    "http2/8.1.2.3/7 two paths": with_header(*PATH),
    "http2/8.1.2.6/1 another length than said": lambda w: pairs(
        w, *WHOLE, ("content-length", "1"), body=b"test"
    ),
    "http2/8.1.2.6/2 another length than said, in parts": lambda w: (
        w.request(1, end=False, headers=[("content-length", "1")])
        + w.data(1, b"te")
        + w.data(1, b"st", end=True)
    ),
    "http2/8.2/1 PUSH_PROMISE": lambda w: frame(PUSH, END_HEADERS, 1, number(2) + w.block()),
    "hpack/2.3.3/1 index beyond the table": block(b"\xc6"),
    "hpack/2.3.3/2 name's index beyond the table": block(b"\x7f\x07\x01x"),
    "hpack/4.2/1 table resized at the end": block(b"\x20"),
    "hpack/5.2/1 Huffman padding of eight bits": block(b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff"),
    "hpack/5.2/2 Huffman padding of zeros": block(b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90"),
    "hpack/5.2/3 Huffman end of string": block(b"\x00\x85\xf2\xb2\x4a\x87\xff\xff\xff\xea\x20\x9f\xff"),
    "hpack/6.1/1 index 0": block(b"\x80"),
    "hpack/6.3/1 table larger than allowed": lambda w: w.headers(1, b"\x3f\xe1\xff\x03" + w.block()),
}

# The connection goes on, and answers.
FINE: dict[str, Case] = {
    "http2/3.5/1 preface": always(),
    "http2/4.1/1 unknown frame": always(frame(0xFF, 0, 0, bytes(8))),
    "http2/4.1/2 undefined flag": always(frame(PING, 0xFE, 0, bytes(8))),
    "http2/4.1/3 reserved bit": always(frame(PING, 0, 2**31, bytes(8))),
    "http2/5.5/1 unknown extension": always(frame(0x16, 0, 0, bytes(8))),
    "http2/6.5.2/5 unknown setting": always(frame(SETTINGS, 0, 0, setting(0xFF, 1))),
    "http2/6.7/1 PING": always(frame(PING, 0, 0, bytes(8))),
    "http2/6.7/2 PING acknowledged": always(frame(PING, ACK, 0, bytes(8))),
    "http2/6.10/1 two CONTINUATIONs": lambda w: in_three_frames(w.block()),
    "http2/7/2 RST_STREAM with an unknown code": lambda w: opened(w) + frame(RESET, 0, 1, number(0xFF)),
}

# RFC 9113 asks for an error; Envoy reads on, and nothing of it reaches the app (h2spec 2.6.1: "failed").
PASSED_OVER: dict[str, Case] = {
    "http2/5.1/8 closed by a reset: DATA": lambda w: (
        opened(w) + frame(RESET, 0, 1, number(8)) + frame(DATA, 1, 1, b"test")
    ),
    "http2/5.1/9 closed by a reset: HEADERS": lambda w: (
        opened(w) + frame(RESET, 0, 1, number(8)) + w.request(1, path="/passed-over")
    ),
    "http2/5.3.1/2 PRIORITY that depends on itself": always(frame(PRIORITY, 0, 1, number(1) + b"\xff")),
    "http2/6.3/1 PRIORITY on stream 0": always(frame(PRIORITY, 0, 0, number(1) + b"\xff")),
}


def verdict(wire: Frames) -> str:
    """What the balancer thinks of what was sent."""
    try:
        return first_word(wire)
    except TimeoutError:
        return "nothing"


def first_word(wire: Frames) -> str:
    while (found := wire.next()) is not None:
        match found:
            case GoAwayFrame():
                return "refused"
            case RstStreamFrame() if found.error_code != 0:
                return "refused"
            case HeadersFrame() if found.said[":status"] != "400":
                return found.said[":status"]
            case HeadersFrame():
                return "refused"
    return "refused"


def test_what_the_rfc_forbids_is_refused(edge: Edge) -> None:
    """All at once: where the end of a connection is the answer, it comes after a second."""
    with contextlib.ExitStack() as stack:
        wires = {name: stack.enter_context(edge.clients.http2(patience_s=5)) for name in REFUSED}
        for name, wire in wires.items():
            wire.send(REFUSED[name](wire))
        said = {name: verdict(wire) for name, wire in wires.items()}
    assert said == dict.fromkeys(REFUSED, "refused")


@pytest.mark.parametrize("name", FINE)
def test_what_the_rfc_allows_is_served(edge: Edge, name: str) -> None:
    with edge.clients.http2() as wire:
        wire.send(FINE[name](wire), wire.request(5, path="/after"))
        assert wire.status(5) == 200


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_envoy_passes_over_reaches_nobody(edge: Edge, name: str) -> None:
    def ask() -> None:
        with edge.clients.http2() as wire:
            wire.send(PASSED_OVER[name](wire), wire.request(5, path="/after"))
            assert wire.status(5) == 200

    assert "/passed-over" not in edge.reached(ask)


def test_frames_of_an_answered_stream_reach_nobody(edge: Edge) -> None:
    """http2/5.1/11, 5.1/12 and 5.1.1/2."""

    def ask() -> None:
        with edge.clients.http2() as wire:
            wire.send(wire.request(5))
            assert wire.status(5) == 200
            again = wire.data(5, b"test", end=True) + wire.request(5, path="/passed-over")
            wire.send(again, wire.request(3, path="/passed-over"), wire.request(7, path="/after"))
            assert wire.status(7) in (200, None)

    assert "/passed-over" not in edge.reached(ask)


def test_windows_are_kept_to(edge: Edge) -> None:
    """http2/6.9.1/1 and 6.9.2: not a byte more than the window allows, and the rest once it allows it."""
    with edge.clients.http2() as wire:
        wire.send(frame(SETTINGS, 0, 0, setting(4, 1)), wire.request(1))
        assert wire.status(1) == 200
        wire.send(frame(PING, 0, 0, bytes(8)))
        assert body_until(wire, PingFrame) == b"h"
        wire.send(frame(SETTINGS, 0, 0, setting(4, 5)), frame(WINDOW, 0, 1, number(100)))
        assert body_until(wire, GoAwayFrame, at_end=True) == b"ello"


def body_until(wire: Frames, kind: type[Frame], *, at_end: bool = False) -> bytes:
    """The answer's bytes until a frame of this kind, or their end."""
    body = b""
    while not isinstance(found := wire.next(), (kind, type(None))):
        body += bytes(found.data) if isinstance(found, DataFrame) else b""
        if at_end and "END_STREAM" in found.flags:
            break
    return body
