"""A ClientHello of the versions that nobody should speak any more. Pure.

Written by hand, since today's OpenSSL may refuse to offer what is to be found out: RFC 6101, 2246 and 4346.
"""

import os
import struct
from collections.abc import Mapping
from types import MappingProxyType

VERSIONS: Mapping[str, int] = MappingProxyType({"SSL 3.0": 0x0300, "TLS 1.0": 0x0301, "TLS 1.1": 0x0302})
ANSWER_BYTES = 11  # a record's head, a handshake's head, and the version that was chosen

# RSA and ECDSA with AES and 3DES in CBC mode: whoever speaks these versions at all speaks one of them.
_SUITES = (0xC009, 0xC00A, 0xC013, 0xC014, 0x0033, 0x0039, 0x002F, 0x0035, 0xC008, 0xC012, 0x000A)
_CURVES = (0x001D, 0x0017, 0x0018, 0x0019)
_ALERT, _HANDSHAKE, _SERVER_HELLO = 21, 22, 2


def client_hello(version: int, host: str | None) -> bytes:
    """One record. `host`: the name to ask for, `None` for an IP address, which has none (RFC 6066, 3)."""
    suites = struct.pack(f">{len(_SUITES)}H", *_SUITES)
    told = _extensions(host) if version > VERSIONS["SSL 3.0"] else b""
    body = b"".join([_u16(version), os.urandom(32), b"\0", _long(suites), b"\1\0", told])
    hello = b"\1" + struct.pack(">I", len(body))[1:] + body
    return bytes([_HANDSHAKE]) + _u16(min(version, 0x0301)) + _long(hello)


def chosen(answer: bytes) -> int | None:
    """The version that a server agreed to; `None` where it refused: an alert, another answer, or silence."""
    is_hello = len(answer) == ANSWER_BYTES and answer[0] == _HANDSHAKE and answer[5] == _SERVER_HELLO
    return int.from_bytes(answer[9:11], "big") if is_hello else None


def describe(answer: bytes) -> str:
    """What came back, as a clause."""
    if chosen(answer) is not None:
        return "a ServerHello"
    if len(answer) >= 7 and answer[0] == _ALERT:
        return f"alert {answer[6]}"
    return "another answer" if answer else "the connection was closed"


def _extensions(host: str | None) -> bytes:
    curves = _long(struct.pack(f">{len(_CURVES)}H", *_CURVES))
    parts = [_extension(10, curves), _extension(11, b"\1\0")]
    if host:
        parts.append(_extension(0, _long(b"\0" + _long(host.encode("idna")))))
    return _long(b"".join(parts))


def _extension(number: int, value: bytes) -> bytes:
    return _u16(number) + _long(value)


def _u16(value: int) -> bytes:
    return struct.pack(">H", value)


def _long(value: bytes) -> bytes:
    """`value` behind its length in two bytes."""
    return _u16(len(value)) + value
