"""Which of two representations a client wants: HTML or JSON. Pure.

RFC 9110, 12.5.1. JSON is what a client gets that says nothing, or names neither.
"""

from functools import lru_cache
from typing import NamedTuple

HTML_TYPE = ("text", "html")
JSON_TYPE = ("application", "json")
PROBLEM_TYPE = ("application", "problem+json")


class _Range(NamedTuple):
    kind: str
    subtype: str
    quality: float
    position: int


class _Match(NamedTuple):
    quality: float
    specificity: int
    position: int


_NO_MATCH = _Match(0.0, -1, 0)


@lru_cache(maxsize=256)
def prefers_html(accept: str) -> bool:
    """Whether `accept` (the header's value, "" if absent) ranks HTML above JSON.

    At equal quality HTML wins only if it was named and stands before JSON: `*/*` means JSON.
    """
    ranges = [parsed for n, part in enumerate(accept.split(",")) if (parsed := _parse(part, n))]
    html = _best(ranges, HTML_TYPE)
    json = _best(ranges, JSON_TYPE)
    problem = _best(ranges, PROBLEM_TYPE)
    if problem.specificity == 2 and problem.quality > json.quality:
        json = problem
    if html.quality != json.quality:
        return html.quality > json.quality
    return html.quality > 0 and html.specificity == 2 and html.position < json.position


def _best(ranges: list[_Range], offer: tuple[str, str]) -> _Match:
    matches = [_Match(r.quality, _specificity(r, offer), r.position) for r in ranges]
    return max((m for m in matches if m.specificity >= 0), key=lambda m: m.specificity, default=_NO_MATCH)


def _specificity(media: _Range, offer: tuple[str, str]) -> int:
    match (media.kind, media.subtype):
        case ("*", "*"):
            return 0
        case (kind, "*") if kind == offer[0]:
            return 1
        case exact if exact == offer:
            return 2
    return -1


def _parse(part: str, position: int) -> _Range | None:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    kind, slash, subtype = media.partition("/")
    if not slash:
        return None
    return _Range(kind, subtype, _quality(parameters), position)


def _quality(parameters: list[str]) -> float:
    """The `q` of a range: 0 to 1; what cannot be read counts as 0, so that it chooses nothing."""
    given = next((value for name, _, value in (p.partition("=") for p in parameters) if name == "q"), "1")
    digits = given.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and len(given) <= 5):
        return 0.0
    return min(float(given), 1.0)
