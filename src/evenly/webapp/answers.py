"""Answers as bytes and headers: JSON, a page, or a problem (RFC 9457) in the form that the client wants."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec

from evenly.webapp.accept import prefers_html
from evenly.webapp.http import Headers, ProblemError, Request, Response
from evenly.webapp.pages import Pages

DYNAMIC: Headers = [
    ("cache-control", "no-store"),
    ("vary", "Accept"),
    ("x-content-type-options", "nosniff"),
]
JSON_HEADERS: Headers = [("content-type", "application/json"), *DYNAMIC]
_PROBLEM_HEADERS: Headers = [("content-type", "application/problem+json"), *DYNAMIC]
# The balancer puts the user's own error page in this one's place, where there is one.
_REPLACEABLE: Headers = [("x-evenly-error-page", "replace")]
_ENCODE = msgspec.json.Encoder().encode


def json_answer(value: Any, status: int = 200, headers: Headers | None = None) -> Response:
    """`value` (a msgspec type or plain data) as JSON."""
    return Response(status, JSON_HEADERS + headers if headers else JSON_HEADERS, _ENCODE(value))


def page_answer(pages: Pages, body: bytes, status: int = 200) -> Response:
    return Response(status, [*pages.headers, *DYNAMIC], body)


def problem_answer(problem: ProblemError, request: Request, pages: Pages) -> Response:
    """A page for a browser, problem JSON for everything else."""
    status = HTTPStatus(problem.status)
    if prefers_html(request.accept):
        page = page_answer(pages, pages.error(status, status.phrase, problem.detail), status)
        return Response(status, page.headers + _REPLACEABLE + problem.headers, page.body)
    return Response(status, _PROBLEM_HEADERS + problem.headers, _ENCODE(_members(problem, request)))


def _members(problem: ProblemError, request: Request) -> dict[str, Any]:
    status = HTTPStatus(problem.status)
    members: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": int(status)}
    members["detail"] = problem.detail
    if request.request_id:
        members["instance"] = quote(request.request_id, safe="")
    if problem.errors:
        members["errors"] = [{"pointer": place, "detail": told} for place, told in problem.errors]
    return members
