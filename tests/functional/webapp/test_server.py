"""The application server: what it serves, to whom, how it ends, and how it refuses."""

import asyncio
import contextlib
import signal
import socket

import aiohttp
import pytest


@pytest.fixture
def events(tmp_path):
    return tmp_path / "events"


async def test_an_asgi_application_with_lifespan_streams_and_websockets(launch, events):
    server = launch("asgi_app:app", EVENTS=str(events))
    async with server.client() as client:
        async with client.get("/") as answer:
            assert await answer.text() == "0 1 2 done"
        async with client.ws_connect("/ws") as websocket:
            await websocket.send_str("hello")
            assert await websocket.receive_str() == "HELLO"
    assert server.stop() == 0
    assert events.read_text().split() == ["lifespan.startup", "lifespan.shutdown"]
    assert server.stdout.read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("tls", [False, True])
async def test_a_request_in_flight_is_finished_and_no_new_one_accepted(launch, until, events, number, tls):
    server = launch("asgi_app:app", tls=tls, EVENTS=str(events))
    async with server.client() as client, client.get("/slow?0.7") as answer:
        assert await answer.content.read(6) == b"begun "
        server.process.send_signal(number)
        assert await asyncio.to_thread(
            until, lambda: server.process.poll() is not None or not server.listening()
        )
        assert await answer.text() == "0 1 2 done"
    assert await asyncio.to_thread(server.process.wait, 20) == 0


async def test_a_stop_takes_ten_seconds_at_most(launch, events):
    server = launch("asgi_app:app", EVENTS=str(events))
    async with server.client() as client, client.get("/slow?300") as answer:
        await answer.content.read(6)
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.process.wait, 20) == 0


async def test_an_idle_connection_does_not_hold_up_a_stop(launch, events):
    server = launch("asgi_app:app", EVENTS=str(events))
    async with server.client() as client:
        async with client.get("/") as answer:
            await answer.read()
        server.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.process.wait, 5) == 0


async def test_only_clients_with_a_certificate_of_the_authority_are_served(
    launch, client_context, certificates
):
    server = launch(tls=True)
    async with server.client() as client, client.get("/healthz") as answer:
        assert answer.status == 200
    stranger = aiohttp.TCPConnector(ssl=client_context(certificates, with_certificate=False))
    async with aiohttp.ClientSession(server.url, connector=stranger) as client:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await client.get("/healthz")
    with pytest.raises(aiohttp.ClientError):
        async with aiohttp.ClientSession() as client:
            await client.get(server.url.replace("https", "http") + "/healthz")


async def test_older_tls_is_refused(launch, client_context, certificates):
    server = launch(tls=True)
    context = client_context(certificates)
    context.maximum_version = context.minimum_version
    async with aiohttp.ClientSession(server.url, connector=aiohttp.TCPConnector(ssl=context)) as client:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await client.get("/healthz")


async def test_a_failing_application_is_answered_for_and_leaks_nothing(launch, events):
    server = launch("asgi_app:app", EVENTS=str(events), PGPASSWORD="hunter2")
    async with server.client() as client, client.get("/fail") as answer:
        assert answer.status == 500
        assert "hunter2" not in await answer.text()
    server.stop()
    assert "RuntimeError: the password is [redacted]" in server.stderr.read_text()


@pytest.mark.parametrize(
    ("target", "environ", "line"),
    [
        ("nothing:app", {}, "cannot load nothing:app: there is no module nothing."),
        ("asgi_app.deeper:app", {}, "cannot load asgi_app.deeper:app: there is no module asgi_app.deeper."),
        ("asgi_app:nothing", {}, "cannot load asgi_app:nothing: asgi_app has no attribute nothing."),
        ("asgi_app", {}, "'asgi_app' does not name an application: write module:attribute."),
        ("asgi_app:number", {}, "asgi_app:number is of type int: neither an ASGI nor an RSGI application."),
        ("broken_app:app", {}, "cannot load broken_app:app: KeyError: 'SHOP_KEY'"),
        ("asgi_app:unhealthy", {}, "the application did not start: no licence"),
        ("evenly.webapp:app", {"PORT": "x"}, "PORT has to be a whole number from 1 to 65535, not 'x'."),
        ("evenly.webapp:app", {"EVENLY_RELEASE": "x"}, "EVENLY_RELEASE has to be a whole number from 0 to 2147483648"),
        ("evenly.webapp:app", {"TLS_KEY": "/nowhere"}, "TLS_CERTIFICATE is missing:"),
    ],
)  # fmt: skip
def test_what_cannot_start_says_why_in_its_last_line(launch, target, environ, line):
    server = launch(target, wait=False, **environ)
    assert server.process.wait(20) == 1
    told = server.stderr.read_text()
    assert told.splitlines()[-1].startswith(line)
    assert "evenly/webapp/" not in told


def test_a_wsgi_application_is_told_apart(launch):
    server = launch("asgi_app:wsgi", wait=False)
    assert server.process.wait(20) == 1
    assert "looks like a WSGI application" in server.stderr.read_text()


def test_the_users_own_traceback_is_shown(launch):
    server = launch("broken_app:app", wait=False)
    server.process.wait(20)
    assert "in _configure" in server.stderr.read_text()


def test_a_taken_port_is_said_and_not_shared(launch):
    with contextlib.closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = launch(wait=False, PORT=str(port))
        assert server.process.wait(20) == 1
    assert server.stderr.read_text() == f"127.0.0.1 port {port} is taken.\n"
