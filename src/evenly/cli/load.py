"""`evenly load`: requests at a set rate, and how they were answered."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evenly.cli import leaving
from evenly.cli.options import environment_option, hint, json_option, print_json, project_folder
from evenly.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evenly.cli.loadoptions import Asked
    from evenly.verify.limits import Limit
    from evenly.verify.load import LoadPlan
    from evenly.verify.loadreport import LoadReport
    from evenly.verify.scenario import Scenario
    from evenly.verify.target import Facts

INTERRUPTED = 130
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@environment_option
@click.argument("path", required=False)
@click.option(
    "--rate",
    default="200",
    show_default=True,
    metavar="RATES",
    help="Requests a second: 500, or by stages 100,500.",
)
@click.option(
    "--for",
    "lasting",
    default="30s",
    show_default=True,
    metavar="TIMES",
    help="How long: 30s, or by stages 10s,2m.",
)
@click.option("--scenario", type=FILE, metavar="FILE", help="A Python file: what each user does.")
@click.option(
    "--fail-if",
    "limits",
    multiple=True,
    metavar="LIMIT",
    help="Exit with 1 if 'p99 > 250ms'; may be given again.",
)
@click.option("--method", default="GET", show_default=True, metavar="METHOD", help="GET, POST, ...")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="HEADER",
    help="'Name: value', or @FILE; may be given again.",
)
@click.option("--body", metavar="BODY", help="What each request sends: text, or @FILE.")
@click.option(
    "--timeout", default="10s", show_default=True, metavar="TIME", help="How long to wait for an answer."
)
@click.option("--seed", type=int, metavar="N", help="Let requests come by chance, the same with the same N.")
@click.option("--url", metavar="URL", help="Send to this address, in place of the environment.")
@click.option("--ca", type=FILE, metavar="FILE", help="Trust the authorities of this PEM file.")
@click.option("--confirm", metavar="HOST", help="The host of --url, in place of the question, for scripts.")
@json_option
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the result as an HTML page too.",
)
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Send requests at a set rate, however slow the answers are.

    PATH is what to ask for; without it /. Latency counts from when a request was due, so that nothing hides. Ctrl-C
    ends it early, with the figures so far.
    """
    from evenly.cli.loadoptions import Asked, read_limits, read_plan, read_scenario
    from evenly.verify.report import load_html

    asked = Asked(**options)
    project = project_folder()
    limits, plan, scenario = read_limits(asked), read_plan(asked), read_scenario(asked)
    target = None if asked.url else _environment(project, asked)
    report = _loaded(_addressed(plan, asked, target), scenario, limits, target)
    page = load_html(report)
    leaving.write("--report", asked.report, page)
    leaving.keep(project, "load", report, page)
    _show(report, asked.as_json)
    ctx.exit(exit_code(report))


def exit_code(report: LoadReport) -> int:
    """Interrupted, void, a broken limit, or done: the first that it was."""
    if report.interrupted:
        return INTERRUPTED
    if report.void:
        return ExitCode.STATE
    return ExitCode.FAILED if report.broken else ExitCode.DONE


def _environment(project: Path, asked: Asked) -> Facts:
    """Raises StateError when it is down."""
    if asked.confirm is not None:
        raise UsageError("it belongs to --url.", where="--confirm")
    from evenly.local.target import local_target

    return local_target(project)


def _addressed(plan: LoadPlan, asked: Asked, target: Facts | None) -> LoadPlan:
    """Raises UsageError for no address, and without consent to send it there."""
    from msgspec.structs import replace

    from evenly.cli.loadoptions import address, check_consent
    from evenly.cli.loadtext import stages_told

    url = address(asked.url or (target.url if target else ""), asked.path)
    if target is None:
        check_consent(url, stages_told(plan.stages), asked.confirm)
    return replace(plan, url=str(url), ca_file=plan.ca_file or (target.ca_file if target else None))


def _loaded(
    plan: LoadPlan, scenario: Scenario | None, limits: tuple[Limit, ...], target: Facts | None
) -> LoadReport:
    from evenly.cli.loading import run_load
    from evenly.core.moments import timestamp
    from evenly.verify.limits import broken
    from evenly.verify.loadreport import LoadReport, told

    before = _last_event(target)
    with _progress() as show:
        loaded = run_load(plan, scenario, show)
    return LoadReport(
        environment=target.environment if target else None,
        target=target.kind if target else None,
        started_at=timestamp(loaded.started_at),
        plan=told(plan, scenario.file if scenario else None),
        result=loaded.result,
        interrupted=loaded.interrupted,
        void=loaded.result.void,
        limits=tuple(it.text for it in limits),
        broken=broken(limits, loaded.result),
        events=tuple(target.events(before)) if target else (),
    )


def _last_event(target: Facts | None) -> int:
    return max((it.number for it in target.events()), default=0) if target else 0


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None] | None]:
    """On a terminal one line of how it goes, which is gone in the end."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        yield lambda line: click.echo(f"\r\x1b[K{line}", nl=False, err=True)
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


def _show(report: LoadReport, as_json: bool) -> None:
    from evenly.cli.loadtext import load_lines

    if as_json:
        print_json(report)
        return
    click.echo("\n".join(load_lines(report)))
    hint("evenly open reports", *(("evenly drill all",) if report.environment else ()))
