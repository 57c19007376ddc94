"""What the balancer tells scaling: each request once, however often it was tried, and exactly which took too long."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.functional.balancer.conftest import World, make_world

from evenly.core.traffic import quantile
from evenly.manifest.types import Count, Manifest, Seconds


@pytest.fixture
def scaled(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path, Manifest(name="hello", count=Count(response_time=Seconds(0.9))))
    made.settings = replace(made.settings, listen=("127.0.0.1", "::1"))
    try:
        yield made
    finally:
        made.close()


async def test_what_took_longer_than_the_target_is_told_exactly(scaled: World) -> None:
    instance = await scaled.instance(1)
    await scaled.start_balancer([instance.endpoint])
    await scaled.until_healthy(instance)
    before = scaled.admin.answers()
    async with scaled.session() as client:
        slow = [client.get(f"{scaled.url}/slow?0.95") for _ in range(2)]
        assert {(await client.get(f"{scaled.url}/echo")).status for _ in range(38)} == {200}
        assert {it.status for it in await asyncio.gather(*slow)} == {200}
        await scaled.until(lambda: scaled.admin.answers().timed == before.timed + 40)
        after = scaled.admin.answers()
        assert (after.count - before.count, after.active) == (40, 0)
        assert dict(after.buckets)[900.0] == 38
        found = quantile(before, after, 0.95)
        assert found is not None and found <= 900  # two of forty: no more than five of a hundred
        await client.get(f"{scaled.url}/slow?0.95")
        await scaled.until(lambda: scaled.admin.answers().timed == before.timed + 41)
        found = quantile(before, scaled.admin.answers(), 0.95)
        assert found is not None and found > 900


async def test_a_request_under_way_has_come_and_one_tried_again_came_once(scaled: World) -> None:
    broken, well = await scaled.instance(1), await scaled.instance(2, "local-b")
    await scaled.start_balancer([broken.endpoint, well.endpoint])
    await scaled.until_healthy(broken, well)
    async with scaled.session() as client:
        asked = [await client.get(f"{scaled.url}/broken?{broken.endpoint.id}") for _ in range(6)]
        assert {it.status for it in asked} == {200}
        assert (scaled.admin.answers().count, scaled.admin.answers().came) == (6, 6)
        under_way = asyncio.create_task(client.get(f"{scaled.url}/slow?1"))
        await scaled.until(lambda: scaled.admin.answers().active == 1)
        assert (scaled.admin.answers().count, scaled.admin.answers().came) == (6, 7)
        await under_way
    assert scaled.admin.answers().came == 7
