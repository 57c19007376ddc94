from collections.abc import AsyncIterator

import pytest

from evenly.webapp.http import ProblemError, Request, Response
from evenly.webapp.routing import UNMATCHED, Route, Router


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def asked(method: str, path: str) -> Request:
    return Request(method, path, "", {}, _nothing())


async def said(request: Request) -> Response:
    return Response(200, [], f"{request.route} {dict(request.parameters)}".encode())


ROUTER = Router(
    (Route("/", {"GET": said}), Route("/things", {"POST": said}), Route("/things/{id}", {"GET": said}))
)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/", b"/ {}"),
        ("HEAD", "/", b"/ {}"),
        ("GET", "/things/a.b", b"/things/{id} {'id': 'a.b'}"),
        ("POST", "/things", b"/things {}"),
    ],
)
async def test_found(method, path, body):
    assert (await ROUTER(asked(method, path))).body == body


@pytest.mark.parametrize("path", ["", "/things/", "/things/a/b", "//", "/Things", "/nothing", "/things\n"])
async def test_not_found(path):
    request = asked("GET", path)
    with pytest.raises(ProblemError) as raised:
        await ROUTER(request)
    assert (raised.value.status, request.route) == (404, UNMATCHED)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("GET", "/things", "OPTIONS, POST"),
        ("get", "/", "GET, HEAD, OPTIONS"),
    ],
)
async def test_method_not_allowed_says_what_is(method, path, allow):
    with pytest.raises(ProblemError) as raised:
        await ROUTER(asked(method, path))
    assert (raised.value.status, raised.value.headers) == (405, [("allow", allow)])


async def test_options_says_what_is_allowed():
    answer = await ROUTER(asked("OPTIONS", "/things/1"))
    assert (answer.status, answer.headers, answer.body) == (204, [("allow", "GET, HEAD, OPTIONS")], b"")
