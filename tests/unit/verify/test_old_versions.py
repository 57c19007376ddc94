"""The ClientHello of an old version, read as RFC 5246 (7.4.1.2) writes it; and what comes back for one."""

import struct

import pytest

from evenly.verify.asking.oldtls import VERSIONS, chosen, client_hello, describe


@pytest.mark.parametrize("name", VERSIONS)
def test_every_length_in_it_is_right(name: str) -> None:
    version = VERSIONS[name]
    record = client_hello(version, "service.localhost")
    assert record[0] == 22 and len(record) == 5 + struct.unpack(">H", record[3:5])[0]
    hello = record[5:]
    assert hello[0] == 1 and len(hello) == 4 + int.from_bytes(hello[1:4], "big")
    assert hello[4:6] == struct.pack(">H", version)
    assert hello[38] == 0  # no session
    suites = int.from_bytes(hello[39:41], "big")
    assert suites % 2 == 0
    rest = hello[41 + suites :]
    assert rest[:2] == b"\1\0"  # no compression
    _extensions_fit(rest[2:], none_allowed=name == "SSL 3.0")


def _extensions_fit(found: bytes, none_allowed: bool) -> None:
    if not found:
        assert none_allowed
        return
    assert len(found) == 2 + int.from_bytes(found[:2], "big")
    found = found[2:]
    numbers = []
    while found:
        number, length = struct.unpack(">HH", found[:4])
        numbers.append(number)
        found = found[4 + length :]
    assert sorted(numbers) == [0, 10, 11]


def test_an_address_is_no_name_to_ask_for() -> None:
    assert b"localhost" in client_hello(0x0302, "service.localhost")
    assert len(client_hello(0x0302, None)) < len(client_hello(0x0302, "x"))


@pytest.mark.parametrize(
    ("answer", "version", "words"),
    [
        (bytes([22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 2]), 0x0302, "a ServerHello"),
        (bytes([21, 3, 1, 0, 2, 2, 70]), None, "alert 70"),
        (b"", None, "the connection was closed"),
        (b"HTTP/1.1 40", None, "another answer"),
    ],
)
def test_what_comes_back(answer: bytes, version: int | None, words: str) -> None:
    assert (chosen(answer), describe(answer)) == (version, words)
