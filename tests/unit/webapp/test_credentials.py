"""Whom the service connects as when the database refuses it: a database that knows its users, and a secret that
changes."""

import asyncio
import json
from collections.abc import Mapping

import asyncpg
import pytest

from evenly.webapp.credentials import PAUSE_S, REFUSED, Credentials


class World:
    """A database with one password a user, a secret, and a clock. What was started with is `app` with `first`."""

    def __init__(self) -> None:
        self.passwords = {"app": "first"}
        self.secret: str | Exception = json.dumps({"username": "app", "password": "first"})
        self.now = 100.0
        self.readings = 0
        self.tried: list[tuple[str, str]] = []

    async def connect(self, known: Mapping[str, str]) -> str:
        user, password = known.get("user", "app"), known.get("password", "first")
        self.tried.append((user, password))
        await asyncio.sleep(0)
        if self.passwords.get(user) != password:
            raise asyncpg.InvalidPasswordError("password authentication failed")
        return f"{user}:{password}"

    async def read(self) -> str:
        self.readings += 1
        await asyncio.sleep(0)
        if isinstance(self.secret, Exception):
            raise self.secret
        return self.secret

    def rotate(self, user: str, password: str) -> None:
        self.passwords = {user: password}
        self.secret = json.dumps({"username": user, "password": password, "host": "elsewhere"})


@pytest.fixture
def world() -> World:
    return World()


def credentials(world: World, *, readable: bool = True) -> Credentials[str]:
    return Credentials(world.connect, world.read if readable else None, lambda: world.now)


async def test_as_long_as_it_gets_in_it_reads_nothing(world: World) -> None:
    it = credentials(world)
    assert await it.connect() == "app:first"
    assert world.readings == 0
    assert it.secrets == ()


async def test_refused_it_reads_the_secret_and_gets_in_as_the_other_user(world: World) -> None:
    it = credentials(world)
    world.rotate("app_clone", "second")
    assert await it.connect() == "app_clone:second"
    assert await it.connect() == "app_clone:second"
    assert world.readings == 1
    assert it.secrets == ("second",)  # which no log may show from now on


async def test_it_does_so_each_time_that_the_users_take_turns(world: World) -> None:
    it = credentials(world)
    for number, user in enumerate(("app_clone", "app", "app_clone")):
        world.now += PAUSE_S
        world.rotate(user, f"password {number}")
        assert await it.connect() == f"{user}:password {number}"
    assert world.readings == 3


async def test_all_connectors_that_are_refused_at_once_read_it_once(world: World) -> None:
    it = credentials(world)
    world.rotate("app_clone", "second")
    assert await asyncio.gather(*(it.connect() for _ in range(10))) == ["app_clone:second"] * 10
    assert world.readings == 1


async def test_a_secret_that_helps_nothing_is_not_asked_for_again_at_once(world: World) -> None:
    it = credentials(world)
    world.passwords = {"app": "another"}
    for _ in range(5):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await it.connect()
    assert world.readings == 1
    world.now += PAUSE_S
    with pytest.raises(asyncpg.InvalidPasswordError):
        await it.connect()
    assert world.readings == 2


@pytest.mark.parametrize("said", ["", "no json", "[]", "{}", '{"username": "app"}', "null"])
async def test_a_secret_that_makes_no_sense_leaves_the_refusal(world: World, said: str) -> None:
    it = credentials(world)
    world.passwords, world.secret = {}, said
    with pytest.raises(asyncpg.InvalidPasswordError):
        await it.connect()


async def test_so_does_one_that_can_not_be_had(world: World) -> None:
    it = credentials(world)
    world.passwords, world.secret = {}, OSError("no way there")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await it.connect()
    assert world.readings == 1


async def test_where_there_is_no_secret_the_refusal_is_the_answer(world: World) -> None:
    it = credentials(world, readable=False)
    world.passwords = {}
    with pytest.raises(asyncpg.InvalidPasswordError):
        await it.connect()
    assert world.tried == [("app", "first")]


async def test_a_database_that_is_away_is_no_reason_to_read(world: World) -> None:
    async def away(_: Mapping[str, str]) -> str:
        raise ConnectionRefusedError

    it = Credentials(away, world.read, lambda: world.now)
    with pytest.raises(ConnectionRefusedError):
        await it.connect()
    assert world.readings == 0
    assert asyncpg.InvalidPasswordError in REFUSED
