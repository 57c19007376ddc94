"""Server-sent events, as bytes. Pure."""

import msgspec

RETRY = b"retry: 500\n\n"  # milliseconds until a page that lost us asks again


def encoded(data: object) -> bytes:
    """`data` (dataclasses, plain values) as one line of JSON."""
    return msgspec.json.encode(data)


def frame(event: str, data: object) -> bytes:
    """One event by that name."""
    return framed(event, encoded(data))


def framed(event: str, line: bytes) -> bytes:
    """One event by that name; `line` without a line's end."""
    return b"event: " + event.encode() + b"\ndata: " + line + b"\n\n"
