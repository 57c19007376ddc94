"""One request, one attempt: sent, read to its last byte, and judged. Touches the network only.

Nothing is retried and no redirect is followed.
"""

import asyncio
import errno
import ssl
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Self

import aiohttp
import msgspec
from msgspec import Struct, field
from yarl import URL

from evenly.verify._outcomes import Fault, Outcome

OPENED_AT_ONCE = 10
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)


class Ask(Struct, frozen=True):
    """`expected`: the statuses that are a success; empty: any 2xx. `name`: see `Outcome`."""

    method: str
    url: URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    expected: tuple[int, ...] = ()
    name: str = ""


class Came(Struct, frozen=True):
    """What an answer brought."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Served(msgspec.Struct):
    """What an answer says of who gave it."""

    instance_id: str | None = None
    zone: str | None = None


_read = msgspec.json.Decoder(_Served).decode


async def attempt(
    session: aiohttp.ClientSession, ask: Ask, due_s: float, now: Callable[[], float]
) -> tuple[Outcome, Came | None]:
    """What came of it, and the answer if there was one. `now`: seconds from the start of the run."""
    try:
        async with session.request(
            ask.method, ask.url, data=ask.body, headers=ask.headers, allow_redirects=False
        ) as response:
            came = Came(response.status, response.headers, await response.read())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Outcome(due_s, now(), _fault(error), name=ask.name), None
    at_s = now()
    served = _served(came.body)
    fault = None if _is_expected(ask, came.status) else Fault.STATUS
    return Outcome(due_s, at_s, fault, came.status, served.instance_id, served.zone, ask.name), came


class Wire:
    """The connections of one run, kept and shared. Without a limit: a user who comes does not wait for another."""

    def __init__(self, ca_file: Path | None, headers: Mapping[str, str], timeout_s: float) -> None:
        self._trust = ssl.create_default_context(cafile=ca_file)
        self._headers = {"Accept": "application/json", **headers}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, ceil_threshold=inf)

    async def __aenter__(self) -> Self:
        self._connections = aiohttp.TCPConnector(limit=0, ttl_dns_cache=None, ssl=self._trust)
        self.shared = self._session(aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shared.close()
        await self._connections.close()

    async def open(self, url: URL, count: int) -> None:
        """Open `count` connections, and keep them for those who ask. Where one does not come it is left at that: the
        load itself will tell."""
        held: list[aiohttp.connector.Connection] = []

        async def hold(
            request: aiohttp.ClientRequest, _handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            held.append(await self._connections.connect(request, [], self._timeout))
            raise _HeldError

        async with self._session(aiohttp.DummyCookieJar(), hold) as session:
            asked = 0
            while asked == len(held) and asked < count:
                more = min(count - asked, OPENED_AT_ONCE)
                await asyncio.gather(*(session.get(url) for _ in range(more)), return_exceptions=True)
                asked += more
        for connection in held:
            connection.release()

    def with_cookies(self) -> aiohttp.ClientSession:
        """A session that keeps its own, from addresses without a name too."""
        return self._session(aiohttp.CookieJar(unsafe=True))

    def _session(
        self, cookies: aiohttp.abc.AbstractCookieJar, way: aiohttp.ClientMiddlewareType | None = None
    ) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._connections,
            connector_owner=False,
            cookie_jar=cookies,
            headers=self._headers,
            timeout=self._timeout,
            middlewares=(way or _one_attempt,),
        )


class _HeldError(Exception):
    """A connection was opened, and nothing was asked."""


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


def _is_expected(ask: Ask, status: int) -> bool:
    return status in ask.expected if ask.expected else 200 <= status < 300


def _served(body: bytes) -> _Served:
    if not body.startswith(b"{"):
        return _Served()
    try:
        return _read(body)
    except msgspec.DecodeError:
        return _Served()


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
