"""What stays open: WebSockets by every protocol, events, large uploads; beyond every timeout, through draining."""

import asyncio
import contextlib
import hashlib
import json
import ssl

import psutil
import pytest
import websockets
from tests.functional.balancer.conftest import make_world
from tests.functional.balancer.http2 import http2
from tests.functional.balancer.http3 import http3
from tests.functional.balancer.sockets import connect, text

from evenly.manifest.types import MEBIBYTE, Bytes, Http, Limits, Manifest, Seconds

EVENTS = {"Accept": "text/event-stream", "Accept-Encoding": "gzip, br"}
IMPATIENT = Limits(timeout=Seconds(1.0), body=Bytes(65536))


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """A balancer that gives up on what stands still for a second, or on a request that takes two."""
    made = make_world(
        tmp_path_factory.mktemp("impatient"), Manifest(name="hello", http=Http(limits=IMPATIENT))
    )
    try:
        asyncio.run(serve(made))
        yield made
    finally:
        made.close()


async def serve(world):
    instance = await world.application(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    return instance


def socket(world, **more):
    trust = ssl.create_default_context(cafile=str(world.authority.files.ca))
    return websockets.connect(f"wss://localhost:{world.settings.https_port}/ws", ssl=trust, **more)


async def test_a_websocket_echoes_and_knows_its_client(served):
    lies = {"X-Forwarded-For": "6.6.6.6", "X-Real-Ip": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    async with socket(served, additional_headers=lies) as open_socket:
        hello = json.loads(await open_socket.recv())
        for content in ("hello", b"\x00\xff", "x" * 300_000):
            await open_socket.send(content)
            assert await open_socket.recv() == content
    assert hello["client"] == hello["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "6.6.6.6" not in json.dumps(hello)


async def test_a_websocket_by_extended_connect(served):
    async with http2(served.settings.https_port, served.authority.files.ca) as client:
        number, stream = client.open(connect("/ws"), last=False)
        await stream.until(b'"client": "127.0.0.1"')
        assert stream.status == 200
        client.send(number, text("over and out"))
        await stream.until(b"over and out")


async def test_http3_offers_no_websockets(served):
    """Envoy's extended CONNECT over HTTP/3 is work in progress, outside of its threat model."""
    async with http3(served.settings.https_port, served.authority.files.ca) as client:
        _, stream = client.open(connect("/ws"), last=False)
        await asyncio.wait_for(stream.ended.wait(), 10)
        assert stream.status in (0, 400, 404, 405, None)


@pytest.mark.parametrize("protocol", [http2, http3])
async def test_a_plain_connect_is_no_way_through(served, protocol):
    async with protocol(served.settings.https_port, served.authority.files.ca) as client:
        _, stream = client.open([(":method", "CONNECT"), (":authority", "localhost:22")], last=False)
        await asyncio.wait_for(stream.ended.wait(), 10)
        assert stream.status in (0, 400, 404, 405)


async def test_a_websocket_lives_as_long_as_it_moves(impatient):
    async with socket(impatient, ping_interval=None) as open_socket:
        await open_socket.recv()
        for _ in range(12):
            await asyncio.sleep(0.3)
            await open_socket.send("x" * 10_000)
            await open_socket.recv()
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(open_socket.recv(), 10)


async def test_events_come_one_by_one_beyond_every_timeout(impatient):
    async with impatient.session() as client:
        events = client.session.get(f"{impatient.url}/events", headers=EVENTS)
        async with events as answer:
            assert (answer.status, answer.headers.get("content-encoding")) == (200, None)
            await until_event(answer, 35)


async def test_an_answer_that_stands_still_is_ended(impatient):
    async with impatient.session() as client:
        assert (await client.get(f"{impatient.url}/events?5", headers=EVENTS)).status == 504


async def test_events_are_asked_for_once(world):
    """A hedged stream would be opened again and again, and nobody would see it."""
    first, second = await world.application(1), await world.application(2, "local-b")
    await world.start_balancer([first.endpoint, second.endpoint])
    await world.until_healthy(first, second)
    async with world.session() as client:
        async with client.session.get(f"{world.url}/events?2.5", headers=EVENTS) as answer:
            await until_event(answer, 3)
        seen = [(await client.get(f"{world.url}/progress")).json() for _ in range(20)]
    opened = {each["instance"]: each["opened"].get("/events", 0) for each in seen}
    assert sorted(opened.values()) == [0, 1]


async def test_a_large_upload_passes_through_without_being_kept(tmp_path):
    size = 192 * MEBIBYTE
    manifest = Manifest(name="hello", http=Http(limits=Limits(body=Bytes(size))))
    world = make_world(tmp_path, manifest)
    with contextlib.closing(world):
        instance = await world.application(1)
        balancer = await world.start_balancer([instance.endpoint])
        await world.until_healthy(instance)
        memory = psutil.Process(balancer.pid).memory_info
        before = memory().rss
        sent, tops = hashlib.sha256(), [before]

        async def body():
            chunk = b"0123456789abcdef" * 65536
            for number in range(size // len(chunk)):
                sent.update(chunk)
                tops.append(memory().rss)
                yield chunk
                if number == 64:
                    await arrived(world, 32 * MEBIBYTE)

        async with (
            world.session() as client,
            client.session.post(f"{world.url}/upload", data=body()) as answer,
        ):
            told = await answer.json()
    assert (told["bytes"], told["digest"]) == (size, sent.hexdigest())
    assert max(tops) - before < 32 * MEBIBYTE


async def arrived(world, wanted):
    """Until the instance has so much, while the rest has not been sent yet."""
    async with world.session() as other:
        while (await other.get(f"{world.url}/progress")).json()["bytes"] < wanted:
            await asyncio.sleep(0.02)


async def test_what_is_open_goes_on_while_its_instance_drains_and_ends_in_good_order(world):
    leaving, staying = await world.application(1), await world.application(2, "local-b")
    await world.start_balancer([leaving.endpoint])
    await world.until_healthy(leaving)
    async with world.session() as client, socket(world) as open_socket:
        assert leaving.endpoint.id in await open_socket.recv()
        async with client.session.get(f"{world.url}/events", headers=EVENTS) as events:
            world.publish(leaving.draining, staying.endpoint)
            await world.until_healthy(staying)
            await world.until(lambda: world.admin.endpoint_health()[leaving.address].draining)
            async with socket(world) as new:
                assert staying.endpoint.id in await new.recv()
            await open_socket.send("still here?")
            assert await open_socket.recv() == "still here?"
            await until_event(events, 3)
            leaving.process.terminate()
            with pytest.raises(websockets.ConnectionClosedOK):
                await asyncio.wait_for(open_socket.recv(), 10)
            assert open_socket.close_code == 1001
            await asyncio.wait_for(events.read(), 10)  # raises unless the end is a proper one
    assert await asyncio.to_thread(leaving.process.wait, 10) == 0


async def until_event(answer, number):
    async with asyncio.timeout(20):
        while await answer.content.readline() != f"id: {number}\n".encode():
            pass
