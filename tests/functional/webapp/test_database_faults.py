"""What happens to requests when the database dies, hangs, moves, or was never there."""

import asyncio
import json
import signal
import time
from dataclasses import dataclass, field

import pytest

NEW = {"language": "en", "text": "Good morning"}


@dataclass
class Steady:
    """GETs at a steady rate, each counted; `slowest` in seconds."""

    statuses: list[int] = field(default_factory=list)
    slowest: float = 0.0

    async def run(self, client, ending: asyncio.Event) -> None:
        pending = set()
        while not ending.is_set():
            pending.add(asyncio.create_task(self._one(client)))
            await asyncio.sleep(0.01)
        await asyncio.gather(*pending)

    async def _one(self, client) -> None:
        started = time.monotonic()
        async with client.get("/") as answer:
            await answer.read()
            self.statuses.append(answer.status)
        self.slowest = max(self.slowest, time.monotonic() - started)


async def test_a_database_killed_and_restarted_costs_waiting_and_no_error(client, postgres):
    steady, ending = Steady(), asyncio.Event()
    load = asyncio.create_task(steady.run(client, ending))
    await asyncio.sleep(0.3)
    postgres.kill()
    await asyncio.sleep(0.3)
    await asyncio.to_thread(postgres.start)
    await asyncio.sleep(0.3)
    ending.set()
    await load
    print(f"{len(steady.statuses)} requests, the slowest {steady.slowest:.3f} s")
    assert set(steady.statuses) == {200} and len(steady.statuses) > 50
    assert steady.slowest < 6


async def test_a_connection_that_was_made_long_ago_serves_its_first_request(launch, database_url):
    more = "&" if "?" in database_url else "?"
    service = launch(DATABASE_URL=f"{database_url}{more}statement_timeout=300ms")
    await asyncio.sleep(1)
    async with service.client() as client, client.get("/") as answer:
        assert answer.status == 200, await answer.text()


async def test_a_database_that_stays_away_is_a_503_after_the_deadline(client, postgres, service):
    async with client.get("/") as answer:
        assert answer.status == 200
    postgres.kill()
    started = time.monotonic()
    reads = [
        client.get("/"),
        client.get("/greetings"),
        client.get("/greetings/1"),
        client.post("/greetings", json=NEW),
    ]
    for answer in await asyncio.gather(*reads):
        problem = await answer.json()
        assert answer.status == 503, f"{problem} {service.stdout.read_text()}"
        assert answer.headers["retry-after"] == "2"
        assert "Nothing was changed" in problem["detail"]
    assert 5 < time.monotonic() - started < 9
    async with client.get("/healthz") as answer:
        assert answer.status == 200
    async with client.get("/readyz") as answer:
        ready = await answer.json()
        assert (answer.status, ready["dependencies"]["database"]["state"]) == (503, "down")
    await asyncio.to_thread(postgres.start)
    async with client.get("/") as answer:
        assert answer.status == 200
    told = service.stdout.read_text()
    assert "database_unavailable" in told and "database_unreachable" in told


async def test_an_instance_starts_without_its_database_and_finds_it_later(launch, database_url, postgres):
    postgres.kill()
    server = launch(DATABASE_URL=database_url)
    async with server.client() as client:
        async with client.get("/healthz") as answer:
            assert answer.status == 200
        waiting = asyncio.create_task(client.get("/"))
        await asyncio.to_thread(postgres.start)
        assert (await waiting).status == 200


async def test_a_database_that_hangs_is_given_up_at_the_deadline(client, postgres):
    async with client.get("/") as answer:
        assert answer.status == 200
    postgres.signal_all(signal.SIGSTOP)
    try:
        started = time.monotonic()
        read, write = await asyncio.gather(client.get("/"), client.post("/greetings", json=NEW))
        waited = time.monotonic() - started
    finally:
        postgres.signal_all(signal.SIGCONT)
    assert (read.status, write.status) == (503, 503)
    assert 5 < waited < 9
    async with client.get("/") as answer:
        assert answer.status == 200


async def test_a_write_whose_confirmation_is_lost_says_that_its_outcome_is_unknown(
    client, postgres, service, database_url
):
    name = database_url.partition("@/")[2].partition("?")[0]
    async with client.get("/") as answer:
        assert answer.status == 200
    admin = await postgres.connect("evenly", name)
    await admin.execute("BEGIN; LOCK TABLE greetings IN EXCLUSIVE MODE")
    write = asyncio.create_task(client.post("/greetings", json=NEW))
    waits = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'app'"
    while (waiter := await admin.fetchval(waits)) is None:
        await asyncio.sleep(0.01)
    await admin.execute("SELECT pg_terminate_backend($1)", waiter)
    async with await write as answer:
        assert answer.status == 503
        assert "outcome is unknown" in (await answer.json())["detail"]
    await admin.close()
    assert "outcome_unknown" in service.stdout.read_text()


async def test_new_connections_follow_the_link(client, postgres):
    """As in a failover: the server behind the stable name dies, and the name comes to point to another folder."""
    async with client.get("/") as answer:
        assert answer.status == 200
    first = postgres.link.readlink()
    postgres.kill()
    try:
        beside = postgres.folder / "beside"
        beside.symlink_to(postgres.socket_folder("elsewhere"))
        beside.rename(postgres.link)
        await asyncio.to_thread(postgres.start)
        async with client.get("/") as answer:
            assert answer.status == 200
    finally:
        postgres.kill()
        postgres.link.unlink()
        postgres.link.symlink_to(first)


async def test_an_exhausted_pool_is_bounded_by_the_deadline(launch, database_url, postgres):
    server = launch(DATABASE_URL=database_url, DATABASE_POOL_SIZE="1")
    admin = await postgres.connect("evenly", database_url.partition("@/")[2].partition("?")[0])
    async with server.client() as client:
        async with client.get("/") as answer:
            assert answer.status == 200
        await admin.execute("BEGIN; LOCK TABLE greetings IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answers = await asyncio.gather(*(client.get("/") for _ in range(20)))
        assert {answer.status for answer in answers} == {503}
        assert time.monotonic() - started < 9
        await admin.execute("ROLLBACK")
        async with client.get("/") as answer:
            assert answer.status == 200
    await admin.close()


async def test_a_wrong_password_or_address_leaks_nothing(launch, postgres):
    url = postgres.url("nowhere").replace("app:", "app:hunter2")
    for wrong in (url, "postgresql://app:hunter2@[broken/x", "postgresql://app:hunter2@/x?host=/nowhere"):
        server = launch(DATABASE_URL=wrong)
        async with server.client() as client, client.get("/readyz") as answer:
            told = await answer.text()
            assert answer.status == 503
        told += server.stdout.read_text() + server.stderr.read_text()
        assert "database_unreachable" in told and "hunter2" not in told and "pa55" not in told


@pytest.mark.parametrize("clients", [50])
async def test_memory_stays_flat_under_load(client, service, clients):
    def resident() -> int:
        import psutil

        return psutil.Process(service.process.pid).memory_info().rss

    async def some(seconds: float) -> int:
        async def one() -> int:
            count, ending = 0, time.monotonic() + seconds
            while time.monotonic() < ending:
                async with client.get("/") as answer:
                    await answer.read()
                    assert answer.status == 200
                count += 1
            return count

        return sum(await asyncio.gather(*(one() for _ in range(clients))))

    await some(1.0)
    before = resident()
    assert await some(2.0) > 200
    assert resident() - before < 8 * 2**20
    lines = service.stdout.read_text().splitlines()
    assert all(json.loads(line)["status"] == 200 for line in lines[-100:])


async def test_what_nobody_foresaw_is_a_custom_500_and_a_traceback_in_the_log(
    client, postgres, service, database_url
):
    admin = await postgres.connect("evenly", database_url.partition("@/")[2].partition("?")[0])
    async with client.get("/") as answer:
        assert answer.status == 200
    await admin.execute("REVOKE ALL ON greetings FROM app")
    await admin.close()
    async with client.get("/") as answer:
        assert (answer.status, answer.content_type) == (500, "application/problem+json")
        told = await answer.text()
    async with client.get("/", headers={"accept": "text/html"}) as answer:
        assert (answer.status, answer.content_type) == (500, "text/html")
        told += await answer.text()
    assert "denied" not in told and "Traceback" not in told and "asyncpg" not in told
    events = [json.loads(line) for line in service.stdout.read_text().splitlines()]
    [first, _] = [event for event in events if event["event"] == "unexpected"]
    assert first["level"] == "error" and "permission denied for table greetings" in first["exception"]
