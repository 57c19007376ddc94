"""A scenario of the user's own: what a user of the service does, as an async function in a Python file.

    async def scenario(user):
        page = await user.get("/")
        assert "Welcome" in page.text
        await user.pause(2)
        await user.post("/orders", json={"item": 7}, expect=201)

Each user who comes runs it once. This module has what the function sees, `User` and `Answer`; it sends nothing itself.
"""

import asyncio
import inspect
import json as json_format
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, TypedDict, Unpack
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from evenly.errors import UsageError
from evenly.verify._attempts import Ask, Came
from evenly.verify._outcomes import Fault, Outcome
from evenly.verify._userfile import line, run_file, told

FORM = "Begin it like this: async def scenario(user):"
Send = Callable[[Ask, float], Awaitable[tuple[Outcome, Came | None]]]


class Scenario(Struct, frozen=True):
    """`run` is called once for each user; `file` is where it stands."""

    file: Path
    run: Callable[["User"], Awaitable[object]]


class UnansweredError(Exception):
    """No answer came. The request has been counted as failed, and the scenario ends here."""


class OverError(Exception):
    """The load is over, and with it the scenario."""


class Answer(Struct, frozen=True):
    """What the service answered. Names of headers may be asked for in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Raises ValueError if it is no JSON."""
        return json_format.loads(self.body)


class How(TypedDict, total=False):
    """How to ask. One of `json`, `form` and `body` at most. `expect`: the status, or statuses, of a success, where it
    is another than 2xx. `name`: what it is counted as, for paths that differ from user to user."""

    headers: Mapping[str, str]
    json: object
    form: Mapping[str, str]
    body: bytes
    expect: int | tuple[int, ...]
    name: str


class User:
    """One user of the service, with cookies of their own. `number`: from 0, as they came; `random`: drawn from the
    load's seed and that number, so that a seed makes the same users again."""

    def __init__(self, number: int, due_s: float, base: URL, chance: Random, line: "Line") -> None:
        self.number = number
        self.random = chance
        self._base = base
        self._line = line
        self._due_s: float | None = due_s  # of the next request, where it is not simply now
        self._last: Outcome | None = None
        self.has_asked = False

    async def get(self, path: str, **how: Unpack[How]) -> Answer:
        return await self.request("GET", path, **how)

    async def head(self, path: str, **how: Unpack[How]) -> Answer:
        return await self.request("HEAD", path, **how)

    async def post(self, path: str, **how: Unpack[How]) -> Answer:
        return await self.request("POST", path, **how)

    async def put(self, path: str, **how: Unpack[How]) -> Answer:
        return await self.request("PUT", path, **how)

    async def patch(self, path: str, **how: Unpack[How]) -> Answer:
        return await self.request("PATCH", path, **how)

    async def delete(self, path: str, **how: Unpack[How]) -> Answer:
        return await self.request("DELETE", path, **how)

    async def request(self, method: str, path: str, **how: Unpack[How]) -> Answer:
        """One request, one attempt; redirects are not followed. `path` begins with `/`, and stays on this service."""
        ask = _ask(self._base, method, path, how)
        self.settle()
        due_s = self._line.now() if self._due_s is None else self._due_s
        self._due_s = None
        self.has_asked = True
        self._last, came = await self._line.send(ask, due_s)
        if came is None:
            raise UnansweredError
        return Answer(came.status, came.headers, came.body)

    async def pause(self, seconds: float) -> None:
        """Think for so long. The next request is due at its end."""
        self._due_s = self._line.now() + seconds
        await self._line.sleep(seconds)

    def settle(self, fault: Fault | None = None) -> None:
        """Count the last request: only now is it known that its answer was accepted, or that it was not."""
        last, self._last = self._last, None
        if last is not None:
            self._line.count(replace(last, fault=last.fault or fault))


class Line(Struct, frozen=True):
    """What a user is connected by: the clock of the run, the sender, the count, and the end."""

    now: Callable[[], float]
    send: Send
    count: Callable[[Outcome], None]
    over: asyncio.Event

    async def sleep(self, seconds: float) -> None:
        """Raises OverError when the load is over before."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self.over.wait()
        except TimeoutError:
            return
        raise OverError


def load_scenario(file: Path) -> Scenario:
    """Of the async function `scenario(user)` in `file`. Raises UsageError without one, and for a broken file."""
    file = file.resolve()
    found = getattr(run_file(file, file.name, "scenario"), "scenario", None)
    if not inspect.iscoroutinefunction(found):
        raise UsageError("there is no async function scenario in it.", where=file.name, try_=FORM)
    try:
        inspect.signature(found).bind(None)
    except TypeError:
        raise UsageError("scenario has to take one argument, the user.", where=file.name, try_=FORM) from None
    return Scenario(file, found)


async def play(scenario: Scenario, user: User, complain: Callable[[str], None]) -> None:
    """Let the user do it. What it raises makes its last request a failed one, and is told to `complain`. Raises
    UsageError where that can't be the service's doing: before the first answer, and for a name that there is not."""
    try:
        await scenario.run(user)
    except (UnansweredError, OverError):
        pass
    except UsageError as error:
        raise UsageError(error.what, where=_place(scenario.file, error), try_=error.try_) from None
    except Exception as error:
        where = _place(scenario.file, error)
        if not user.has_asked or isinstance(error, NameError | ImportError):
            raise UsageError(
                f"the scenario is broken: {told(error)}", where=where, try_="Correct it."
            ) from None
        user.settle(Fault.SCENARIO)
        complain(f"{where}: {told(error)}")
    finally:
        user.settle()


def _place(file: Path, error: BaseException) -> str:
    return f"{file.name}:{line(file, error)}"


def _ask(base: URL, method: str, path: str, how: How) -> Ask:
    if not path.startswith("/") or path.startswith("//"):
        raise UsageError(
            f"{path!r} is no path of the service: it has to begin with one slash.", where="user.request"
        )
    kind, body = _body(how)
    expect = how.get("expect", ())
    return Ask(
        method=method,
        url=base.join(URL(path)),
        headers={**({"Content-Type": kind} if kind else {}), **how.get("headers", {})},
        body=body,
        expected=(expect,) if isinstance(expect, int) else tuple(expect),
        name=how.get("name") or f"{method} {path.partition('?')[0]}",
    )


def _body(how: How) -> tuple[str, bytes | None]:
    """Its type (empty: as its headers say), and what is sent."""
    unknown = how.keys() - How.__annotations__.keys()
    if unknown:
        raise UsageError(
            f"a request has no {min(unknown)}.",
            where="user.request",
            try_=f"There are {', '.join(How.__annotations__)}.",
        )
    if len(how.keys() & {"json", "form", "body"}) > 1:
        raise UsageError("a request has one of json, form and body.", where="user.request")
    if "json" in how:
        return "application/json", json_format.dumps(how["json"]).encode()
    if "form" in how:
        return "application/x-www-form-urlencoded", urlencode(how["form"]).encode()
    return "", how.get("body")
