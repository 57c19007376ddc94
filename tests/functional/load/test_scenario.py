"""Scenarios of the user's own, against a small shop that writes down who asked for what."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from aiohttp import web

from evenly.errors import UsageError
from evenly.verify.load import Fault, LoadPlan, LoadResult, send
from evenly.verify.scenario import load_scenario

Write = Callable[[str], Path]


@dataclass
class Shop:
    """`asked`: (cookie, method, path, type, body, X-Trace) of each request."""

    url: str = ""
    asked: list[tuple[str, ...]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=count)

    async def answer(self, request: web.Request) -> web.Response:
        known = request.cookies.get("user", "")
        body = await request.text()
        kind, trace = request.headers.get("Content-Type", ""), request.headers.get("X-Trace", "")
        self.asked.append((known, request.method, request.path_qs, kind, body, trace))
        match request.path:
            case "/broken":
                return web.Response(status=500)
            case "/old":
                return web.Response(status=303, headers={"Location": "/"})
            case "/hang":
                await asyncio.sleep(1000)
        response = web.json_response({"number": len(self.asked), "zone": "local-a"})
        if not known:
            response.set_cookie("user", f"u{next(self.numbers)}")
        return response

    def of(self, method: str, path: str) -> list[tuple[str, ...]]:
        return [it for it in self.asked if it[1:3] == (method, path)]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made = Shop()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    await runner.cleanup()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        file = tmp_path / "shop_load.py"
        file.write_text(text)
        return file

    return written


async def run(
    shop: Shop, file: Path, rate: float = 20, duration_s: float = 0.5, **more: object
) -> LoadResult:
    plan = LoadPlan(shop.url, rate, duration_s, timeout_s=2, **more)  # type: ignore[arg-type]
    return await send(plan, scenario=load_scenario(file))


async def test_each_user_does_it_once_with_cookies_of_their_own(shop: Shop, write: Write) -> None:
    file = write("""
async def scenario(user):
    first = await user.get("/")
    assert first.json()["number"] > 0 and first.headers["content-type"].startswith("application/json")
    await user.post("/orders", json={"item": user.number}, headers={"X-Trace": "7"})
    await user.put("/orders/1?size=2", form={"a b": "c&d"}, name="PUT /orders/{id}")
    await user.patch("/", body=b"plain")
    await user.head("/")
    await user.delete("/orders/1")
""")
    result = await run(shop, file)
    assert (result.users, result.requests, result.errors) == (10, 60, 0)
    assert len(shop.asked) == 60
    assert {it[0] for it in shop.of("GET", "/")} == {""}
    assert {it[0] for it in shop.of("POST", "/orders")} == {f"u{number}" for number in range(10)}
    assert sorted(it[4] for it in shop.of("POST", "/orders")) == sorted(f'{{"item": {n}}}' for n in range(10))
    assert {it[3:] for it in shop.of("PUT", "/orders/1?size=2")} == {
        ("application/x-www-form-urlencoded", "a+b=c%26d", "")
    }
    assert {(it[3], it[5]) for it in shop.of("POST", "/orders")} == {("application/json", "7")}
    assert {part.name: part.requests for part in result.parts} == {
        "GET /": 10,
        "POST /orders": 10,
        "PUT /orders/{id}": 10,
        "PATCH /": 10,
        "HEAD /": 10,
        "DELETE /orders/1": 10,
    }


async def test_a_pause_is_no_latency_and_what_follows_is_due_at_its_end(shop: Shop, write: Write) -> None:
    file = write("""
async def scenario(user):
    await user.get("/")
    await user.pause(0.6)
    await user.get("/again")
""")
    result = await run(shop, file)
    assert (result.requests, result.errors) == (20, 0)
    assert result.latency.max_ms < 500
    assert result.ended_s > 0.6


async def test_users_come_when_they_are_due_however_long_others_take(shop: Shop, write: Write) -> None:
    file = write("""
async def scenario(user):
    await user.get("/")
    await user.pause(1.5)
""")
    result = await run(shop, file, rate=20, duration_s=1)
    assert result.users == 20
    assert [second.requests for second in result.timeline] == [20]


async def test_an_answer_that_the_scenario_refuses_is_a_failed_request(shop: Shop, write: Write) -> None:
    file = write("""
async def scenario(user):
    await user.get("/")
    answer = await user.get("/orders")
    assert user.number % 2 == 0
""")
    result = await run(shop, file)
    assert (result.requests, result.errors, result.by_fault) == (20, 5, {Fault.SCENARIO: 5})
    assert result.complaints == {"shop_load.py:5: AssertionError: assert user.number % 2 == 0": 5}
    assert {part.name: part.failed for part in result.parts} == {"GET /": 0, "GET /orders": 5}


async def test_a_status_that_was_not_expected_fails_and_the_scenario_goes_on(
    shop: Shop, write: Write
) -> None:
    file = write("""
async def scenario(user):
    await user.get("/broken")
    await user.get("/old")
    await user.get("/old", expect=303)
    await user.get("/broken", expect=(404, 500))
    await user.get("/", expect=201)
""")
    result = await run(shop, file)
    assert (result.requests, result.errors, result.by_fault) == (50, 30, {Fault.STATUS: 30})
    assert result.complaints == {}


async def test_without_an_answer_the_scenario_ends_there(write: Write, unused_tcp_port: int) -> None:
    file = write("""
async def scenario(user):
    await user.get("/")
    await user.get("/never")
""")
    result = await run(Shop(f"http://127.0.0.1:{unused_tcp_port}/"), file)
    assert (result.users, result.requests, result.by_fault) == (10, 10, {Fault.REFUSED: 10})


async def test_a_seed_makes_the_same_users_again(shop: Shop, write: Write) -> None:
    file = write("""
async def scenario(user):
    await user.get(f"/{user.number}/{user.random.randint(0, 10**9)}")
""")

    async def paths(seed: int | None) -> set[str]:
        shop.asked.clear()
        await run(shop, file, duration_s=0.25, seed=seed)
        return {it[2] for it in shop.asked}

    assert await paths(3) == await paths(3) != await paths(4)
    assert await paths(None) != await paths(None)


async def test_what_blocks_the_loop_voids_the_run(shop: Shop, write: Write) -> None:
    file = write("""
import time
async def scenario(user):
    time.sleep(0.1)
    await user.get("/")
""")
    assert (await run(shop, file)).void


async def test_users_who_never_end_are_ended_and_what_they_asked_for_counts(shop: Shop, write: Write) -> None:
    file = write("""
async def scenario(user):
    while True:
        await user.get("/")
        await user.pause(0.1)
""")
    plan = LoadPlan(shop.url, 10, 0.5, timeout_s=0.5)
    result = await asyncio.wait_for(send(plan, scenario=load_scenario(file)), 20)
    assert result.requests == len(shop.asked) > 20
    assert result.errors == 0


async def test_stop_ends_pauses_at_once(shop: Shop, write: Write) -> None:
    file = write("""
async def scenario(user):
    await user.get("/")
    await user.pause(1000)
""")
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, stop.set)
    result = await asyncio.wait_for(send(LoadPlan(shop.url, 20, 60), stop, scenario=load_scenario(file)), 20)
    assert result.requests == len(shop.asked) > 0
    assert result.errors == 0


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("async def scenario(user:\n", "shop_load.py:1", "SyntaxError"),
        (
            "import nothing_like_it\n",
            "shop_load.py:1",
            "ModuleNotFoundError: No module named 'nothing_like_it'",
        ),
        ("x = 1\ny = 1 / 0\n", "shop_load.py:2", "ZeroDivisionError"),
        ("raise SystemExit(3)\n", "shop_load.py:1", "SystemExit"),
        ("def other(): ...\n", "shop_load.py", "there is no async function scenario"),
        ("def scenario(user): ...\n", "shop_load.py", "there is no async function scenario"),
        ("async def scenario(): ...\n", "shop_load.py", "has to take one argument"),
    ],
)
def test_a_file_that_is_broken_is_told_with_its_line(write: Write, text: str, where: str, what: str) -> None:
    with pytest.raises(UsageError) as error:
        load_scenario(write(text))
    assert (error.value.where, what in error.value.what) == (where, True)


@pytest.mark.parametrize(
    ("body", "where", "what"),
    [
        ("    await user.gett('/')", "shop_load.py:2", "AttributeError"),
        ("    assert False, 'never'", "shop_load.py:2", "AssertionError: never"),
        ("    await user.get('/')\n    await pause(1)", "shop_load.py:3", "NameError: name 'pause'"),
        ("    await user.get('https://example.com/')", "shop_load.py:2", "is no path of the service"),
        ("    await user.get('//example.com/')", "shop_load.py:2", "is no path of the service"),
        ("    await user.post('/', data={})", "shop_load.py:2", "a request has no data"),
        ("    await user.post('/', json=1, body=b'')", "shop_load.py:2", "one of json, form and body"),
        ("    await user.post('/', json=object())", "shop_load.py:2", "TypeError"),
    ],
)
async def test_a_scenario_that_is_broken_ends_the_load_in_words(
    shop: Shop, write: Write, body: str, where: str, what: str
) -> None:
    file = write(f"async def scenario(user):\n{body}\n")
    with pytest.raises(UsageError) as error:
        await asyncio.wait_for(run(shop, file, duration_s=30), 20)
    assert (error.value.where, what in error.value.what) == (where, True)


async def test_a_scenario_may_import_what_is_beside_it(shop: Shop, write: Write, tmp_path: Path) -> None:
    (tmp_path / "shop_items.py").write_text("PATH = '/items'\n")
    file = write("from shop_items import PATH\nasync def scenario(user):\n    await user.get(PATH)\n")
    assert (await run(shop, file)).parts[0].name == "GET /items"
