"""Load, open loop: requests are sent when they are due, however slow the answers are.

A latency counts from when its request was due, so that a stall is felt by every request that a user would
have made in it. Nothing is retried and no redirect is followed: each request is one attempt, and each failure
counts. Touches the network only.
"""

import asyncio
import errno
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import aiohttp
import msgspec
from yarl import URL

from evenly.errors import UsageError
from evenly.verify._outcomes import (
    LATE_S,
    Failure,
    Fault,
    Latency,
    LoadResult,
    Outcome,
    Second,
    summarize,
)
from evenly.verify._schedule import due_times

__all__ = ["LATE_S", "Failure", "Fault", "Latency", "LoadPlan", "LoadResult", "Second", "send"]

NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to send: `rate` requests a second to `url` for `duration_s` seconds.

    `timeout_s` is for one request, from its sending to the last byte of its answer. `ca_file` is the
    authority to trust; `None`: those of the system. `seed`: see `due_times`.
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


async def send(plan: LoadPlan, stop: asyncio.Event | None = None) -> LoadResult:
    """Send the load and wait for every answer. At the latest it ends after `duration_s` and `timeout_s`.

    Once `stop` is set nothing more is sent; what is under way is waited for and counts. Raises UsageError for
    a plan that can't be sent.
    """
    dues = due_times(plan.rate, plan.duration_s, plan.seed)
    async with _session(plan) as session:
        sender = _Sender(plan, _target(plan), session)
        await sender.run(dues, stop or asyncio.Event())
    return summarize(
        sender.outcomes,
        started_s=sender.started_s,
        ended_s=sender.elapsed(),
        lateness_s=sender.lateness_s,
    )


class _Served(msgspec.Struct):
    """What an answer says of who gave it."""

    instance_id: str | None = None
    zone: str | None = None


class _Sender:
    """Keeps the clock of one run, and what came of its requests."""

    def __init__(self, plan: LoadPlan, url: URL, session: aiohttp.ClientSession) -> None:
        self._plan = plan
        self._url = url
        self._session = session
        self._read = msgspec.json.Decoder(_Served).decode
        self.started_s = time.monotonic()
        self.lateness_s = 0.0
        self.outcomes: list[Outcome] = []

    def elapsed(self) -> float:
        return time.monotonic() - self.started_s

    async def run(self, dues: Iterator[float], stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as requests:
            pacing = asyncio.create_task(self._pace(dues, requests))
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({pacing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stopping.cancel()
                pacing.cancel()
            await asyncio.wait({pacing, stopping})
            if not pacing.cancelled():
                pacing.result()

    async def _pace(self, dues: Iterator[float], requests: asyncio.TaskGroup) -> None:
        for due_s in dues:
            early_s = due_s - self.elapsed()
            if early_s > 0:
                await asyncio.sleep(early_s)
            requests.create_task(self._request(due_s))

    async def _request(self, due_s: float) -> None:
        self.lateness_s = max(self.lateness_s, self.elapsed() - due_s)
        try:
            status, body = await self._answer()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.outcomes.append(Outcome(due_s, self.elapsed(), _fault(error)))
            return
        at_s = self.elapsed()
        fault = None if 200 <= status < 300 else Fault.STATUS
        served = self._served(body)
        self.outcomes.append(Outcome(due_s, at_s, fault, status, served.instance_id, served.zone))

    async def _answer(self) -> tuple[int, bytes]:
        async with self._session.request(
            self._plan.method, self._url, data=self._plan.body, allow_redirects=False
        ) as response:
            return response.status, await response.read()

    def _served(self, body: bytes) -> _Served:
        if not body.startswith(b"{"):
            return _Served()
        try:
            return self._read(body)
        except msgspec.DecodeError:
            return _Served()


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


def _session(plan: LoadPlan) -> aiohttp.ClientSession:
    # Without a limit of connections: a user who comes does not wait for another to leave.
    trust = ssl.create_default_context(cafile=plan.ca_file)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=None, ssl=trust),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", **plan.headers},
        timeout=aiohttp.ClientTimeout(total=plan.timeout_s, ceil_threshold=inf),
        middlewares=(_one_attempt,),
    )


class _Broken(aiohttp.ClientError):
    """A connection broke under a request."""


async def _one_attempt(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp would send an idempotent request once more when a kept connection breaks; here it failed."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken from error


def _fault(error: Exception) -> Fault:
    match error:
        case aiohttp.ClientConnectorError(os_error=OSError(errno=number)) if number in NO_DESCRIPTOR:
            return Fault.SENDER
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Fault.TLS
        case TimeoutError():
            return Fault.TIMEOUT
        case aiohttp.ClientConnectorError():
            return Fault.REFUSED
        case _:
            return Fault.BROKEN
