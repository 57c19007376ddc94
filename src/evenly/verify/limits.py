"""Limits that fail a load: `p99 > 250ms`, `errors > 0.1%`. Reading them, and judging a result by them. Pure."""

import operator
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from evenly.errors import UsageError
from evenly.verify._outcomes import LoadResult
from evenly.verify.histogram import Histogram

FORMS = "Write it like one of: 'p99 > 250ms', 'max > 2s', 'gap > 1s', 'errors > 0.1%', 'errors > 5', 'rate < 450'."
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
_LIMIT = re.compile(
    r"\s*([a-z0-9.]+)\s*(>=|<=|>|<)\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(us|ms|s|m|%|/s)?\s*", re.ASCII
)
_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,3})?)", re.ASCII)


class Limit(Struct, frozen=True):
    """A result that has it fails. `what`: `p99`, `max`, `gap` (with `value` in ms), `errors` (a count, or `%` of all
    requests), `rate` (requests that succeeded, a second). `text`: as it was written."""

    text: str
    what: str
    over: str
    value: float
    unit: str


class Broken(Struct, frozen=True):
    """A limit that a result has, and the figure, told with its unit."""

    limit: str
    figure: str


def parse_limit(text: str) -> Limit:
    """Raises UsageError, which says what is wrong with it."""
    found = _LIMIT.fullmatch(text)
    if not found:
        raise _wrong(text, "is no limit")
    what, over, number, unit = found[1], found[2], float(found[3]), found[4] or ""
    if what in ("max", "gap") or _PERCENTILE.fullmatch(what):
        if unit not in _MILLISECONDS:
            raise _wrong(text, f"needs a time with its unit: {what} {over} {found[3]}ms")
        return Limit(text.strip(), what, over, number * _MILLISECONDS[unit], "ms")
    if what == "errors":
        if unit not in ("", "%"):
            raise _wrong(text, "has a time where a share (0.1%) or a number of requests belongs")
        return Limit(text.strip(), what, over, number, unit)
    if what == "rate":
        if unit not in ("", "/s"):
            raise _wrong(text, "has to give the rate in requests a second")
        return Limit(text.strip(), what, over, number, "/s")
    raise _wrong(text, f"is about {what}, which there is not")


def broken(limits: Sequence[Limit], result: LoadResult) -> tuple[Broken, ...]:
    """Those that the result has, in their order. Where nothing succeeded, no latency is right."""
    return tuple(found for limit in limits if (found := _judged(limit, result)))


def _judged(limit: Limit, result: LoadResult) -> Broken | None:
    if limit.unit == "ms" and limit.what != "gap" and result.errors == result.requests:
        return Broken(limit.text, "no request succeeded")
    figure = _figure(limit, result)
    return Broken(limit.text, _told(limit, figure)) if OPERATORS[limit.over](figure, limit.value) else None


def _figure(limit: Limit, result: LoadResult) -> float:
    match limit.what:
        case "errors":
            return 100 * result.errors / max(1, result.requests) if limit.unit == "%" else result.errors
        case "rate":
            return result.rate
        case "gap":
            return result.longest_gap_s * 1000
        case "max":
            return result.latency.max_ms
        case percentile:
            return Histogram.of_compact(result.histogram).percentile_us(float(percentile[1:])) / 1000


def _told(limit: Limit, figure: float) -> str:
    """With as many digits as show on which side of the limit it is."""
    if limit.unit == "ms":
        return f"{_number(figure / 1000)} s" if figure >= 1000 else f"{_number(figure)} ms"
    return f"{_number(figure)}{limit.unit if limit.unit else ''}"


def _number(figure: float) -> str:
    return f"{figure:.4g}" if figure < 10_000 else f"{figure:.0f}"


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(f"{text.strip()!r} {why}.", where="--fail-if", try_=FORMS)
