"""From a path and a method to a handler. Pure."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from msgspec import Struct

from evenly.webapp.http import Handler, ProblemError, Request, Response

UNMATCHED = "(unmatched)"  # the route in the log of a path that is none of ours


class Route(Struct, frozen=True):
    """A path template (`/greetings/{id}`) and its handlers by method. GET answers HEAD as well."""

    template: str
    handlers: Mapping[str, Handler]

    @property
    def allow(self) -> str:
        """The value of the `Allow` header."""
        methods = {*self.handlers, "OPTIONS", *(("HEAD",) if "GET" in self.handlers else ())}
        return ", ".join(sorted(methods))


class Router:
    """All routes; plain paths are found in a dictionary, templates one after the other."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._plain = {route.template: route for route in routes if "{" not in route.template}
        self._templates = tuple((_pattern(r.template), r) for r in routes if "{" in r.template)

    async def __call__(self, request: Request) -> Response:
        """The answer of the route's handler. Raises `ProblemError` 404 or 405."""
        route = self._route(request)
        request.route = route.template
        method = "GET" if request.method == "HEAD" else request.method
        handler = route.handlers.get(method)
        if handler is not None:
            return await handler(request)
        if method == "OPTIONS":
            return Response(HTTPStatus.NO_CONTENT, [("allow", route.allow)])
        raise ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"This address answers {route.allow}.",
            headers=[("allow", route.allow)],
        )

    def _route(self, request: Request) -> Route:
        route = self._plain.get(request.path)
        if route is not None:
            return route
        for pattern, route in self._templates:
            if match := pattern.fullmatch(request.path):
                request.parameters = match.groupdict()
                return route
        request.route = UNMATCHED
        raise ProblemError(HTTPStatus.NOT_FOUND, "There is nothing at this address.")


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))
