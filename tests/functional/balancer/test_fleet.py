"""What the balancer does with its instances: whom it trusts, when it leaves one alone, what a death costs."""

import asyncio
import signal
import ssl
import time

import pytest
from tests.functional.balancer.direct import first_line


async def test_an_instance_with_anothers_certificate_gets_nothing(world, client):
    honest = await world.instance(1)
    liar = await world.instance(2, "local-b", named="i-00000000000000003")
    await world.start_balancer([honest.endpoint, liar.endpoint])
    await world.until_healthy(honest)
    seen = {await served_by(client, world.url) for _ in range(20)}
    health = world.admin.endpoint_health()[liar.address]
    assert seen == {honest.endpoint.id}
    assert (health.healthy, health.requests) == (False, 0)
    assert "failed_active_health_check" in health.flags


async def test_nobody_passes_by_the_balancer(world):
    instance = await world.instance(1)
    files = world.authority.files
    bare = ssl.create_default_context(cafile=str(files.ca))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await first_line(instance.endpoint, bare)
    client = ssl.create_default_context(cafile=str(files.ca))
    client.load_cert_chain(files.client, files.client_key)
    assert (await first_line(instance.endpoint, client)).startswith(b"HTTP/1.1 200")


async def test_a_new_endpoint_serves_soon(world, client):
    first, second = await world.instance(1), await world.instance(2, "local-b")
    await world.start_balancer([first.endpoint])
    await world.until_healthy(first)
    began = time.monotonic()
    world.publish(first.endpoint, second.endpoint)
    while await served_by(client, world.url) != second.endpoint.id:
        assert time.monotonic() - began < 5
    world.publish(second.endpoint)
    assert {await served_by(client, world.url) for _ in range(10)} <= {first.endpoint.id, second.endpoint.id}


async def test_a_draining_instance_finishes_and_gets_nothing_new(world, client):
    leaving, staying = await world.instance(1), await world.instance(2, "local-b")
    await world.start_balancer([leaving.endpoint])
    await world.until_healthy(leaving)
    under_way = asyncio.create_task(client.post(f"{world.url}/slow?4"))
    await world.until(lambda: world.admin.endpoint_health()[leaving.address].active_requests == 1)
    world.publish(leaving.draining, staying.endpoint)
    await world.until_healthy(staying)
    await world.until(lambda: world.admin.endpoint_health()[leaving.address].draining)
    seen = {await served_by(client, world.url) for _ in range(20)}
    assert not under_way.done()
    assert seen == {staying.endpoint.id}
    assert (await under_way).json()["instance"] == leaving.endpoint.id
    await world.until(lambda: world.admin.endpoint_health()[leaving.address].active_requests == 0)


async def test_a_killed_zone_costs_no_idempotent_request(world, client):
    zones = ("local-a", "local-a", "local-b", "local-b")
    fleet = [await world.instance(number, zone) for number, zone in enumerate(zones)]
    await world.start_balancer([each.endpoint for each in fleet])
    await world.until_healthy(*fleet)
    load = asyncio.create_task(statuses(client, world.url, count=300, per_second=100))
    await asyncio.sleep(1)
    for each in fleet[:2]:
        each.process.kill()
    assert set(await load) == {200}
    await world.until(lambda: not world.admin.endpoint_health()[fleet[0].address].healthy)


async def test_a_hung_instance_costs_no_idempotent_request(world, client):
    fleet = [await world.instance(1, "local-a"), await world.instance(2, "local-b")]
    await world.start_balancer([each.endpoint for each in fleet])
    await world.until_healthy(*fleet)
    assert set(await statuses(client, world.url, count=50, per_second=100)) == {200}
    under_way = asyncio.create_task(statuses(client, world.url, count=200, per_second=100))
    await asyncio.sleep(0.5)
    fleet[0].process.send_signal(signal.SIGSTOP)
    assert set(await under_way) == {200}


async def test_an_honestly_slow_answer_arrives(world, client):
    fleet = [await world.instance(1, "local-a"), await world.instance(2, "local-b")]
    await world.start_balancer([each.endpoint for each in fleet])
    await world.until_healthy(*fleet)
    assert await served_by(client, world.url, "/slow?3") in {each.endpoint.id for each in fleet}


async def test_one_instance_that_fails_is_covered_by_the_others(world, client):
    healthy, broken = await world.instance(1), await world.instance(2, "local-b")
    await world.start_balancer([healthy.endpoint, broken.endpoint])
    await world.until_healthy(healthy, broken)
    answers = [await client.get(f"{world.url}/broken?{broken.endpoint.id}") for _ in range(20)]
    assert {each.status for each in answers} == {200}


async def test_a_last_word_is_not_asked_for_again(world, client):
    fleet = [await world.instance(1, "local-a"), await world.instance(2, "local-b")]
    await world.start_balancer([each.endpoint for each in fleet])
    await world.until_healthy(*fleet)
    answer = await client.get(f"{world.url}/status?503", headers={"X-Final": "1"})
    assert (answer.status, "x-envoy-ratelimited" in answer.headers) == (503, False)
    assert sum(each.requests for each in world.admin.endpoint_health().values()) == 1


async def test_a_write_is_never_sent_twice(world, client):
    fleet = [await world.instance(1, "local-a"), await world.instance(2, "local-b")]
    await world.start_balancer([each.endpoint for each in fleet])
    await world.until_healthy(*fleet)
    write = asyncio.create_task(client.post(f"{world.url}/slow?30"))

    def busy():
        health = world.admin.endpoint_health()
        return [each for each in fleet if health[each.address].active_requests]

    await world.until(busy)
    busy()[0].process.kill()
    assert (await write).status in (502, 503)
    assert not busy()


async def test_a_killed_balancer_starts_again_at_once(world, client):
    instance = await world.instance(1)
    process = await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    process.kill()
    process.wait()
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    assert await served_by(client, world.url) == instance.endpoint.id


async def test_a_renewed_edge_certificate_is_served_without_a_restart(world):
    await world.start_balancer([])
    world.renew_edge()
    expected = ssl.PEM_cert_to_DER_cert(world.authority.files.edge.read_text())
    await world.until(lambda: world.edge_certificate() == expected)


async def test_the_admin_client_counts_traffic(world, client):
    instance = await world.instance(1)
    await world.start_balancer([instance.endpoint])
    await world.until_healthy(instance)
    for path in ("/echo", "/echo", "/status?500"):
        await client.post(world.url + path)
    await world.until(lambda: world.admin.traffic().timed == 3)
    traffic = world.admin.traffic()
    assert (traffic.requests, traffic.errors, traffic.active) == (3, 1, 0)


async def served_by(client, url: str, path: str = "/echo") -> str:
    answer = await client.get(url + path)
    assert answer.status == 200, answer.text
    return answer.json()["instance"]


async def statuses(client, url: str, count: int, per_second: int) -> list[int]:
    """Sends GET on a schedule that waits for nobody; the status of each."""

    async def one(number: int) -> int:
        await asyncio.sleep(number / per_second)
        return (await client.get(f"{url}/slow?0.02")).status

    return await asyncio.gather(*(one(number) for number in range(count)))
