"""1,000 WebSockets that say nothing, through the edge to two instances of an application (bench/fan_out.py):
what they hold in memory, what they take of a core, and how long a message takes to reach all of them.

One environment, before and after: the peer is the same processes with nobody connected, and for the message
with one who listens. A message is posted to the service; the database tells it to the other instance.
"""

import asyncio
import resource
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.figures import Bound, Findings, Measure, Of, Table, Target
from bench.processes import RefusedError, cpu_seconds, resident_mb
from bench.product import Product, parts
from bench.room import Room

CONNECTIONS = 1000
AT_ONCE = 50  # TLS handshakes under way
REST_S = 15.0
SETTLE_S = 3.0
MESSAGES = 15
HEARD_WITHIN_S = 30.0
HERE = Path(__file__).parent
MANIFEST = "app: {serve: 'fan_out:app'}\n"
SPARE_FILES = 100  # what this process has open besides
SHOWN = ("balancer", "app", "database")


@dataclass(frozen=True, slots=True)
class Held:
    """One part of the environment: all its processes together. `cpu`: percent of a core while nothing is said."""

    memory_mb: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Seen:
    """With so many connections. `heard_ms`: from each message's sending until the last has it; `cpu_ms`: CPU time
    of each part a message. `lost`: connections that were closed on us, or never heard a message."""

    connections: int
    held: Mapping[str, Held]
    heard_ms: tuple[float, ...]
    cpu_ms: Mapping[str, float]
    lost: int


@dataclass(frozen=True, slots=True)
class Service:
    url: str
    ca_file: Path
    pids: Mapping[str, list[int]]


def measure(room: Room) -> Findings:
    with room.folder() as folder:
        shutil.copy(HERE / "fan_out.py", folder)
        with Product(folder).running(2, more=MANIFEST) as product:
            status = product.status()
            pids = {part: found for part, found in parts(status, folder).items() if part in SHOWN}
            service = Service(status.urls.https, Path(status.ca_certificate), pids)
            _allow_open_files(CONNECTIONS + SPARE_FILES)
            room.say(f"1 connection, then {CONNECTIONS:,}")
            return asyncio.run(_measured(service))


def findings(one: Seen, many: Seen) -> Findings:
    def both(what: str, part: str) -> Measure:
        unit, name = ("MB", "memory_mb") if what == "memory" else ("% of a core", "cpu")
        ours, peer = (getattr(each.held[part], name) for each in (many, one))
        return Measure(f"{what}, {part}", unit, (ours,), (peer,))

    none_lost = Target(Bound.AT_MOST, 0, Of.OURS)
    return Findings(
        "the same environment with 1 connection",
        (
            Measure("connections lost", "", (float(many.lost),), (float(one.lost),), none_lost),
            *(both("memory", part) for part in many.held),
            *(both("CPU at rest", part) for part in many.held),
            Measure("a message, until the last has it", "ms", many.heard_ms, one.heard_ms),
        ),
        (_table(one, many),),
    )


def _table(one: Seen, many: Seen) -> Table:
    more = many.connections - one.connections
    rows = [
        (
            part,
            f"{(many.held[part].memory_mb - one.held[part].memory_mb) / more * 1000:.1f}",
            f"{many.cpu_ms[part]:.1f}",
        )
        for part in many.held
    ]
    return Table(
        f"What a connection holds, and what a message to {many.connections:,} costs",
        ("part", "KB a connection", "ms of CPU a message"),
        tuple(rows),
    )


def _allow_open_files(count: int) -> None:
    """Of this process. What it has started before keeps its own limit."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if least in (resource.RLIM_INFINITY, -1) or least >= count:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))
    except ValueError:
        raise RefusedError(f"Only {most} files may be open. Try: ulimit -Hn {count}") from None


async def _measured(service: Service) -> Findings:
    trust = ssl.create_default_context(cafile=service.ca_file)
    connector = aiohttp.TCPConnector(ssl=trust, limit=0)
    async with aiohttp.ClientSession(service.url, connector=connector) as session:
        return findings(await _seen(session, service, 1), await _seen(session, service, CONNECTIONS))


async def _seen(session: aiohttp.ClientSession, service: Service, count: int) -> Seen:
    async with _listeners(session, count) as listeners:
        await asyncio.sleep(SETTLE_S)
        held = await _at_rest(service)
        before = _cpu_s(service)
        told = [await _tell(session, listeners, number) for number in range(MESSAGES)]
        used = {part: (after - before[part]) / MESSAGES * 1000 for part, after in _cpu_s(service).items()}
        lost = sum(each.closed for each in listeners)
    return Seen(count, held, tuple(told), used, lost)


@asynccontextmanager
async def _listeners(
    session: aiohttp.ClientSession, count: int
) -> AsyncIterator[list[aiohttp.ClientWebSocketResponse]]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def connect() -> aiohttp.ClientWebSocketResponse:
        async with turns:
            return await session.ws_connect("/")

    listeners = list(await asyncio.gather(*(connect() for _ in range(count))))
    try:
        yield listeners
    finally:
        await asyncio.gather(*(each.close() for each in listeners))


async def _at_rest(service: Service) -> dict[str, Held]:
    before = _cpu_s(service)
    await asyncio.sleep(REST_S)
    after = _cpu_s(service)
    return {
        part: Held(sum(map(resident_mb, pids)), (after[part] - before[part]) / REST_S * 100)
        for part, pids in service.pids.items()
    }


async def _tell(
    session: aiohttp.ClientSession, listeners: list[aiohttp.ClientWebSocketResponse], number: int
) -> float:
    """Milliseconds until all have heard it. Raises RefusedError if that takes too long."""
    message = f"message {number}"
    hearing = [asyncio.ensure_future(each.receive_str()) for each in listeners]
    await asyncio.sleep(0.05)
    started = time.perf_counter()
    async with session.post("/", data=message) as answer:
        answer.raise_for_status()
    try:
        heard = await asyncio.wait_for(asyncio.gather(*hearing, return_exceptions=True), HEARD_WITHIN_S)
    except TimeoutError:
        raise RefusedError(f"Not all have heard the message within {HEARD_WITHIN_S:g} s.") from None
    took = (time.perf_counter() - started) * 1000
    wrong = sum(each != message for each in heard)
    if wrong:
        raise RefusedError(f"{wrong} of {len(heard)} connections heard something else than the message.")
    return took


def _cpu_s(service: Service) -> dict[str, float]:
    return {part: cpu_seconds(pids) for part, pids in service.pids.items()}
