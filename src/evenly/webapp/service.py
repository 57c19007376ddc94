"""The reference web service as an RSGI application: from a server's request to an answer and a log line."""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from evenly.webapp import greetings
from evenly.webapp.answers import problem_answer
from evenly.webapp.credentials import Credentials
from evenly.webapp.database import Database, OutcomeUnknownError
from evenly.webapp.greetings import GreetingSession
from evenly.webapp.handlers import Handlers
from evenly.webapp.http import ProblemError, Request, Response
from evenly.webapp.logs import make_logger
from evenly.webapp.pages import Pages
from evenly.webapp.pool import Pool, UnavailableError
from evenly.webapp.routing import Router
from evenly.webapp.settings import Settings, read_settings
from evenly.webapp.telemetry import Telemetry, make_telemetry

# Seconds until it is worth asking again; and Envoy's header for: this answer is final, ask no other instance, they
# all wait for the same database. The balancer takes it off.
LATER = [("retry-after", "2"), ("x-envoy-ratelimited", "true")]
LONGEST_ACCEPT = 1024
LONGEST_REQUEST_ID = 128
SECONDS_BETWEEN_COMPLAINTS = 5.0
QUIET_ROUTES = frozenset({"/healthz"})  # asked each second by each balancer: a line only if it goes wrong


class Service:
    """The application. Everything is made when a server starts it, in the server's event loop."""

    _running: "_Running | None" = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raises `SettingsError`. The database may be away."""
        self._running = _Running(os.environ)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._running is not None:
            self._running.close()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if self._running is None:
            raise RuntimeError("The server did not call __rsgi_init__.")
        if scope.proto != "http":
            protocol.close(HTTPStatus.NOT_FOUND)
            return
        await self._running.serve(scope, protocol)


class _Running:
    def __init__(self, environ: Mapping[str, str]) -> None:
        settings = read_settings(environ)
        credentials = _credentials(settings, environ)
        self._log = make_logger(settings, more=lambda: credentials.secrets)
        self._pages = Pages(settings)
        self._pool = Pool(credentials.connect, settings.pool_size, _Complaints(self._log))
        self._telemetry = make_telemetry(environ, settings, self._pool)
        database = Database(self._pool)
        self._router = Router(Handlers(settings, self._pages, _traced(database, self._telemetry)).routes)
        self._pool.warm()

    def close(self) -> None:
        if self._telemetry is not None:
            self._telemetry.close()  # before the pool, whose size it tells once more
        self._pool.close()

    async def serve(self, scope: Any, protocol: Any) -> None:
        started = time.perf_counter()
        request = _request(scope, protocol)
        if self._telemetry is None:
            response = await self._answer(request)
        else:
            response = await self._telemetry.observe(request, scope, self._answer)
        with suppress(RuntimeError):  # the client is gone
            protocol.response_bytes(response.status, response.headers, response.body)
        if request.route not in QUIET_ROUTES or response.status >= HTTPStatus.BAD_REQUEST:
            self._write_line(request, response.status, time.perf_counter() - started)

    def _write_line(self, request: Request, status: int, seconds: float) -> None:
        self._log.info(
            "request",
            request_id=request.request_id,
            route=request.route,
            method=request.method,
            status=int(status),
            duration_ms=round(seconds * 1e3, 3),
            database_ms=round(request.database_time * 1e3, 3),
        )

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._router(request)
        except Exception as error:
            return problem_answer(self._problem(error, request), request, self._pages)

    def _problem(self, error: Exception, request: Request) -> ProblemError:
        match error:
            case ProblemError():
                return error
            case UnavailableError():
                self._complain("database_unavailable", request, error.__cause__)
                detail = "The database does not answer. Nothing was changed; please try again."
                return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=LATER)
            case OutcomeUnknownError():
                self._complain("outcome_unknown", request, error.__cause__)
                detail = "The database was lost before it confirmed. The outcome is unknown: look before you repeat."
                return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=LATER)
        self._log.error("unexpected", request_id=request.request_id, route=request.route, exc_info=error)
        return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here. It has been noted.")

    def _complain(self, event: str, request: Request, cause: BaseException | None) -> None:
        reason = type(cause).__name__ if cause else "no connection in time"
        self._log.error(event, request_id=request.request_id, route=request.route, reason=reason)


class _Complaints:
    """Tells the log that the database cannot be reached: at once, then at most every few seconds."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._next = 0.0

    def __call__(self, error: Exception) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SECONDS_BETWEEN_COMPLAINTS
        self._log.error("database_unreachable", exc_info=error)


def _credentials(settings: Settings, environ: Mapping[str, str]) -> Credentials[GreetingSession]:
    async def connect(known: Mapping[str, str]) -> GreetingSession:
        return await greetings.connect(settings.database_url, settings.name, known)

    async def read() -> str:
        from evenly.webapp.secretsmanager import secret_value  # only who is refused pays for it

        return await asyncio.to_thread(secret_value, settings.database_secret or "", environ)

    return Credentials(connect, read if settings.database_secret else None)


def _traced(database: Database[GreetingSession], telemetry: Telemetry | None) -> Database[GreetingSession]:
    return database if telemetry is None else telemetry.traced(database)


def _request(scope: Any, protocol: Any) -> Request:
    headers = scope.headers
    return Request(
        method=scope.method,
        path=scope.path,
        query=scope.query_string,
        headers=headers,
        chunks=protocol,
        accept=headers.get("accept", "")[:LONGEST_ACCEPT],
        request_id=_request_id(headers.get("x-request-id", "")),
    )


def _request_id(said: str) -> str:
    """The balancer's id of the request, or "" if it is none that we would write down."""
    return said if len(said) <= LONGEST_REQUEST_ID and said.isascii() and said.isprintable() else ""
