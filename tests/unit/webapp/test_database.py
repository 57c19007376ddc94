import asyncio

import asyncpg
import pytest

from evenly.webapp.database import Database, OutcomeUnknownError
from evenly.webapp.http import Request
from evenly.webapp.pool import Pool, UnavailableError
from evenly.webapp.retry import DEFAULT, Policy, backoff


class FakeSession:
    def __init__(self) -> None:
        self.usable = True

    def close(self) -> None:
        self.usable = False


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Server:
    """What the database does: `refuse` connections, or fail operations with the next of `errors`."""

    def __init__(self, *errors: Exception, refuse: int = 0) -> None:
        self.errors = list(errors)
        self.refuse = refuse
        self.sessions: list[FakeSession] = []
        self.asked = 0

    async def connect(self) -> FakeSession:
        if self.refuse:
            self.refuse -= 1
            raise ConnectionRefusedError
        self.sessions.append(FakeSession())
        return self.sessions[-1]

    async def operation(self, session: FakeSession) -> str:
        assert session.usable
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


FAST = Policy(first=0.001, longest=0.002, within=5.0)


def made(server: Server, clock: Clock, size: int = 2) -> Database[FakeSession]:
    return Database(Pool(server.connect, size, lambda _: None, FAST), DEFAULT, clock, clock.sleep)


def request() -> Request:
    return Request("GET", "/", "", {}, None)  # type: ignore[arg-type]


RETRIED = [
    OSError(),
    TimeoutError(),
    asyncpg.InterfaceError("closed"),
    asyncpg.ConnectionDoesNotExistError(),
    asyncpg.CannotConnectNowError(),
    asyncpg.AdminShutdownError(),
    asyncpg.CrashShutdownError(),
    asyncpg.ReadOnlySQLTransactionError(),
    asyncpg.TargetServerAttributeNotMatched(),
    asyncpg.InternalClientError(),
    asyncpg.TooManyConnectionsError(),
    asyncpg.InvalidCatalogNameError(),
    asyncpg.InvalidCachedStatementError(),
]


@pytest.mark.parametrize("error", RETRIED, ids=lambda error: type(error).__name__)
async def test_a_read_is_repeated_on_a_new_connection(error):
    server, clock = Server(error), Clock()
    assert await made(server, clock).read(server.operation, request()) == "done"
    assert (server.asked, len(server.sessions), len(clock.pauses)) == (2, 2, 1)


async def test_a_read_is_given_up_after_its_time_and_says_why():
    server, clock = Server(*(OSError() for _ in range(1000))), Clock()
    asked = request()
    with pytest.raises(UnavailableError) as raised:
        await made(server, clock).read(server.operation, asked)
    assert isinstance(raised.value.__cause__, OSError)
    assert 5.7 < asked.database_time <= 6.0
    assert all(0.02 <= pause <= 0.25 for pause in clock.pauses)


async def test_our_own_mistakes_are_not_repeated():
    server = Server(asyncpg.DataError())
    database = made(server, Clock())
    with pytest.raises(asyncpg.DataError):
        await database.read(server.operation, request())
    assert (server.asked, server.sessions[0].usable, database.pool.size) == (1, False, 0)


async def test_connecting_is_repeated_for_a_write_because_nothing_was_sent():
    server = Server(refuse=5)
    assert await made(server, Clock()).write(server.operation, request()) == "done"
    assert server.asked == 1


@pytest.mark.parametrize(
    "error",
    [
        e
        for e in RETRIED
        if type(e).__name__ not in ("ReadOnlySQLTransactionError", "InvalidCachedStatementError")
    ],
    ids=lambda e: type(e).__name__,
)
async def test_a_write_that_was_sent_is_never_repeated(error):
    server = Server(error)
    with pytest.raises(OutcomeUnknownError):
        await made(server, Clock()).write(server.operation, request())
    assert server.asked == 1


async def test_a_refused_write_certainly_changed_nothing():
    server = Server(asyncpg.ReadOnlySQLTransactionError())
    with pytest.raises(UnavailableError):
        await made(server, Clock()).write(server.operation, request())


async def test_a_read_that_hangs_loses_its_connection_at_the_attempts_limit():
    server = Server()
    database = Database(Pool(server.connect, 1, lambda _: None, FAST), Policy(attempt=0.02, within=5))
    seen: list[FakeSession] = []

    async def hangs_once(session: FakeSession) -> str:
        seen.append(session)
        while len(seen) == 1 and session.usable:
            await asyncio.sleep(0.001)
        if not session.usable:
            raise asyncpg.ConnectionDoesNotExistError
        return "done"

    assert await database.read(hangs_once, request()) == "done"
    assert [session.usable for session in seen] == [False, True]


async def test_sessions_are_used_again_and_never_more_than_the_size():
    server = Server()
    database = made(server, Clock(), size=3)
    await asyncio.gather(*(database.read(server.operation, request()) for _ in range(50)))
    assert (server.asked, database.pool.idle == database.pool.size <= 3) == (50, True)
    assert len(server.sessions) <= 3


async def test_an_exhausted_pool_ends_in_unavailable_and_recovers():
    server = Server()
    pool = Pool(server.connect, 1, lambda _: None, FAST)
    held = await pool.acquire(1)
    with pytest.raises(UnavailableError):
        await pool.acquire(0.01)
    pool.release(held)
    assert await pool.acquire(0) is held


async def test_a_session_that_died_while_idle_is_replaced():
    server = Server()
    pool = Pool(server.connect, 1, lambda _: None, FAST)
    first = await pool.acquire(1)
    pool.release(first)
    first.close()
    second = await pool.acquire(1)
    assert second is not first and second.usable and pool.size == 1


async def test_who_gives_up_in_the_moment_of_the_handover_gives_the_session_back():
    server = Server()
    pool = Pool(server.connect, 1, lambda _: None, FAST)
    held = await pool.acquire(1)
    waiter = asyncio.create_task(pool.acquire(5))
    await asyncio.sleep(0)
    pool.release(held)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert pool.idle == pool.size == 1


async def test_nobody_waiting_nobody_connecting():
    server = Server(refuse=10**9)
    pool = Pool(server.connect, 4, lambda _: None, FAST)
    with pytest.raises(UnavailableError):
        await pool.acquire(0.02)
    await asyncio.sleep(0.01)
    before = server.refuse
    await asyncio.sleep(0.02)
    assert server.refuse == before


async def test_while_the_database_is_away_one_tries_for_all_and_then_all_are_served():
    """Many attempts at once keep a database that starts from starting."""
    trying, most, attempts, down = 0, 0, 0, True

    async def connect() -> FakeSession:
        nonlocal trying, most, attempts
        trying, attempts = trying + 1, attempts + 1
        if attempts > 8:  # the first of each may have begun before it was known
            most = max(most, trying)
        await asyncio.sleep(0.001)
        trying -= 1
        if down:
            raise ConnectionRefusedError
        return FakeSession()

    pool = Pool(connect, 8, lambda _: None, FAST)
    waiting = [asyncio.create_task(pool.acquire(5)) for _ in range(8)]
    while attempts < 20:
        await asyncio.sleep(0.001)
    assert most == 1
    down = False
    assert len(set(await asyncio.gather(*waiting))) == pool.size == 8


@pytest.mark.parametrize("attempt", [0, 1, 3, 10, 10_000])
@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_backoff_stays_within_its_bounds(attempt, chance):
    assert 0.02 <= backoff(attempt, DEFAULT, chance) <= 0.25


def test_backoff_grows():
    assert backoff(0, DEFAULT, 1) == 0.02 < backoff(2, DEFAULT, 1) == 0.08 < backoff(9, DEFAULT, 1) == 0.1


def test_sessions_that_a_burst_has_opened_are_closed_when_nobody_uses_them() -> None:
    server, clock = Server(), Clock()
    pool = Pool(server.connect, 5, lambda _: None, FAST, clock)

    async def used(at_once: int) -> None:
        sessions = [await pool.acquire(1) for _ in range(at_once)]
        for it in sessions:
            pool.release(it)

    async def scenario() -> None:
        await used(5)
        for _ in range(29):
            clock.now += 1
            await used(2)
        assert pool.size == 5
        clock.now += 2
        await used(2)

    asyncio.run(scenario())
    assert pool.size == pool.idle == 2
    assert [it.usable for it in server.sessions].count(True) == 2


def test_the_last_session_is_kept_however_long_nobody_asked() -> None:
    server, clock = Server(), Clock()
    pool = Pool(server.connect, 5, lambda _: None, FAST, clock)

    async def scenario() -> None:
        for _ in range(3):
            pool.release(await pool.acquire(1))
            clock.now += 3600

    asyncio.run(scenario())
    assert pool.size == len(server.sessions) == 1
