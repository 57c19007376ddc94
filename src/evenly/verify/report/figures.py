"""How figures are told to people: with their unit, and no more digits than they are good for. Pure."""

from collections.abc import Sequence
from datetime import datetime


def count(value: int) -> str:
    """`15,000`."""
    return f"{value:,}"


def count_of(value: int, one: str) -> str:
    """`1 check`, `2 checks`."""
    return f"{count(value)} {one if value == 1 else f'{one}s'}"


def digits(value: float) -> str:
    """Three significant digits, and never an exponent: `0.12`, `2.31`, `12.4`, `250`, `2,031`."""
    for limit, decimals in ((0.995, 2), (9.995, 2), (99.95, 1)):
        if abs(value) < limit:
            return f"{value:.{decimals}f}"
    return f"{value:,.0f}"


def milliseconds(value: float) -> str:
    return f"{digits(value)} ms"


def seconds(value: float) -> str:
    return f"{digits(value)} s"


def duration(value_s: float) -> str:
    return seconds(value_s) if value_s >= 1 else milliseconds(value_s * 1000)


def rate(value: float) -> str:
    """Requests a second."""
    return f"{value:,.0f}/s" if value >= 10 else f"{value:.3g}/s"


def share(part: float, whole: float) -> str:
    """`50.1 %`; of a part that is there, never 0."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.01:
        return "< 0.01 %"
    return f"{percent:.2f} %" if 0 < percent < 1 else f"{percent:.1f} %"


def moment(at: str) -> str:
    """An RFC 3339 time for a person, `2026-03-01 12:00:00 UTC`; what is none stays."""
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{found:%Y-%m-%d %H:%M:%S} {found.tzname() or ''}".rstrip()


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
