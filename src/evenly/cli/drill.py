"""`evenly drill`: break something on purpose while load runs, and see what it costs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evenly.cli import leaving
from evenly.cli.confirming import check_confirmed
from evenly.cli.options import environment_option, hint, json_option, print_json, project_folder
from evenly.errors import ExitCode, StateError, UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from evenly.verify.drill import Drill
    from evenly.verify.drilling import Done
    from evenly.verify.drillresult import Drills, Moment
    from evenly.verify.target import Target

KINDS = (
    "instance",
    "zone",
    "zone-return",
    "hang",
    "slow",
    "database",
    "database-failover",
    "balancer",
    "supervisor",
)


@click.command()
@environment_option
@click.argument("what", type=click.Choice([*KINDS, "all"]), required=False)
@click.option(
    "--rate",
    metavar="N",
    type=click.FloatRange(min=1, max=100_000),
    default=200.0,
    show_default="200",
    help="Requests a second.",
)
@click.option("--restore", is_flag=True, help="Put right what a drill that was killed left broken.")
@click.option("--confirm", metavar="NAME", help="The environment's name, in place of the question.")
@click.option(
    "--end-with-stdin",
    is_flag=True,
    help="End as by Ctrl-C when standard input ends: for a program that starts it.",
)
@json_option
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the result as an HTML page too.",
)
@click.pass_context
def command(
    ctx: click.Context,
    what: str | None,
    rate: float,
    restore: bool,
    confirm: str | None,
    end_with_stdin: bool,
    as_json: bool,
    report: Path | None,
) -> None:
    """Break something on purpose while requests come, count every failed one, and put it right again.

    WHAT is an instance that dies, a zone that is lost or returns, an instance that hangs or is slow, the database, its
    primary in favour of its standby (database-failover), the balancer or the supervisor; or all of them, one after the
    other. Exits with 1 when it cost more than it may.
    """
    from evenly.local.target import local_target
    from evenly.verify.report import drills_html

    project = project_folder()
    target = local_target(project)
    if restore:
        _restore(target)
        return
    if what is None:
        raise UsageError(
            "say what is to break", try_=f"evenly drill {KINDS[0]}, or: {', '.join(KINDS[1:])}, all"
        )
    if target.is_production:
        warning = f"This breaks parts of {target.environment}, which is in production, while it serves."
        check_confirmed(confirm, warning, "--confirm", name=target.environment, spared="nothing was broken")
    with target.only_drill():
        _tell_restored(target.restore())
        result = _drilled(KINDS if what == "all" else (what,), target, rate, end_with_stdin)
    page = drills_html(result)
    leaving.write("--report", report, page)
    leaving.keep(project, "drill", result, page)
    _show(result, as_json)
    ctx.exit(_exit_code(result))


def _restore(target: Target) -> None:
    with target.only_drill():
        restored = target.restore()
    _tell_restored(restored)
    click.echo("What was broken is put right." if restored else "Nothing is left broken.")
    hint("evenly status")


def _tell_restored(told: Sequence[str]) -> None:
    for it in told:
        click.echo(f"An earlier drill was broken off: {it}.", err=True)


def _drilled(kinds: Sequence[str], target: Target, rate: float, end_with_stdin: bool) -> Drills:
    """Raises StateError when the only drill that was asked for is not possible."""
    import time
    from datetime import UTC, datetime

    from evenly.core.moments import timestamp
    from evenly.verify.drillresult import Drills

    at, began = datetime.now(UTC), time.monotonic()
    done = _run(kinds, target, rate, end_with_stdin)
    if not done.results and len(kinds) == 1:
        raise StateError(done.skipped[0].why.rstrip("."), where=f"drill {kinds[0]}")
    return Drills(
        url=target.url,
        environment=target.environment,
        target=target.kind,
        started_at=timestamp(at),
        duration_s=time.monotonic() - began,
        results=done.results,
        skipped=done.skipped,
        broken_off=done.broken_off,
    )


def _run(kinds: Sequence[str], target: Target, rate: float, end_with_stdin: bool) -> Done:
    """Ctrl-C, SIGTERM and the terminal's end put right what is broken, then raise KeyboardInterrupt."""
    import asyncio
    import signal

    from evenly.verify.drillclock import SystemClock
    from evenly.verify.drilling import Range, run_drills
    from evenly.verify.drillresult import Kind
    from evenly.verify.sending import drill_load

    load = drill_load(target.url, target.ca_file, rate)
    place = Range(target, load, SystemClock(), rate)

    async def drill() -> Done:
        work = asyncio.ensure_future(
            run_drills([Kind(it) for it in kinds], place, begins=_tell_begins, tell=_tell)
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, work.cancel)
        if end_with_stdin:
            loop.add_reader(0, _cancel_at_end, work)
        return await work

    try:
        return asyncio.run(drill())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _cancel_at_end(work: asyncio.Future[Done]) -> None:
    """What comes by standard input is passed over; its end ends the drill."""
    import asyncio

    if not os.read(0, 4096):
        asyncio.get_running_loop().remove_reader(0)
        work.cancel()


def _tell_begins(drill: Drill) -> None:
    from evenly.verify.drill import what_happens

    click.echo(f"{drill.kind}: {what_happens(drill)} Requests come meanwhile.", err=True)


def _tell(moment: Moment) -> None:
    from evenly.cli.drilltext import moment_line

    click.echo(moment_line(moment), err=True)


def _show(result: Drills, as_json: bool) -> None:
    from evenly.cli.drilltext import drills_lines

    if as_json:
        print_json(result)
        return
    click.echo("\n".join(drills_lines(result)))
    hint("evenly open reports", "evenly drill all" if len(result.results) == 1 else "evenly load")


def _exit_code(result: Drills) -> ExitCode:
    from evenly.verify.drillresult import DrillVerdict

    if result.of(DrillVerdict.FAIL):
        return ExitCode.FAILED
    if result.of(DrillVerdict.VOID) or result.broken_off:
        return ExitCode.STATE
    return ExitCode.DONE
