"""HTTP/3 at the edge: the same answers as by TCP, on the same port."""

import asyncio
import json
import socket

import pytest
from tests.functional.balancer.http3 import http3

from evenly.local.balancer import loopback_addresses

HERE = loopback_addresses()  # no ::1 where IPv6 is off


def to(world, address="127.0.0.1", **more):
    return http3(world.settings.https_port, world.authority.files.ca, address, **more)


@pytest.mark.parametrize("address", HERE)
async def test_what_is_asked_by_http3_is_answered(served, address):
    async with to(served, address) as client:
        got = await client.ask("GET", "/echo")
        posted = await client.ask("POST", "/echo", body=b"hello" * 20_000)
    assert (got.status, posted.status) == (200, 200)
    assert json.loads(posted.body)["body"] == "hello" * 20_000
    seen = json.loads(got.body)
    assert (seen["client"], seen["scheme"]) == (address, "https")
    assert dict(seen["headers"])["x-forwarded-for"] == address


async def test_the_answers_are_those_of_tcp(served, asker):
    async with to(served) as other:
        for path in ("/headers?status=404", "/text", "/headers?server=a&x-powered-by=b"):
            by_tcp = await asker.get(f"{served.url}{path}", headers={"Accept-Encoding": "identity"})
            by_quic = await other.ask("GET", path)
            told = {name.lower(): value for name, value in by_tcp.headers.items()}
            assert {":status": str(by_tcp.status), **told, "date": ""} == {**by_quic.headers, "date": ""}
        for host in ("evil.com", "localhost.evil.com", "evil.localhost"):
            assert ((await other.ask("GET", "/echo", host=host)).status, host) == (400, host)
        own = await other.ask("GET", "/echo", host="hello.localhost")
        assert own.headers["strict-transport-security"] == "max-age=300"


async def test_nothing_is_taken_from_early_data(served):
    """It could be sent again by whoever saw it."""
    tickets = []
    async with to(served, tickets=tickets) as client:
        await client.ask("GET", "/echo")
        await served.until(lambda: tickets)
    assert tickets[0].max_early_data_size in (None, 0)
    async with to(served, ticket=tickets[0]) as again:
        assert (await again.ask("GET", "/echo")).status == 200
        assert not again.early_data_accepted


async def test_a_client_of_http3_survives_a_restart_of_the_balancer(world):
    """Its connection is lost, as over TCP; a new one is made at once."""
    instance = await world.application(1)
    process = await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    async with to(world) as client:
        assert (await client.ask("GET", "/echo")).status == 200
        process.kill()
        await asyncio.to_thread(process.wait)
        await world.start_balancer([instance.endpoint])
        await world.until_healthy(instance)
        async with to(world) as new:
            assert (await new.ask("GET", "/echo")).status == 200


async def test_no_other_program_gets_the_udp_port(served):
    with (
        socket.socket(type=socket.SOCK_DGRAM) as other,
        pytest.raises(OSError, match="Address already in use"),
    ):
        other.bind(("127.0.0.1", served.settings.https_port))
