"""The dashboard's pages as an ASGI application, for any target: the page, its stream, drills and reports."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from evenly.dashboard.board import Board
from evenly.dashboard.course import order_of
from evenly.dashboard.drills import DrillRoom, Program
from evenly.dashboard.guard import Application, Door, Guard
from evenly.dashboard.viewers import Viewers
from evenly.errors import EvenlyError
from evenly.verify import report
from evenly.verify.keeping import kept
from evenly.verify.target import Facts

STATIC = Path(__file__).parent / "static"
TOKENS = Path(report.__file__).parent / "tokens.css"  # the reports' colours
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
LONGEST_ORDER = 4096
PAGE = "index.html"
STREAM = "text/event-stream"


class Dashboard(Struct, frozen=True):
    """`application` serves it; `close` sends all viewers away and ends a drill that is under way."""

    application: Application
    board: Board
    drills: DrillRoom

    async def close(self) -> None:
        await asyncio.gather(self.board.close(), self.drills.close())


def make_dashboard(
    target: Facts, door: Door, program: Program, reports: Path, static: Path = STATIC
) -> Dashboard:
    """The dashboard of `target`. `reports`: the folder of those that are kept; `static`: that of its page."""
    viewers = Viewers()
    room = DrillRoom(target, program, reports, viewers.tell)
    board = Board(target, viewers, room.frame)
    pages = _Pages(board, room, reports, _files(static))
    routes = [
        Route("/events", pages.events, methods=["GET"]),
        Route("/drills", pages.begin, methods=["POST"]),
        Route("/drills", pages.stop, methods=["DELETE"]),
        Route("/reports/{name}", pages.report, methods=["GET"]),
        Route("/{name:path}", pages.file, methods=["GET"]),
    ]
    application = Starlette(routes=routes)
    application.router.redirect_slashes = False
    return Dashboard(Guard(application, door), board, room)


def _files(static: Path) -> Mapping[str, tuple[bytes, str]]:
    """By name: content and type. All of them, read once, so that no path is ever looked up for anybody."""
    files = {it.name: (it.read_bytes(), TYPES[it.suffix]) for it in static.iterdir() if it.suffix in TYPES}
    return files | {"tokens.css": (TOKENS.read_bytes(), TYPES[".css"])}


class _Stream(StreamingResponse):
    """All that one viewer is told. It leaves here, and not in the generator: nobody ends that one in time while an
    answer to a viewer that is gone is still being sent."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._mailbox = board.join()
        super().__init__(self._mailbox.frames(), media_type=STREAM)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._board.leave(self._mailbox)


class _Pages:
    def __init__(
        self, board: Board, room: DrillRoom, reports: Path, files: Mapping[str, tuple[bytes, str]]
    ) -> None:
        self._board = board
        self._room = room
        self._reports = reports
        self._files = files

    async def file(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"] or PAGE)
        return Response(found[0], media_type=found[1]) if found else Response(status_code=404)

    async def events(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type=STREAM)
        return _Stream(self._board)

    async def begin(self, request: Request) -> Response:
        order = order_of(await _asked(request))
        if order is None:
            return _told(422, "this is no drill", None)
        return await _accepted(lambda: self._room.begin(order))

    async def stop(self, request: Request) -> Response:  # noqa: ARG002
        async def stop() -> None:
            self._room.stop()

        return await _accepted(stop)

    async def report(self, request: Request) -> Response:
        pages = await asyncio.to_thread(lambda: {it.page.name: it.page for it in kept(self._reports)})
        page = pages.get(request.path_params["name"])
        if page is None or not page.is_file():
            return Response(status_code=404)
        headers = {"content-security-policy": REPORT_POLICY}
        return FileResponse(page, media_type=TYPES[".html"], headers=headers)


async def _accepted(act: Callable[[], Awaitable[None]]) -> Response:
    try:
        await act()
    except EvenlyError as error:
        return _told(409, error.what, error.try_)
    return Response(status_code=202)


async def _asked(request: Request) -> object:
    """The decoded body; `None` for one that is no JSON, or too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_ORDER:
            return None
    try:
        return msgspec.json.decode(body)
    except msgspec.MsgspecError:
        return None


def _told(status: int, what: str, try_: str | None) -> Response:
    content = msgspec.json.encode({"what": f"{what[:1].upper()}{what[1:]}.", "try": try_})
    return Response(content, status, media_type="application/json")
