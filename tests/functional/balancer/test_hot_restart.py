"""One balancer takes over from the other: HTTP/3 too, with figures that tell it, and by a base id of its own."""

import asyncio
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.functional.balancer.http3 import http3

from evenly.local.balancer import command
from evenly.local.balancer.hot import (
    HotRestart,
    base_ids,
    forget,
    free_base_id,
    is_possible,
    let_begin,
    shared_memory,
)
from evenly.local.paths import environment_key

LEAVE_S = 2


class Epochs:
    """Balancers of one world, each the next one of the one before."""

    def __init__(self, world, folder) -> None:
        self.world = world
        self.sockets = folder / "h"
        self.key = environment_key(world.folder)
        self.base_id = free_base_id(self.key)

    def start(self, number: int, more: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        hot_restart = HotRestart(self.base_id, number, self.sockets, 1, LEAVE_S)
        return self.world.spawn([*command(self.world.settings, hot_restart.arguments()), *more])

    async def live(self, number: int) -> None:
        await self.world.until(lambda: self.world.admin.live_epoch() == number)


@pytest.fixture
def epochs(world):
    with tempfile.TemporaryDirectory(prefix="hot-") as folder:
        made = Epochs(world, Path(folder))
        if not is_possible(made.sockets):
            pytest.skip("there is no hot restart on this system")
        try:
            yield made
        finally:
            world.close()
            forget([made.base_id])


async def served(epochs) -> subprocess.Popen[bytes]:
    """The first epoch, in front of one instance."""
    world = epochs.world
    instance = await world.application(1)
    with_files = await world.start_balancer([instance.endpoint])  # writes the files, and is not one of them
    with_files.kill()
    await asyncio.to_thread(with_files.wait)
    first = epochs.start(0)
    await epochs.live(0)
    await world.until_healthy(instance)
    return first


async def test_a_connection_of_http3_goes_on_and_new_ones_are_the_next_ones(epochs, world):
    first = await served(epochs)
    to = (world.settings.https_port, world.authority.files.ca)
    async with http3(*to) as old:
        assert (await old.ask("GET", "/echo")).status == 200
        epochs.start(1)
        await epochs.live(1)
        counted = world.admin.traffic().requests
        assert (await old.ask("GET", "/echo")).status == 200
        async with http3(*to) as new:
            assert (await new.ask("GET", "/echo")).status == 200
            await asyncio.to_thread(first.wait)  # it was not started to be deaf to what the next one sends it
            assert (await new.ask("GET", "/echo")).status == 200
    assert world.admin.traffic().requests > counted


async def test_the_figures_say_that_another_one_counts(epochs, world, client):
    await served(epochs)
    for _ in range(5):
        await client.get(f"{world.url}/text")
    before = world.admin.traffic(), world.admin.answers()
    epochs.start(1)
    await epochs.live(1)
    after = world.admin.traffic(), world.admin.answers()
    assert [it.epoch for it in (*before, *after)] == [0, 0, 1, 1]
    assert before[0].requests == 5


async def test_one_that_died_on_its_way_leaves_the_one_that_holds_and_lets_another_in(epochs, world, client):
    first = await served(epochs)
    broken = epochs.start(1, ("--config-yaml", "{no_such_field: 1}"))
    assert await asyncio.to_thread(broken.wait) != 0
    assert (await client.get(f"{world.url}/text")).status == 200
    refused = epochs.start(1)
    assert await asyncio.to_thread(refused.wait) != 0
    let_begin(epochs.base_id)
    epochs.start(1)
    await epochs.live(1)
    assert first.poll() is None
    assert (await client.get(f"{world.url}/text")).status == 200


async def test_one_that_leaves_is_not_in_the_way_of_one_that_starts_alone(epochs, world, client):
    first = await served(epochs)
    second = epochs.start(1)
    await epochs.live(1)
    second.kill()
    await asyncio.to_thread(second.wait)
    epochs.start(0)
    await epochs.live(0)
    assert first.poll() is None
    await world.until(lambda: world.admin.is_ready())
    assert (await client.get(f"{world.url}/text")).status == 200


async def test_a_base_id_that_somebody_has_is_not_taken(epochs, world):
    await served(epochs)
    file = shared_memory(epochs.base_id)
    first = base_ids(epochs.key)[0]
    assert epochs.base_id == first
    assert free_base_id(epochs.key) == first + 1
    forget([epochs.base_id])
    assert file.exists()
    world.close()
    assert free_base_id(epochs.key) == first
    forget([epochs.base_id])
    assert not file.exists()


def test_one_that_is_of_another_user_is_not_taken(tmp_path):
    key = "0000000000ff"
    shared_memory(255, tmp_path).touch()
    assert free_base_id(key, tmp_path) == 255
    assert free_base_id(key, tmp_path, own_uid=12345) == 256
