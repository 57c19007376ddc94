"""Applications of each ASGI framework: started and stopped, told who their client is, streams and websockets."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

FRAMEWORKS = ("starlette", "fastapi", "litestar", "quart", "django")
# What the balancer sets.
TOLD = {"Host": "shop.example.com:8443", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


@pytest.fixture
def events(tmp_path):
    events = tmp_path / "events"
    events.touch()
    return events


@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_each_framework_sees_the_client_the_scheme_and_the_host(launch, events, framework):
    server = launch(f"frameworks:create_{framework}", tls=True, EVENTS=str(events))
    async with server.client(headers=TOLD) as client:
        async with client.get("/who?a=1") as answer:
            assert await answer.json() == {
                "url": "https://shop.example.com:8443/who?a=1",
                "client": "203.0.113.7",
            }
        if framework != "django":
            async with client.ws_connect("/ws") as websocket:
                told = await websocket.receive_json()
            assert told == {"url": "wss://shop.example.com:8443/ws", "client": "203.0.113.7"}
    assert server.stop() == 0
    lifespan = [] if framework == "django" else ["startup", "shutdown"]
    assert events.read_text().split() == lifespan


async def test_who_is_no_balancer_is_not_believed(launch, events):
    server = launch("frameworks:create_starlette", EVENTS=str(events))
    async with server.client() as client, client.get("/who", headers=TOLD) as answer:
        assert await answer.json() == {"url": "http://shop.example.com:8443/who", "client": "127.0.0.1"}


def is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


async def test_on_its_socket_nobody_else_connects(launch, events, until, tmp_path):
    path = tmp_path / "app.sock"
    launch("frameworks:create_starlette", wait=False, EVENTS=str(events), SOCKET=str(path))
    await asyncio.to_thread(until, lambda: is_listening(path))
    connector = aiohttp.UnixConnector(path=str(path))
    async with aiohttp.ClientSession(connector=connector) as client:
        async with client.get("http://shop.example.com/who", headers=TOLD) as answer:
            assert (await answer.json())["client"] == "203.0.113.7"
        async with client.get("http://shop.example.com/size", headers={"Host": "a.example.com"}) as answer:
            assert answer.status == 405


async def test_a_large_body_arrives_whole(launch, events):
    server = launch("frameworks:create_starlette", tls=True, EVENTS=str(events))
    size = 24 * 1024 * 1024

    async def chunks():
        for _ in range(size // 65536):
            yield bytes(65536)

    async with server.client() as client, client.post("/size", data=chunks()) as answer:
        assert await answer.json() == {"size": size}


async def test_events_arrive_as_they_happen_and_a_client_that_leaves_is_noticed(launch, events, until):
    server = launch("frameworks:create_starlette", tls=True, EVENTS=str(events))
    async with server.client() as client, client.get("/events") as answer:
        assert await answer.content.readline() == b"data: 0\n"
    await asyncio.to_thread(until, lambda: "left" in events.read_text())


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "litestar", "quart"])
def test_a_startup_that_fails_says_why_and_tells_no_secret(launch, events, framework):
    url = "postgresql://app:hunter2@db/shop"
    server = launch(
        f"frameworks:create_{framework}", wait=False, EVENTS=str(events), BROKEN="1", DATABASE_URL=url
    )
    assert server.process.wait(20) == 1
    told = server.stderr.read_text()
    last = told.splitlines()[-1]
    assert last.startswith("the application did not start: ")
    assert last.endswith("cannot open [redacted]")
    if framework != "quart":  # it logs the error itself, before we hear of it
        assert "hunter2" not in told


def test_without_lifespan_it_is_served_and_that_is_said(launch, events, until):
    server = launch("frameworks:create_django", EVENTS=str(events))
    assert "is served without startup and shutdown events (ValueError: Django" in server.stderr.read_text()
    assert server.stop(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("frameworks:create_later", "frameworks:create_later is a coroutine function: a factory has to be"),
        ("frameworks:create_broken", "cannot load frameworks:create_broken: ValueError: [redacted]"),
        ("frameworks:AppClass", "frameworks:AppClass is of type type: neither an ASGI nor an RSGI"),
    ],
)
def test_a_factory_that_makes_nothing_says_so(launch, events, target, line):
    server = launch(target, wait=False, EVENTS=str(events), DATABASE_URL="postgresql://app:hunter2@db/shop")
    assert server.process.wait(20) == 1
    told = server.stderr.read_text()
    assert told.splitlines()[-1].startswith(line)
    assert "hunter2" not in told


# --- the project's own virtual environment


def venv(folder: Path, version: str) -> Path:
    """A virtual environment as installers leave it, with one package."""
    packages = folder / ".venv" / "lib" / f"python{version}" / "site-packages"
    packages.mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}.1\n")
    (packages / "only_here.py").write_text("from click_of_mine import *\n")
    (packages / "extra").mkdir()
    (packages / "extra" / "click_of_mine.py").write_text("GREETING = b'from the project'\n")
    (packages / "editable.pth").write_text(str(packages / "extra"))
    (packages / "shop.py").write_text("raise AssertionError('the app comes first')\n")
    (folder / "shop.py").write_text(
        "from only_here import GREETING\n"
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': GREETING})\n"
    )
    return folder


async def test_the_app_imports_from_the_projects_venv(launch, tmp_path):
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    server = launch("shop:app", folder=venv(tmp_path / "project", here))
    async with server.client() as client, client.get("/") as answer:
        assert await answer.read() == b"from the project"


def test_a_venv_of_another_python_without_evenly_says_what_to_do(launch, tmp_path):
    folder = venv(tmp_path / "project", "3.4")
    (folder / ".venv" / "bin").mkdir()
    python = folder / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    server = launch("shop:app", folder=folder, wait=False)
    assert server.process.wait(20) == 1
    told = server.stderr.read_text()
    assert told.startswith(".venv of the project is of Python 3.4, and Evenly runs on Python 3.")
    python.unlink()
    server = launch("shop:app", folder=folder, wait=False)
    assert server.process.wait(20) == 1
    assert server.stderr.read_text() == ".venv of the project is damaged: make it anew.\n"


def test_a_venv_of_another_python_with_evenly_takes_over(launch, tmp_path):
    folder = venv(tmp_path / "project", "3.4")
    (folder / ".venv" / "bin").mkdir()
    python = folder / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "$@" >&2\n')
    python.chmod(0o755)
    server = launch("shop:app", folder=folder, wait=False)
    assert server.process.wait(20) == 0
    assert server.stderr.read_text() == "-m evenly.webapp.server shop:app\n"


def test_a_module_that_is_missing_is_named_with_where_to_install_it(launch, tmp_path):
    (tmp_path / "needy.py").write_text("import no_such_framework\n")
    server = launch("needy:app", folder=tmp_path, wait=False)
    assert server.process.wait(20) == 1
    last = server.stderr.read_text().splitlines()[-1]
    assert last.startswith("cannot load needy:app: it imports no_such_framework, which is not installed")
