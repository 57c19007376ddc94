"""How values are told to people: ages, counts, sizes, lists, tables, states with their colours. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import zip_longest

import click

# Control characters but the tab, and those that turn the direction of text.
_STEERING = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

GOOD, CAREFUL, BAD = "green", "yellow", "red"
COLOURS = {
    "healthy": GOOD,
    "running": GOOD,
    "succeeded": GOOD,
    "elsewhere": GOOD,
    "ok": GOOD,
    "there": GOOD,
    "pass": GOOD,
    "degraded": CAREFUL,
    "changed": CAREFUL,
    "launching": CAREFUL,
    "draining": CAREFUL,
    "stopping": CAREFUL,
    "stopped": CAREFUL,
    "skipped": CAREFUL,
    "missed": CAREFUL,
    "starting": CAREFUL,
    "warning": CAREFUL,
    "void": CAREFUL,
    "unhealthy": BAD,
    "down": BAD,
    "out": BAD,
    "failed": BAD,
    "fail": BAD,
    "timed-out": BAD,
    "lost": BAD,
    "error": BAD,
    "missing": BAD,
    "unread": BAD,
    "problem": BAD,
}


def harmless(line: str) -> str:
    """`line` with every character that could steer a terminal written out, as `\\x1b`."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


def coloured(word: str, text: str | None = None) -> str:
    """`text` (or `word` itself) in the colour of the state `word`."""
    return click.style(text if text is not None else word, fg=COLOURS.get(word))


def styled(text: str, colour: str | None, *, bold: bool = False) -> str:
    return click.style(text, fg=colour, bold=bold or None)


def count_of(count: int, one: str, many: str | None = None) -> str:
    """`1 instance`, `2 instances`."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def duration(seconds: float) -> str:
    """Roughly how long, in the largest fitting unit: `8 s`, `3 min`, `5 h`, `12 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def age(started_at: str, now: datetime) -> str:
    """How long ago the RFC 3339 time `started_at` was; `-` if it is no time."""
    try:
        since = datetime.fromisoformat(started_at)
    except ValueError:
        return "-"
    return duration((now - (since if since.tzinfo else since.replace(tzinfo=UTC))).total_seconds())


def size(count: float) -> str:
    """Bytes as `512 MiB` or `1.5 GiB`."""
    mebibytes = count / 1024**2
    return f"{mebibytes:.0f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"


def table(rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Rows of cells as aligned lines; a cell's colours do not count for its width."""
    held = [tuple(row) for row in rows]
    widths = [max(len(click.unstyle(cell)) for cell in column) for column in zip_longest(*held, fillvalue="")]
    return [
        indent + "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in held
    ]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - len(click.unstyle(cell)))
