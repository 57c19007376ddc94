"""Attacks on the balancer as it runs: each ends as it should, and an ordinary client meanwhile gets all its answers."""

import contextlib
import struct
import time
from collections.abc import Iterator

import pytest
from tests.functional.edge.conftest import Edge, edge_with, get
from tests.functional.edge.frames import (
    CONTINUATION,
    DATA,
    END_STREAM,
    HEADERS,
    PING,
    PRIORITY,
    RESET,
    SETTINGS,
    WINDOW,
    Frames,
    frame,
)
from tests.functional.edge.wire import Wire

from evenly.manifest.types import Bytes, Limits, Seconds

CROWD = 30
MEBIBYTE = 1024 * 1024
CANCELLED = struct.pack(">I", 8)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_with(tmp_path_factory.mktemp("attacked"), Limits(timeout=Seconds(3.0))) as made:
        yield made


@contextlib.contextmanager
def crowd(edge: Edge, first: bytes, size: int = CROWD) -> Iterator[list[Wire]]:
    """Many connections, each of which has sent this."""
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(edge.clients.http1()) for _ in range(size)]
        for wire in wires:
            wire.send(first)
        yield wires


def drip(wires: list[Wire], piece: bytes, times: int) -> None:
    for _ in range(times):
        time.sleep(0.1)
        for wire in wires:
            wire.send(piece)


def test_slow_headers_and_handshakes_that_stop_are_ended(tmp_path_factory: pytest.TempPathFactory) -> None:
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    with (
        edge_with(tmp_path_factory.mktemp("slow"), Limits()) as edge,
        edge.service_goes_on("slow headers and handshakes that stop"),
        crowd(edge, b"GET / HTTP/1.1\r\nHost: localhost\r\n") as wires,
        contextlib.ExitStack() as stack,
    ):
        unfinished = [stack.enter_context(edge.clients.plain(patience_s=20)) for _ in wires]
        for each in unfinished:
            each.sendall(hello)
        drip(wires, b"X-1: 1\r\n", times=45)
        assert {answer.status for wire in wires if (answer := wire.answer())} == {408}
        for each in unfinished:
            with contextlib.suppress(ConnectionResetError):
                assert each.recv(1) == b""


def test_a_body_that_stops_ends_with_408(edge: Edge) -> None:
    started = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx"
    with edge.service_goes_on("bodies that stop"), crowd(edge, started) as wires:
        assert {answer.status for wire in wires if (answer := wire.answer())} == {408}


def test_a_body_that_drips_ends_with_408(tmp_path_factory: pytest.TempPathFactory) -> None:
    limits = Limits(timeout=Seconds(2.0), body=Bytes(1024))  # 2 s, and what 1 KiB may take
    started = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with (
        edge_with(tmp_path_factory.mktemp("dripping"), limits) as edge,
        edge.service_goes_on("bodies that drip"),
        crowd(edge, started) as wires,
    ):
        drip(wires, b"x", times=25)
        for wire in wires:
            wire.socket.settimeout(1)  # for what has not stopped moving, two seconds have only just begun
        assert {answer.status for wire in wires if (answer := wire.answer())} == {408}


def test_clients_that_do_not_read_hold_little_and_are_ended(edge: Edge) -> None:
    before = edge.memory()
    with edge.service_goes_on("clients that do not read"), crowd(edge, get("/big"), 10):
        time.sleep(0.5)
        assert edge.memory() - before < 10 * MEBIBYTE
        until_idle(edge)


def test_http2_clients_that_give_no_window_are_ended(edge: Edge) -> None:
    before = edge.memory()
    with edge.service_goes_on("HTTP/2 without a window"), edge.clients.http2() as wire:
        wire.send(*(wire.request(stream, path="/big") for stream in range(1, 40, 2)))
        time.sleep(0.5)
        assert edge.memory() - before < 16 * MEBIBYTE
        until_idle(edge)


def until_idle(edge: Edge) -> None:
    """Until no request is under way but the ordinary client's."""
    deadline = time.monotonic() + 10
    while edge.world.admin.traffic().active > 2:
        assert time.monotonic() < deadline, "they are still served"
        time.sleep(0.1)


def test_thousands_of_idle_connections(edge: Edge) -> None:
    before = edge.memory()
    with edge.service_goes_on("2,000 idle connections"), contextlib.ExitStack() as stack:
        opened = [stack.enter_context(edge.clients.plain()) for _ in range(2000)]
        each = (edge.memory() - before) / len(opened)
    print(f"{each / 1024:.0f} KiB a connection")
    assert each < MEBIBYTE / 4


def test_with_its_memory_used_up_it_turns_clients_away_and_lives(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with edge_with(tmp_path_factory.mktemp("full"), Limits(), heap_bytes=MEBIBYTE) as edge:
        deadline = time.monotonic() + 10
        while is_let_in(edge):  # it looks at its memory four times a second
            assert time.monotonic() < deadline
        assert edge.world.admin.is_ready()


def is_let_in(edge: Edge) -> bool:
    try:
        edge.clients.http1(patience_s=3).close()
    except OSError:
        return False
    return True


def test_rapid_resets_end_the_connection(edge: Edge) -> None:
    before = edge.counter("http.edge.downstream_rq_rx_reset")
    with edge.service_goes_on("rapid resets"), edge.clients.http2(patience_s=2) as wire:
        for stream in range(1, 4000, 2):
            if not wire.send(wire.request(stream, path="/late"), frame(RESET, 0, stream, CANCELLED)):
                break
        wire.end()
    # Below what the HTTP/2 library lets pass by itself, which was 1,413.
    assert edge.counter("http.edge.downstream_rq_rx_reset") - before < 500


def test_a_connection_has_so_many_streams_and_no_more(edge: Edge) -> None:
    with edge.service_goes_on("1,000 streams at once"), edge.clients.http2() as wire:
        wire.send(*(wire.request(stream, path="/never") for stream in range(1, 2000, 2)))
        time.sleep(0.5)
        active = edge.world.admin.traffic().active
    assert 2 < active <= 102


def flood_of_continuations(wire: Frames) -> Iterator[bytes]:
    yield frame(HEADERS, END_STREAM, 1, wire.block())
    while True:
        yield frame(CONTINUATION, 0, 1, b"\x00\x01x\x01y" * 200)


def flood_of_empty_continuations(wire: Frames) -> Iterator[bytes]:
    yield frame(HEADERS, END_STREAM, 1, wire.block())
    while True:
        yield frame(CONTINUATION, 0, 1)


def flood_of_pings(wire: Frames) -> Iterator[bytes]:
    while True:
        yield frame(PING, 0, 0, b"12345678")


def flood_of_settings(wire: Frames) -> Iterator[bytes]:
    while True:
        yield frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65535))


def flood_of_empty_data(wire: Frames) -> Iterator[bytes]:
    yield wire.request(1, end=False, method="POST")
    while True:
        yield frame(DATA, 0, 1)


def flood_of_priorities(wire: Frames) -> Iterator[bytes]:
    while True:
        yield frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 1))


def flood_of_windows(wire: Frames) -> Iterator[bytes]:
    yield wire.request(1, end=False, method="POST")
    while True:
        yield frame(WINDOW, 0, 1, struct.pack(">I", 1))


def flood_of_padding(wire: Frames) -> Iterator[bytes]:
    yield wire.request(1, end=False, method="POST")
    while True:
        yield frame(DATA, 8, 1, b"\xff" + bytes(255))


def flood_of_unknown_frames(wire: Frames) -> Iterator[bytes]:
    while True:
        yield frame(0xEE, 0, 0, bytes(100))


def flood_of_header_bombs(wire: Frames) -> Iterator[bytes]:
    """One large header into the table, then thousands of references to it, a byte each."""
    pseudo = wire.block()
    name, value = b"x", b"y" * 4000
    insert = (
        b"\x40\x01"
        + name
        + b"\x7f"
        + bytes([(len(value) - 127) & 127 | 128, (len(value) - 127) >> 7])
        + value
    )
    stream = 1
    while True:
        yield wire.headers(stream, pseudo + insert + b"\xbe" * 10_000)
        pseudo = wire.block()
        stream += 2


FLOODS = {
    each.__name__.removeprefix("flood_of_"): each
    for each in (
        flood_of_continuations,
        flood_of_empty_continuations,
        flood_of_pings,
        flood_of_settings,
        flood_of_empty_data,
        flood_of_priorities,
        flood_of_windows,
        flood_of_padding,
        flood_of_unknown_frames,
        flood_of_header_bombs,
    )
}


# What any client may send as often as it likes: it is read, at most 1,000 answers wait, and nothing is kept of it.
HARMLESS = {"padding", "unknown_frames", "pings", "settings"}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_frames_ends_the_connection_or_costs_nothing(edge: Edge, kind: str) -> None:
    before = edge.memory()
    with edge.service_goes_on(f"flood of {kind}"), edge.clients.http2(patience_s=3) as wire:
        sent = pour(wire, FLOODS[kind](wire))
        ended = kind in HARMLESS or has_ended(wire)
    print(f"{kind}: {sent} frames")
    assert ended
    assert edge.memory() - before < 32 * MEBIBYTE


def pour(wire: Frames, frames: Iterator[bytes], seconds: float = 0.5) -> int:
    """How many frames went, without reading a single answer."""
    deadline = time.monotonic() + seconds
    for sent, each in enumerate(frames):
        wire.socket.settimeout(max(deadline - time.monotonic(), 0.01))
        try:
            wire.socket.sendall(each)
        except OSError:
            return sent
        if time.monotonic() > deadline:
            return sent
    raise AssertionError("a flood has no end")


def has_ended(wire: Frames) -> bool:
    wire.socket.settimeout(3)
    try:
        wire.end()
    except TimeoutError:
        return False
    return True
