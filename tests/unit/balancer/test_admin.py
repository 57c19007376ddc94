"""The admin client against sockets that answer well, badly, or not at all."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenly.local.balancer.admin import AdminClient, AdminError, EndpointHealth, parse_endpoint_health

STATS = [{"name": "rq_active", "type": "GAUGE", "value": "2"}, {"name": "rq_total", "value": "7"}]


def host(**status):
    address = {"socket_address": {"address": "127.0.1.1", "port_value": 20001}}
    return {"address": address, "stats": STATS, "health_status": status}


def clusters(*hosts):
    other = {"name": "other", "host_statuses": [host(eds_health_status="HEALTHY")]}
    return {"cluster_statuses": [other, {"name": "service", "host_statuses": list(hosts)}]}


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        ({"eds_health_status": "HEALTHY"}, ()),
        ({}, ()),
        (
            {"eds_health_status": "HEALTHY", "failed_active_health_check": True},
            ("failed_active_health_check",),
        ),
        ({"eds_health_status": "HEALTHY", "failed_outlier_check": True}, ("failed_outlier_check",)),
        ({"eds_health_status": "HEALTHY", "pending_active_hc": True}, ("pending_active_hc",)),
        ({"eds_health_status": "DRAINING"}, ("eds_draining",)),
    ],
)
def test_any_flag_means_not_healthy(status, flags):
    said = parse_endpoint_health(clusters(host(**status)))
    assert said == {"127.0.1.1:20001": EndpointHealth(not flags, 2, 7, flags)}


@pytest.mark.parametrize(
    ("status", "well"),
    [
        ({"eds_health_status": "HEALTHY"}, True),
        ({"eds_health_status": "DRAINING"}, True),
        ({"eds_health_status": "DRAINING", "failed_active_health_check": True}, False),
        ({"eds_health_status": "HEALTHY", "failed_outlier_check": True}, False),
    ],
)
def test_what_is_draining_may_be_well(status, well):
    (said,) = parse_endpoint_health(clusters(host(**status))).values()
    assert said.well is well


def test_tries_that_failed_and_those_that_were_late_are_counted():
    counted = host(eds_health_status="HEALTHY")
    counted["stats"] += [{"name": "rq_error", "value": "3"}, {"name": "rq_timeout", "value": "2"}]
    (said,) = parse_endpoint_health(clusters(counted)).values()
    assert (said.failed, said.late) == (3, 2)


def test_a_balancer_without_endpoints_knows_none():
    assert parse_endpoint_health({"cluster_statuses": [{"name": "service"}]}) == {}


def test_no_balancer_is_not_ready(tmp_path):
    client = AdminClient(tmp_path / "none.sock")
    assert client.is_ready() is False
    with pytest.raises(AdminError, match="does not answer"):
        client.endpoint_health()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe",
        b'HTTP/1.1 200 OK\r\n\r\n{"cluster_statuses": [{}], "stats": [1]}',
        b'HTTP/1.1 200 OK\r\n\r\n{"cluster_statuses": 1, "stats": []}',
        b"HTTP/1.1 500 No\r\n\r\n{}",
    ],
)
def test_a_bad_answer_is_an_error(tmp_path, answer):
    with serving(tmp_path / "a.sock", answer) as client:
        with pytest.raises(AdminError):
            client.endpoint_health()
        with pytest.raises(AdminError):
            client.traffic()


def test_silence_ends_with_the_timeout(tmp_path):
    with serving(tmp_path / "a.sock", None) as client, pytest.raises(AdminError, match="does not answer"):
        client.endpoint_health()


def test_a_good_answer_is_read(tmp_path):
    body = json.dumps(clusters(host(eds_health_status="HEALTHY"))).encode()
    with serving(tmp_path / "a.sock", b"HTTP/1.1 200 OK\r\n\r\n" + body) as client:
        assert client.endpoint_health()["127.0.1.1:20001"].healthy


@contextlib.contextmanager
def serving(path: Path, answer: bytes | None) -> Iterator[AdminClient]:
    """A socket that gives everyone this answer; `None`: never any."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=_serve, args=(listening, answer))
        thread.start()
        try:
            yield AdminClient(path, timeout_s=0.3)
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listening: socket.socket, answer: bytes | None) -> None:
    held = []
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            held.append(connection)
            if answer is None:
                continue
            connection.recv(65536)
            connection.sendall(answer)
            connection.close()
    for each in held:
        each.close()
