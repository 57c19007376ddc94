"""What the service answers at each address."""

import asyncio
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from evenly.webapp import greetings, validation
from evenly.webapp.accept import prefers_html
from evenly.webapp.answers import JSON_HEADERS, json_answer, page_answer
from evenly.webapp.database import Database
from evenly.webapp.greetings import Greeting, GreetingSession
from evenly.webapp.http import ProblemError, Request, Response
from evenly.webapp.pages import Pages
from evenly.webapp.routing import Route
from evenly.webapp.settings import Settings

LARGEST_BODY = 16 * 1024  # bytes
BODY_SECONDS = 10.0
READY_SECONDS = 1.0
OPENAPI = Path(__file__).with_name("openapi.json")  # kept by hand, held to the routes by a test


class ShownGreeting(msgspec.Struct, frozen=True):
    language: str
    text: str


class Home(msgspec.Struct, frozen=True):
    """What GET / answers in JSON. `instance_id`: `null` where there is no host. `task_id`: on AWS alone."""

    instance_id: str | None
    task_id: str | msgspec.UnsetType
    zone: str
    region: str
    release: int
    greeting: ShownGreeting


class GreetingPage(msgspec.Struct, frozen=True):
    """`next` is the address of the next page, or `None` on the last one."""

    greetings: list[Greeting]
    next: str | None


class Handlers:
    """The handlers, bound to one instance's identity, pages and database."""

    def __init__(self, settings: Settings, pages: Pages, database: Database[GreetingSession]) -> None:
        task = settings.task_id or msgspec.UNSET
        self._identity = (settings.instance_id, task, settings.zone, settings.region, settings.release)
        self._pages = pages
        self._database = database
        self._openapi = Response(HTTPStatus.OK, JSON_HEADERS, OPENAPI.read_bytes())

    @property
    def routes(self) -> tuple[Route, ...]:
        return (
            Route("/", {"GET": self.home}),
            Route("/healthz", {"GET": self.healthz}),
            Route("/readyz", {"GET": self.readyz}),
            Route("/openapi.json", {"GET": self.openapi}),
            Route("/greetings", {"GET": self.list, "POST": self.create}),
            Route("/greetings/{id}", {"GET": self.show}),
        )

    async def home(self, request: Request) -> Response:
        found = await self._database.read(greetings.any_greeting, request)
        if found is None:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "There are no greetings yet.")
        language, text = found
        if prefers_html(request.accept):
            return page_answer(self._pages, self._pages.greeting(language, text))
        return json_answer(Home(*self._identity, ShownGreeting(language, text)))

    async def healthz(self, _request: Request) -> Response:
        return json_answer({"status": "alive"})

    async def readyz(self, _request: Request) -> Response:
        up = await self._database.answers(greetings.any_greeting, READY_SECONDS)
        state = (
            {"state": "up"} if up else {"state": "down", "detail": f"No answer within {READY_SECONDS:g} s."}
        )
        told = {"status": "ready" if up else "not ready", "dependencies": {"database": state}}
        return json_answer(told, HTTPStatus.OK if up else HTTPStatus.SERVICE_UNAVAILABLE)

    async def openapi(self, _request: Request) -> Response:
        return self._openapi

    async def list(self, request: Request) -> Response:
        wanted = validation.page_wanted(request.query)
        query = partial(greetings.page, after=wanted.after, limit=wanted.limit + 1)
        found = await self._database.read(query, request)
        shown = found[: wanted.limit]
        more = len(found) > wanted.limit
        following = f"/greetings?limit={wanted.limit}&after={shown[-1].id}" if more else None
        return json_answer(GreetingPage(shown, following))

    async def show(self, request: Request) -> Response:
        greeting_id = validation.greeting_id(request.parameters["id"])
        found = None
        if greeting_id is not None:
            found = await self._database.read(partial(greetings.one, greeting_id=greeting_id), request)
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "There is no greeting with this id.")
        return json_answer(found)

    async def create(self, request: Request) -> Response:
        _require_json(request)
        new = validation.new_greeting(await read_body(request))
        made: Any = await self._database.write(
            partial(greetings.add, language=new.language, text=new.text), request
        )
        if made is None:
            raise ProblemError(HTTPStatus.CONFLICT, "This greeting is known already.")
        return json_answer(made, HTTPStatus.CREATED, [("location", f"/greetings/{made.id}")])


async def read_body(request: Request, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body. Raises `ProblemError` 413 as soon as it is known to be too large, 408 if it takes too long."""
    said = request.headers.get("content-length") or ""
    if said.isascii() and said.isdigit() and (len(said) > 9 or int(said) > LARGEST_BODY):
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.chunks:
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise _too_large()
    except TimeoutError:
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "The body took too long to arrive.") from None
    return bytes(body)


def _require_json(request: Request) -> None:
    said = request.headers.get("content-type") or ""
    if said.partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body has to be application/json.",
            headers=[("accept-post", "application/json")],
        )


def _too_large() -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body may have {LARGEST_BODY} bytes at most."
    )
