"""Who trusts the edge, and who reaches it: a real browser before and after `evenly trust`, and `--listen`."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from tests.e2e.environment import SURROUNDINGS

from evenly.local.listening import own_addresses

APP = {
    "hello.py": """async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<title>Hello</title><h1>It is served</h1>"})
"""
}
MANIFEST = "app: {serve: hello:app}\ndatabase: null\ncount: 2"
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage")


@pytest.fixture(scope="module")
def served(make_shared):
    made = make_shared(MANIFEST, files=APP)
    made.up()
    return made


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="e2e-home-"))
    yield folder
    shutil.rmtree(folder)


def browse(home: Path, url: str) -> str:
    """What a browser that has just been installed shows at `url`, as HTML."""
    profile = home / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    command = ["chromium", *HEADLESS, *QUIET, f"--user-data-dir={profile}", "--dump-dom", url]
    surroundings = os.environ | {"HOME": str(home)}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def trust(made, home: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = made.run("trust", "--store", "browsers", *words, env=SURROUNDINGS | {"HOME": str(home)})
    assert done.returncode == code, done.stderr
    return done


def test_a_browser_trusts_it_once_it_was_asked_to_and_no_longer(served, home):
    url = f"https://hello.localhost:{served.https_port}/"
    assert "It is served" not in browse(home, url)
    told = trust(served, home).stdout
    assert "certutil -A" in told
    assert not (home / ".pki").exists()
    trust(served, home, "--install", "--yes")
    assert "It is served" in browse(home, url)
    assert "Nothing to do" in trust(served, home).stdout
    trust(served, home, "--remove", "--yes")
    assert "It is served" not in browse(home, url)


def test_consent_is_asked_for(served, home):
    refused = trust(served, home, "--install", code=2)
    assert "--yes" in refused.stderr
    assert not (home / ".pki").exists()


# --- listening beyond loopback


def asked(address: str, made, host: str, port: int = 0) -> tuple[int, dict[str, str]]:
    """Status and headers, by TLS with the certificate checked for `host`, where no `port` says: plain HTTP."""
    trusting = ssl.create_default_context(cafile=made.home / "certificates" / "ca.pem")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(family)) as plain:
        plain.settimeout(10)
        plain.connect((address, port or made.https_port))
        end = plain if port else trusting.wrap_socket(plain, server_hostname=host)
        end.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := end.recv(65536):
            answer += more
        end.close()
    head = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(head[0].split()[1]), dict(line.lower().split(": ", 1) for line in head[1:])


def listeners(made) -> set[str]:
    """The addresses on which the balancer listens for HTTPS."""
    pid = made.part_pids["balancer"]
    try:
        found = psutil.Process(pid).net_connections("tcp") if pid else []
    except psutil.NoSuchProcess:
        found = []
    return {it.laddr.ip for it in found if it.status == "LISTEN" and it.laddr.port == made.https_port}


@pytest.fixture
def make_listening(make) -> Callable:
    def start(*words: str):
        made = make(MANIFEST, files=APP)
        done = made.run("up", "--detach", *words)
        assert done.returncode == 0, done.stderr
        return made, done

    return start


def test_nothing_listens_beyond_loopback_until_it_is_asked_for(served):
    assert listeners(served) <= {"127.0.0.1", "::1"}
    assert served.status()["reachable"] == []
    assert "Warning" not in served.run("status").stderr


def test_listening_is_said_aloud_and_ends_with_down(make_listening):
    address = next(it for it in own_addresses() if ":" not in it)
    made, up = make_listening("--listen", address)
    assert f"https://{address}:{made.https_port}/" in up.stderr
    assert "others can reach this environment" in up.stderr
    assert "others can reach this environment" in made.run("status").stderr
    assert f"others can reach it at {address}" in made.run("doctor").stdout
    assert asked(address, made, address)[0] == 200
    assert asked("127.0.0.1", made, "localhost")[0] == 200
    assert (
        asked(address, made, address, made.http_port)[1]["location"]
        == f"https://{address}:{made.https_port}/"
    )
    wrong = asked(address, made, "evil.example", made.http_port)
    assert (wrong[0], "location" in wrong[1]) == (400, False)
    os.kill(made.part_pids["balancer"], 9)
    made.wait_for(lambda: address in listeners(made), 30, "the address after a restart")
    made.wait_healthy()
    made.down()
    made.up()
    assert listeners(made) <= {"127.0.0.1", "::1"}
    assert json.loads((made.home / "environment.json").read_text())["data"]["listen"] == []


def test_what_is_no_address_of_this_machine_is_refused(make):
    made = make(MANIFEST, files=APP)
    refused = made.run("up", "--detach", "--listen", "192.0.2.77")
    assert refused.returncode == 2
    assert "192.0.2.77 is no address of this machine" in refused.stderr
    assert not made.pids()
