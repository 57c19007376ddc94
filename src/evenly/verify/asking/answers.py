"""What was asked and what came back, as data. Pure."""

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from msgspec import Struct

from evenly.verify.results import Evidence

LARGEST_BODY = 1024 * 1024  # bytes: what is longer is cut
LONGEST_LINE = 200  # characters of evidence
# Read by a person who looks for a reason; none of them holds a secret.
_TELLING = ("location", "content-type", "allow")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]")

Headers = tuple[tuple[str, str], ...]


class Answer(Struct, frozen=True):
    """One answer. `asked`: method and address, one line. `headers`: in order, names in lower case. `version`: of
    HTTP, as in `2`. `body` is decoded from chunks, not from gzip."""

    asked: str
    status: int
    headers: Headers
    body: bytes
    version: str
    duration_s: float

    def header(self, name: str) -> str | None:
        """Its value; where it came more than once, the values joined as RFC 9110 (5.3) says."""
        found = self.all(name)
        return ", ".join(found) if found else None

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key == name.lower())

    @property
    def media_type(self) -> str:
        """Of the body, without parameters, in lower case; empty where none is told."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; `None` where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def is_redirect(self) -> bool:
        return self.status in (301, 302, 303, 307, 308)

    @property
    def evidence(self) -> Evidence:
        return self.showing()

    def showing(self, *names: str) -> Evidence:
        """The evidence, with the headers `names` beside the usual ones."""
        told = (f"{name}: {self.header(name) or 'none'}" for name in names)
        usual = (
            f"{name}: {self.header(name)}" for name in _TELLING if name not in names and self.header(name)
        )
        took = f"{len(self.body)} bytes in {self.duration_s * 1000:.0f} ms"
        parts = (f"HTTP/{self.version} {self.status}{_phrase(self.status)}", *told, *usual, took)
        return Evidence(self.asked, one_line("; ".join(parts), LONGEST_LINE * 2))


class NoAnswerError(Exception):
    """Nothing that could be read came back. `why`: a sentence."""

    def __init__(self, asked: str, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.evidence = Evidence(asked, why)


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """`text` for a person: printable, on one line, cut at `longest` characters."""
    printable = _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return printable if len(printable) <= longest else printable[: longest - 1] + "…"


def lowered(headers: Sequence[tuple[str, str]]) -> Headers:
    return tuple((name.lower(), value) for name, value in headers)


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""
