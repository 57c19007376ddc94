"""Ports: asked for, chosen, refused. Real sockets on loopback."""

import socket
from collections.abc import Iterator

import pytest

from evenly.errors import StateError
from evenly.local import ports

LOOPBACK = ("127.0.0.1",)


@pytest.fixture(params=[socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket(type=request.param) as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param is socket.SOCK_STREAM:
            listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_not_free(taken: int) -> None:
    assert not ports.is_free("127.0.0.1", taken)


def test_the_default_moves_to_the_next_free_one(taken: int) -> None:
    chosen = ports.choose(None, taken, LOOPBACK)
    assert taken < chosen <= taken + ports.TRIES
    assert ports.choose(None, chosen, LOOPBACK, avoid=(chosen,)) > chosen


def test_a_port_that_was_asked_for_is_not_moved(taken: int) -> None:
    with pytest.raises(StateError, match=f"port {taken} is taken by .*pid") as caught:
        ports.choose(taken, 8443, LOOPBACK)
    assert "http.port" in (caught.value.try_ or "")


def test_each_instance_has_an_address_of_its_zone() -> None:
    used: list[str] = []
    for zone in (1, 2, 1, 2):
        used.append(ports.instance_address(zone, used))
    assert len(set(used)) == 4
    assert all(int(it.rpartition(":")[2]) >= ports.FIRST_INSTANCE_PORT for it in used)


def test_two_environments_do_not_begin_at_the_same_port() -> None:
    one, other = (ports.instance_address(1, (), key) for key in ("0a1b2c3d4e5f", "f00df00df00d"))
    assert one != other
    assert ports.instance_address(1, (), "ffffffffffff").rpartition(":")[0] == one.rpartition(":")[0]


def test_a_port_that_somebody_holds_is_passed_over() -> None:
    first = ports.instance_address(1, (), "10")
    host, _, port = first.rpartition(":")
    with socket.socket() as listener:
        listener.bind((host, int(port)))
        listener.listen()
        assert ports.instance_address(1, (), "10") == f"{host}:{int(port) + 1}"
