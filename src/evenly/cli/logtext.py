"""Log lines as text for a terminal: JSON made readable, and nothing in them may steer the terminal. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from evenly.cli.words import BAD, CAREFUL, harmless
from evenly.core.moments import timestamp
from evenly.local.logs.book import NAMED, Line

SOURCE_WIDTH = 10  # `supervisor`, and `i-` with 8 digits, which `evenly logs` takes as well
LEVELS = {"warning": CAREFUL, "error": BAD, "critical": BAD, "LOG": None}

_TIME_KEYS = ("timestamp", "time", "at")
_OMITTED = frozenset({*_TIME_KEYS, "level", "event", "action", "instance", "zone"})
# What of a request is shown: with these values it goes without saying.
_ACCESS = {"instance": None, "attempts": 1, "flags": "-", "request_id": None}
_POSTGRES = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC \[\d+\] (.*)$")
_ENVOY = re.compile(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\]\[\d+\]\[(\w+)\]\[[^]]*\] (?:\[[^]]*\] )?(.*)$")


def readable(line: Line, today: str) -> str:
    """One line: time (UTC, with the date if it is not `today`, `YYYY-MM-DD`), source, and what it says."""
    return f"{_time(line, today)}  {_source(line.source)}  {_said(line)}"


def as_json(line: Line) -> str:
    """One line as a JSON object: `source`, `time`, and either `entry`, if it was JSON itself, or `line`."""
    entry = _entry(line.text)
    said = {"line": line.text} if entry is None else {"entry": entry}
    at = timestamp(datetime.fromtimestamp(line.at, UTC))
    return json.dumps({"source": line.source, "time": at if line.timed else None, **said})


def _time(line: Line, today: str) -> str:
    if not line.timed:
        return " " * 12
    told = (
        datetime.fromtimestamp(line.at, UTC)
        .isoformat(sep=" ", timespec="milliseconds")
        .removesuffix("+00:00")
    )
    return told[11:] if told.startswith(today) else told


def _source(name: str) -> str:
    return click.style(name[:SOURCE_WIDTH].ljust(SOURCE_WIDTH), fg="cyan" if name in NAMED else "blue")


def _said(line: Line) -> str:
    entry = _entry(line.text)
    if entry is not None:
        return _from_json(line.source, entry)
    if found := _POSTGRES.match(line.text):
        return harmless(found[1])
    if found := _ENVOY.match(line.text):
        return f"{_level(found[1])} {harmless(found[2])}"
    return harmless(line.text)


def _entry(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _from_json(source: str, entry: Mapping[str, Any]) -> str:
    if source == "access":
        return _access(entry)
    event = str(entry.get("event", entry.get("action", "")))
    shown = {
        k: v for k, v in entry.items() if k not in _OMITTED or (source in NAMED and k in ("instance", "zone"))
    }
    texts = {k: v for k, v in shown.items() if isinstance(v, str) and "\n" in v}
    pairs = [f"{harmless(k)}={_value(v)}" for k, v in shown.items() if k not in texts]
    level = [_level(str(entry["level"]))] if "level" in entry else []
    first = " ".join([*level, harmless(event), *pairs])
    return "\n".join(
        [first, *(f"    {harmless(part)}" for text in texts.values() for part in text.splitlines())]
    )


def _access(entry: Mapping[str, Any]) -> str:
    """A request as the balancer saw it: what, how it ended, how long it took, who served it."""
    status = entry.get("status")
    colour = BAD if isinstance(status, int) and status >= 500 else None
    told = [
        harmless(f"{entry.get('method', '-')} {entry.get('path', '-')}"),
        click.style(harmless(str(status)), fg=colour),
        harmless(f"{entry.get('duration_ms', '-')} ms"),
    ]
    pairs = [f"{harmless(k)}={_value(v)}" for k, v in entry.items() if _ACCESS.get(k, v) != v]
    return " ".join([*told, *pairs])


def _level(level: str) -> str:
    return click.style(harmless(level), fg=LEVELS.get(level))


def _value(value: Any) -> str:
    if isinstance(value, str) and value and not re.search(r"[\s\"=]", value):
        return harmless(value)
    return harmless(json.dumps(value, ensure_ascii=False))
