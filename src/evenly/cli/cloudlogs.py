"""`evenly logs -e ENV` for an environment on AWS."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec

from evenly.cli.words import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evenly.aws.operations.logs import LogLine
    from evenly.cli.environments import OnAws


def logs_on_aws(
    chosen: OnAws,
    what: tuple[str, ...],
    *,
    profile: str | None,
    follow: bool,
    lines: int,
    since: float | None,
    as_json: bool,
) -> None:
    """`since`: the time, in seconds since the epoch; `None`: the last `lines`."""
    from evenly.aws.cloud.session import Session
    from evenly.aws.naming import Names
    from evenly.aws.operations.clock import Clock
    from evenly.aws.operations.cloud import Cloud
    from evenly.aws.operations.logs import Logs

    there = chosen.manifest.environments[chosen.name]
    cloud = Cloud(Session(profile), there.regions[0])
    cloud.checked_identity(there.account, chosen.name)
    asked = cloud.session.client("logs", cloud.region)
    logs = Logs(asked, Names(chosen.manifest.name, chosen.name), Clock())
    sources = logs.sources(what)
    found = logs.last(sources, lines) if since is None else logs.since(sources, since)
    _say(found, as_json)
    if follow:
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it, so no error
            for fresh in logs.follow(sources, found):
                _say(fresh, as_json)


def _say(lines: Iterable[LogLine], as_json: bool) -> None:
    for it in lines:
        click.echo(msgspec.json.encode(as_data(it)).decode() if as_json else readable(it))
    sys.stdout.flush()


def as_data(it: LogLine) -> dict[str, object]:
    """A line that was JSON itself is `entry`."""
    head = {"source": it.source, "stream": it.stream, "time": _time(it)}
    try:
        entry = msgspec.json.decode(it.text)
    except msgspec.DecodeError:
        return {**head, "line": it.text}
    return {**head, "entry": entry} if isinstance(entry, dict) else {**head, "line": it.text}


def readable(it: LogLine) -> str:
    return f"{_time(it)}  {it.source}  {harmless(it.text)}"


def _time(it: LogLine) -> str:
    return datetime.fromtimestamp(it.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
