"""What handlers get and give: a request, a response, and a problem (RFC 9457). Knows no server."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

from msgspec import Struct

Headers = list[tuple[str, str]]


class HeaderMap(Protocol):
    """The request's headers, by lower-case name."""

    def get(self, key: str, default: str | None = None, /) -> str | None: ...


@dataclass(slots=True)
class Request:
    """One request. `route` is the template it matched; `database_time` (seconds) adds up while it is answered."""

    method: str
    path: str
    query: str
    headers: HeaderMap
    chunks: AsyncIterable[bytes]
    accept: str = ""
    request_id: str = ""
    route: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    database_time: float = 0.0


class Response(Struct, frozen=True):
    """One answer, whole. `headers` may be shared between answers: never changed."""

    status: int
    headers: Headers
    body: bytes = b""


Handler = Callable[[Request], Awaitable[Response]]


class ProblemError(Exception):
    """An answer that is an error: `detail` is a sentence for the client and never holds a secret.

    `errors` are (JSON pointer, sentence) pairs; `headers` are added to the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        headers: Headers | None = None,
        errors: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or []
        self.errors = errors
