"""Load, open loop: requests are sent when they are due, however slow the answers are.

A latency counts from when its request was due, so that a stall is felt by every request that a user would have made in
it. Each request is one attempt, and each failure counts. With a scenario it is users who come when they are due.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import partial
from pathlib import Path
from random import Random

import aiohttp
from msgspec import Struct, field
from yarl import URL

from evenly.errors import UsageError
from evenly.verify._attempts import Ask, Came, Wire, attempt
from evenly.verify._outcomes import (
    LATE_S,
    Failure,
    Fault,
    Latency,
    LoadResult,
    Outcome,
    Part,
    Second,
    StageResult,
)
from evenly.verify._schedule import Stage, due_times, starts
from evenly.verify._tally import Tally
from evenly.verify.scenario import Line, Scenario, User, play

__all__ = [
    "LATE_S",
    "Failure",
    "Fault",
    "Latency",
    "LoadPlan",
    "LoadResult",
    "Outcome",
    "Part",
    "Second",
    "Stage",
    "StageResult",
    "send",
]

MARGIN_S = 5.0  # a request ends at its timeout, but for what a busy machine takes to notice

Tell = Callable[[Outcome], None]


class LoadPlan(Struct, frozen=True):
    """What to send: `rate` requests a second to `url` for `duration_s` seconds, and `then` more stages.

    `timeout_s` is for one request, from its sending to the last byte of its answer. `ca_file` is the
    authority to trust; `None`: those of the system. `seed`: see `due_times`. `connections`: how many are opened before
    the first request is due, for those that wait in a stall: to open them then would make the sender late.
    """

    url: str
    rate: float
    duration_s: float
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    timeout_s: float = 10.0
    ca_file: Path | None = None
    seed: int | None = None
    then: tuple[Stage, ...] = ()
    connections: int = 0

    @property
    def stages(self) -> tuple[Stage, ...]:
        return (Stage(self.rate, self.duration_s), *self.then)


async def send(
    plan: LoadPlan,
    stop: asyncio.Event | None = None,
    *,
    tell: Tell | None = None,
    scenario: Scenario | None = None,
    begins: Callable[[], None] | None = None,
) -> LoadResult:
    """Send the load and wait for every answer, at the longest for `timeout_s` after the last stage. With a `scenario`
    each due time is that of a user, in place of the plan's method and body; users who are not done by then are told
    that it is over, and what they have asked for is waited for.

    Once `stop` is set nothing more is sent; what is under way is waited for and counts. `tell` hears of each outcome,
    `begins` of the start. Raises UsageError for a plan that can't be sent, and for a scenario that is broken.
    """
    dues = due_times(plan.stages, plan.seed)
    url = _target(plan)
    async with Wire(plan.ca_file, plan.headers, plan.timeout_s) as wire:
        await wire.open(url, plan.connections)
        if begins:
            begins()
        run = _Run(plan, url, wire, tell, scenario)
        return await run.whole(dues, stop or asyncio.Event())


class _Run:
    """Keeps the clock of one run, and counts what came of it."""

    def __init__(
        self, plan: LoadPlan, url: URL, wire: Wire, tell: Tell | None, scenario: Scenario | None
    ) -> None:
        self._plan = plan
        self._url = url
        self._wire = wire
        self._tell = tell
        self._scenario = scenario
        self._ask = Ask(plan.method, url, body=plan.body)
        self._tally = Tally(plan.stages)
        self._over = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._started_s = time.monotonic()

    async def whole(self, dues: Iterator[float], stop: asyncio.Event) -> LoadResult:
        broken: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                await _until(stop, self._pace(dues, tasks))
                sent_s = self._sent_s(stop)
                await self._settle(stop)
        except* UsageError as group:
            broken += group.exceptions
        if broken:
            raise broken[0]
        return self._tally.result(started_s=self._started_s, ended_s=self._now(), sent_s=sent_s)

    def _now(self) -> float:
        return time.monotonic() - self._started_s

    def _sent_s(self, stop: asyncio.Event) -> float:
        whole_s = starts(self._plan.stages)[-1]
        return min(self._now(), whole_s) if stop.is_set() else whole_s

    async def _pace(self, dues: Iterator[float], tasks: asyncio.TaskGroup) -> None:
        for number, due_s in enumerate(dues):
            early_s = due_s - self._now()
            if early_s > 0:
                await asyncio.sleep(early_s)
            task = tasks.create_task(self._work(number, due_s))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def _work(self, number: int, due_s: float) -> Coroutine[None, None, None]:
        return self._user(self._scenario, number, due_s) if self._scenario else self._request(due_s)

    async def _settle(self, stop: asyncio.Event) -> None:
        """Who is not done has some time to be; then no user asks for more, and in the end none waits for anything."""
        await _until(stop, self._wait(self._plan.timeout_s))
        self._over.set()
        await self._wait(self._plan.timeout_s + MARGIN_S)
        for task in self._under_way:
            task.cancel()

    async def _wait(self, within_s: float) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within_s)

    async def _request(self, due_s: float) -> None:
        outcome, _ = await self._send(self._wire.shared, self._ask, due_s)
        self._count(outcome)

    async def _user(self, scenario: Scenario, number: int, due_s: float) -> None:
        self._tally.users += 1
        seed = None if self._plan.seed is None else f"{self._plan.seed}/{number}"
        chance = Random(seed)  # noqa: S311 - what a user does, no secrets
        async with self._wire.with_cookies() as session:
            line = Line(self._now, partial(self._send, session), self._count, self._over)
            user = User(number, due_s, self._url, chance, line)
            await play(scenario, user, self._tally.complain)

    async def _send(
        self, session: aiohttp.ClientSession, ask: Ask, due_s: float
    ) -> tuple[Outcome, Came | None]:
        self._tally.begun(due_s, self._now())
        return await attempt(session, ask, due_s, self._now)

    def _count(self, outcome: Outcome) -> None:
        self._tally.add(outcome)
        if self._tell:
            self._tell(outcome)


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do the work, or as much of it as there is until `stop` is set."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        working.cancel()
    await asyncio.wait({working, stopping})
    if not working.cancelled():
        working.result()


def _target(plan: LoadPlan) -> URL:
    try:
        url = URL(plan.url)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(
            f"{plan.url!r} is no address to send to.", try_="Give one like https://localhost:8443/."
        )
    return url
