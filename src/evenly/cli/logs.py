"""`evenly logs`: what instances, balancer, database and supervisor have written."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from evenly.cli.cloud import only_here, only_on_aws, profile_option
from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import every_environment_option, project_folder
from evenly.errors import StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from evenly.local.logs.book import Line, Source
    from evenly.local.paths import Paths

LINES = 100
POLL_S = 0.2


@click.command()
@every_environment_option
@click.argument("what", nargs=-1)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on, until Ctrl-C.")
@click.option(
    "--lines", "-n", type=click.IntRange(min=0), help=f"How many of the last lines.  [default: {LINES}]"
)
@click.option("--since", metavar="DURATION", help="All lines of the last 30s, 10m or 2h.")
@click.option("--zone", metavar="NAME", help="On this machine: only what is of this zone, or tells of it.")
@click.option(
    "--instance", metavar="ID", help="On this machine: only what is of this instance, or tells of it."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, with what was written as it is.")
@profile_option
def command(
    environment: str,
    what: tuple[str, ...],
    follow: bool,
    lines: int | None,
    since: str | None,
    zone: str | None,
    instance: str | None,
    as_json: bool,
    profile: str | None,
) -> None:
    """Show logs, merged in time order. Times are UTC.

    WHAT is balancer, access (each request), database, supervisor, app (all instances), a worker, a job, an
    instance's id or the beginning of one. Without WHAT it is all of them. On AWS it is app, migration, door, rotation,
    hosts, build, flow, workers, jobs, or the name of one of those.
    """
    from_ = _since(since)
    match choose(environment):
        case Here():
            only_on_aws(profile=profile)
            paths = _paths(project_folder())
            sources = _about(paths, _choice(paths, what), zone, instance)
            count = LINES if lines is None and from_ is None else lines
            _show(sources, count, from_, follow, _printer(as_json))
        case OnAws() as chosen:
            from evenly.cli.cloudlogs import logs_on_aws

            only_here(zone=zone, instance=instance)
            count = LINES if lines is None else lines
            logs_on_aws(
                chosen, what, profile=profile, follow=follow, lines=count, since=from_, as_json=as_json
            )


def _show(
    choose: Callable[[], list[Source]],
    count: int | None,
    since: float | None,
    follow: bool,
    say: Callable[[Iterable[Line]], None],
) -> None:
    from evenly.local.logs.book import last_lines, lines_since
    from evenly.local.logs.following import Follower

    follower = Follower(choose()) if follow else None  # before reading, so that nothing falls between
    say(lines_since(choose(), since or 0.0) if count is None else last_lines(choose(), count, since))
    if follower is None:
        return
    import time

    with contextlib.suppress(KeyboardInterrupt):  # the way to end it, so no error
        while True:
            say(follower.look(choose()))
            time.sleep(POLL_S)
    say(follower.close())


def _paths(project: Path) -> Paths:
    from evenly.local.settings import find_paths

    paths = find_paths(project)
    if not paths.logs.is_dir():
        raise StateError("there are no logs here", where=str(project), try_="Run `evenly up`.")
    return paths


def _choice(paths: Paths, what: tuple[str, ...]) -> Callable[[], list[Source]]:
    """A function that gives the sources that `what` means, those of instances that came since included."""
    from evenly.local.logs.book import is_wanted, sources, wanted

    chosen = wanted(what, [it.name for it in sources(paths)])
    return lambda: [it for it in sources(paths) if is_wanted(it.name, chosen)]


def _about(
    paths: Paths, choose: Callable[[], list[Source]], zone: str | None, instance: str | None
) -> Callable[[], list[Source]]:
    """`choose`, less what is not about the zone or the instance. The journal is read again when there is a new
    source: instances come and go."""
    if zone is None and instance is None:
        return choose
    if zone is not None and instance is not None:
        raise UsageError("an instance is in one zone.", where="--zone", try_="Name the instance alone.")
    from evenly.local.logs.filter import About

    about = About(paths, zone=zone, instance=instance)
    return lambda: about.filter(choose())


def _since(said: str | None) -> float | None:
    if said is None:
        return None
    import time

    from evenly.manifest.units import parse_duration

    try:
        return time.time() - parse_duration(said)
    except ValueError:
        raise UsageError(f"{said} is no duration.", where="--since", try_="Write 30s, 10m or 2h.") from None


def _printer(as_json: bool) -> Callable[[Iterable[Line]], None]:
    from datetime import UTC, datetime

    from evenly.cli import logtext

    def say(lines: Iterable[Line]) -> None:
        today = datetime.now(UTC).date().isoformat()
        for line in lines:
            click.echo(logtext.as_json(line) if as_json else logtext.readable(line, today))
        sys.stdout.flush()

    return say
