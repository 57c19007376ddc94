"""The balancer is started anew beside the one that runs, under load: nobody notices, whatever ends in the middle."""

import asyncio
import contextlib
import json
import os
import signal
import ssl
import time
from pathlib import Path

import pytest
import websockets
from tests.e2e.environment import Environment

from evenly.local.balancer.admin import AdminClient

APP = (Path(__file__).parents[1] / "apps" / "lasting.py").read_text()
LEAVE_S = 8
LASTS_S = 5
MANIFEST = (
    "app: {serve: 'lasting:app'}\ncount: {range: 2-4, response_time: %dms}\ndatabase: null\n"
    "deployment: {bake: 1s}\n"
)
HTTP = f"deregistration_delay: {LEAVE_S}s"


@pytest.fixture(scope="module")
def shop(make_shared) -> Environment:
    made = make_shared(MANIFEST % 200, HTTP, files={"lasting.py": APP})
    made.up()
    return made


def balancers(made: Environment) -> list[int]:
    return sorted(made.pids("balancer"))


def holds(made: Environment) -> int:
    pid = made.part_pids["balancer"]
    assert pid is not None
    return pid


def bounds(made: Environment) -> set[float]:
    """Those of the histogram that scaling reads, in milliseconds."""
    return {bound for bound, _ in AdminClient(made.runtime / "admin.sock").answers().buckets}


def need_another(made: Environment, milliseconds: int) -> None:
    """What runs was started with something else than it would be now, as after an upgrade of Evenly."""
    release = sorted((made.home / "releases").glob("*/release.json"))[-1]
    said = json.loads(release.read_text())
    said["data"]["manifest"]["count"]["response_time"] = milliseconds / 1000
    release.write_text(json.dumps(said))


def renewed(made: Environment) -> None:
    done = made.run("up", "--detach")
    assert done.returncode == 0, done.stderr
    assert "renewed without a break" in done.stderr


def trust(made: Environment) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(made.home / "certificates" / "ca.pem"))


async def lasting(made: Environment, begun: asyncio.Event) -> tuple[bytes, list[str], float]:
    """A long request and a WebSocket across it: what the one answered, what the other echoed, and when it was ended."""
    url = f"wss://localhost:{made.https_port}/ws"
    reader, writer = await asyncio.open_connection("localhost", made.https_port, ssl=trust(made))
    writer.write(f"GET /slow?{LASTS_S} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
    echoed: list[str] = []
    async with websockets.connect(url, ssl=trust(made)) as socket:
        begun.set()
        answer = asyncio.create_task(reader.read())
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await socket.send(str(len(echoed)))
                echoed.append(str(await socket.recv()))
                await asyncio.sleep(0.05)
        ended = time.monotonic()
        return await answer, echoed, ended


def test_nobody_notices(shop, under_load, capsys):
    seen: list[tuple[bytes, list[str], float]] = []

    def across() -> None:
        async def both() -> None:
            begun = asyncio.Event()
            task = asyncio.create_task(lasting(shop, begun))
            await begun.wait()
            before = holds(shop)
            need_another(shop, 210 + 10 * len(seen))
            await asyncio.to_thread(renewed, shop)
            since = time.monotonic()
            assert holds(shop) != before
            assert balancers(shop) == sorted([before, holds(shop)])
            answer, echoed, ended = await task
            await asyncio.to_thread(
                shop.wait_for, lambda: balancers(shop) == [holds(shop)], 30, "the end of the one before"
            )
            seen.append((answer, echoed, ended - since))

        asyncio.run(both())

    result = under_load(shop, across)
    answer, echoed, after_s = seen[-1]
    with capsys.disabled():
        print(f"\n{result.errors} of {result.requests} failed; a WebSocket lasted {after_s:.1f} s more")
    assert result.errors == 0
    assert answer.endswith(b"done\r\n0\r\n\r\n")
    assert echoed == [str(number) for number in range(len(echoed))]
    assert LEAVE_S - 3 < after_s < LEAVE_S + 10


def taken_over(made: Environment, before: int) -> bool:
    return made.part_pids["balancer"] not in (None, before)


def kill_at_once(made: Environment, role: str) -> None:
    """SIGKILL: to the next balancer, or to the supervisor, as soon as there is a next one."""
    found = made.wait_for(lambda: (pids := balancers(made))[1:] and pids, 30, "the next balancer")
    os.kill(found[-1] if role == "balancer" else made.pids(role)[0], signal.SIGKILL)


@pytest.mark.parametrize("role", ["balancer", "supervisor"])
def test_an_end_in_the_middle_costs_nothing(shop, under_load, role):
    """The next balancer is killed before it took over, or while; the supervisor at any moment."""

    def fault() -> None:
        shop.wait_for(lambda: len(balancers(shop)) == 1, 30, "one balancer")
        before = holds(shop)
        need_another(shop, 300 + int(time.time()) % 100)
        with shop.start("up", "--detach") as command:
            kill_at_once(shop, role)
            assert command.wait(90) == 0
        shop.wait_for(lambda: taken_over(shop, before), 60, "another balancer")

    result = under_load(shop, fault, rate=100.0)
    assert result.errors == 0
    shop.wait_for(lambda: len(balancers(shop)) == 1, 60, "the end of the one before")
    assert shop.wait_healthy().serving


def test_a_deploy_that_changes_what_is_read_once_renews_it(shop):
    before = holds(shop)
    shop.write_manifest(MANIFEST % 137, HTTP)
    done = shop.run("deploy")
    assert done.returncode == 0, done.stderr
    shop.wait_for(lambda: taken_over(shop, before), 60, "another balancer")
    shop.get("/")
    shop.wait_for(lambda: 137.0 in bounds(shop), 10, "the bound")
