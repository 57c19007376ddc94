"""Ports, neighbours, and what nobody may reach: instances past the balancer, the database past its socket."""

import http.client
import os
import pwd
import socket
import ssl
import subprocess
import sys
from contextlib import closing

import psutil
import pytest


@pytest.fixture(scope="module")
def served(make_shared):
    made = make_shared()
    made.up()
    return made


def test_a_port_that_is_taken_is_one_sentence(make):
    made = make()
    for port in (made.https_port, made.http_port):
        with closing(socket.create_server(("127.0.0.1", port))):
            done = made.up(code=3)
            told = [line for line in done.stderr.splitlines() if f"port {port} is taken" in line]
            assert len(told) == 1
            assert str(os.getpid()) in told[0]  # by whom
            assert not made.pids()
        assert made.leftovers() == []
    made.up()


def test_two_folders_run_side_by_side_on_ports_said_aloud(default_ports, make):
    """The default ports may be taken by somebody else on this machine, so only the order is known."""
    found = []
    for made in (make(), make()):
        (made.folder / "evenly.yaml").write_text("name: hello\ndatabase: null\napp: {serve: 'shop:app'}\n")
        (made.folder / "shop.py").write_text(SHOP)
        told = made.up()
        urls = made.status()["urls"]
        made.https_port, made.http_port = (
            int(urls[it].rstrip("/").rpartition(":")[2]) for it in ("https", "http")
        )
        assert str(made.https_port) in told.stdout + told.stderr
        found.append((made, told))
    (first, _), (second, told) = found
    assert second.https_port > first.https_port >= 8443
    assert second.http_port > first.http_port >= 8080
    assert "8443" in told.stderr + told.stdout
    ids = [{it["id"] for it in made.instances()} for made in (first, second)]
    for made, own in zip((first, second), ids, strict=True):
        assert {made.get("/").body.decode() for _ in range(10)} <= own
    first.down()
    assert second.get("/").status == 200
    assert first.leftovers() == []


SHOP = """import os


async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": os.environ["EVENLY_INSTANCE_ID"].encode()})
"""


# --- past the balancer


def ask_instance(made, context: ssl.SSLContext) -> int:
    """The status of an instance's answer to somebody who is not the balancer."""
    instance = made.instances()[0]
    host, _, port = instance["address"].rpartition(":")
    name = f"{instance['id']}.evenly.internal"
    with closing(http.client.HTTPSConnection(host, int(port), context=context, timeout=10)) as connection:
        plain = socket.create_connection((host, int(port)), timeout=10)
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        connection.request("GET", "/", headers={"Host": name})
        return connection.getresponse().status


def trust(made) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=made.home / "certificates" / "ca.pem")


def test_the_balancers_certificate_opens_an_instance(served):
    """So that the refusals below are for want of it, and for nothing else."""
    context = trust(served)
    context.load_cert_chain(*(served.home / "certificates" / f"balancer.{it}" for it in ("pem", "key")))
    assert ask_instance(served, context) == 200


def test_nobody_without_a_certificate_reaches_an_instance(served):
    with pytest.raises((ssl.SSLError, OSError)):
        ask_instance(served, trust(served))


def test_another_instances_certificate_does_not_open_an_instance(served):
    other = served.home / "certificates" / "instances" / served.instances()[1]["id"]
    context = trust(served)
    context.load_cert_chain(other / "certificate.pem", other / "key.pem")
    with pytest.raises((ssl.SSLError, OSError)):
        ask_instance(served, context)


def test_the_edges_certificate_does_not_open_an_instance(served):
    context = trust(served)
    context.load_cert_chain(*(served.home / "certificates" / f"edge.{it}" for it in ("pem", "key")))
    with pytest.raises((ssl.SSLError, OSError)):
        ask_instance(served, context)


def test_an_instance_has_a_name_of_its_own(served):
    first, second = served.instances()[:2]
    host, _, port = first["address"].rpartition(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trust(served).wrap_socket(plain, server_hostname=f"{second['id']}.evenly.internal")


def test_an_instance_does_not_speak_plain_http(served):
    host, _, port = served.instances()[0]["address"].rpartition(":")
    with (
        closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection,
        pytest.raises((http.client.HTTPException, OSError)),
    ):
        connection.request("GET", "/")
        connection.getresponse()


def test_everything_listens_on_this_machine_alone(served):
    listening = {
        found.laddr
        for pid in served.pids()
        for found in psutil.Process(pid).net_connections("inet")
        if found.status == psutil.CONN_LISTEN
    }
    assert {served.https_port, served.http_port} <= {it.port for it in listening}
    assert not [it for it in listening if not it.ip.startswith("127.") and it.ip != "::1"]


# --- the database


def test_the_database_has_no_port(served):
    database = psutil.Process(served.part_pids["database"])
    assert [it for it in database.net_connections("unix") if it.status != psutil.CONN_NONE or it.laddr]
    assert not database.net_connections("inet")


def test_nobody_else_reaches_a_socket(served):
    """As another user: neither the database's socket, nor the one that steers the environment."""
    sockets = [path for path in served.runtime.rglob("*") if path.is_socket()]
    assert len(sockets) >= 3
    assert [try_socket(path, as_other=False) for path in sockets].count("open") >= 3
    if os.geteuid() == 0:
        assert {try_socket(path, as_other=True) for path in sockets} == {"closed"}


def try_socket(path, as_other: bool) -> str:
    entry = pwd.getpwnam("daemon")
    other = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if as_other else {}
    kind = "SOCK_DGRAM" if path.name.startswith("h_") else "SOCK_STREAM"  # Envoy's, between one and the next
    script = (
        f"import socket, sys\ntry:\n    socket.socket(socket.AF_UNIX, socket.{kind}).connect(sys.argv[1])\n"
        "except PermissionError:\n    print('closed')\nelse:\n    print('open')\n"
    )
    python = "/usr/bin/python3" if as_other and os.path.exists("/usr/bin/python3") else sys.executable  # noqa: PTH110
    done = subprocess.run(
        [python, "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=20,
        cwd="/",
        **other,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
