"""WebSocket frames by hand, for the protocols that no client library speaks: over HTTP/2 and HTTP/3."""

from websockets.frames import OP_TEXT, Frame


def text(content: str) -> bytes:
    """A client's text message."""
    return Frame(OP_TEXT, content.encode()).serialize(mask=True)


def connect(path: str, host: str = "localhost") -> list[tuple[str, str]]:
    """The headers of an extended CONNECT (RFC 8441, RFC 9220)."""
    return [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":authority", host),
        (":path", path),
        ("sec-websocket-version", "13"),
    ]
