"""`evenly verify`: the acceptance checks, run on the environment or on any address."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evenly.cli import leaving
from evenly.cli.options import environment_option, hint, json_option, print_json, project_folder
from evenly.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from evenly.verify.catalogue import Check, Probe
    from evenly.verify.results import CheckResult, Verification

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@environment_option
@click.argument("checks", nargs=-1)
@click.option("--url", metavar="URL", help="Check this address, in place of the environment.")
@click.option(
    "--ca",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust the authorities of this PEM file.",
)
@click.option("--list", "only_list", is_flag=True, help="Show the checks, and run none.")
@json_option
@click.option("--junit", metavar="FILE", type=FILE, help="Write the result as JUnit XML too.")
@click.option("--report", metavar="FILE", type=FILE, help="Write the result as an HTML page too.")
@click.pass_context
def command(
    ctx: click.Context,
    checks: tuple[str, ...],
    url: str | None,
    ca: Path | None,
    only_list: bool,
    as_json: bool,
    junit: Path | None,
    report: Path | None,
) -> None:
    """Run the acceptance checks, and show how each was proved.

    CHECKS are ids, or beginnings of them: tls, errors.404. Without CHECKS it is all of them, those of the folder checks
    beside the manifest included. Exits with 1 when one fails.
    """
    from evenly.verify.finding import FOLDER, find_checks, select
    from evenly.verify.junit import junit_xml
    from evenly.verify.report import verification_html

    project = project_folder()
    chosen = select(find_checks(project / FOLDER), checks)
    if only_list:
        _list(chosen, as_json)
        return
    result = _verified(chosen, _probe(project, url, ca), project)
    page = verification_html(result)
    leaving.write("--junit", junit, junit_xml(result))
    leaving.write("--report", report, page)
    leaving.keep(project, "verify", result, page)
    _show(result, as_json)
    ctx.exit(ExitCode.FAILED if result.failed else ExitCode.DONE)


def verify_address(project: Path, url: str, ca: Path | None) -> Verification:
    """All checks, those of the folder checks among them, of one address; the report is kept. `ca`: whom to trust beside
    nobody; `None`: those of the system."""
    from evenly.verify.finding import FOLDER, find_checks
    from evenly.verify.report import verification_html

    result = _verified(find_checks(project / FOLDER), _probe(project, url, ca), project)
    leaving.keep(project, "verify", result, verification_html(result))
    return result


def tell_verified(result: Verification) -> None:
    """On stderr: what a command that did something else says in the end."""
    from evenly.cli.verifytext import verification_lines

    click.echo("\n".join(verification_lines(result)), err=True)


def _list(checks: tuple[Check, ...], as_json: bool) -> None:
    from evenly.cli.verifytext import check_lines

    if as_json:
        print_json([{"id": it.id, "sentence": it.sentence} for it in checks])
        return
    click.echo("\n".join(check_lines(checks)))
    hint("evenly verify", "evenly verify tls")


def _probe(project: Path, url: str | None, ca: Path | None) -> Probe:
    """The environment, which has to be up, or the address."""
    from evenly.verify.catalogue import Probe
    from evenly.verify.client import Service

    if url is not None:
        return Probe(Service(_checked(url), ca), None)
    from evenly.local.target import local_target

    target = local_target(project)
    return Probe(Service(target.url, ca or target.ca_file, target.plain_url), target)


def _checked(url: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{url} is no address to check", where="--url", try_="Give one like https://hello.example.com/."
        )
    return url


def _verified(checks: tuple[Check, ...], probe: Probe, project: Path) -> Verification:
    import time
    from datetime import UTC, datetime

    from evenly.core.moments import timestamp
    from evenly.verify.results import Verification
    from evenly.verify.running import run_checks

    at, began = datetime.now(UTC), time.monotonic()
    results = run_checks(checks, probe, keep=_traceback_keeper(project, at), tell=_progress(len(checks)))
    return Verification(
        url=probe.service.url,
        environment=probe.target.environment if probe.target else None,
        target=probe.target.kind if probe.target else None,
        started_at=timestamp(at),
        duration_s=time.monotonic() - began,
        results=results,
    )


def _traceback_keeper(project: Path, at: datetime) -> Callable[[BaseException], str]:
    from evenly.verify.keeping import keep_traceback, reports_folder

    return lambda error: keep_traceback(reports_folder(project), error, at)


def _progress(total: int) -> Callable[[CheckResult], None]:
    """On a terminal, one line of how far it is; it is gone when all is done."""
    done: list[str] = []

    def tell(result: CheckResult) -> None:
        done.append(result.id)
        rest = f"\r\x1b[K{len(done)} of {total} checks" if len(done) < total else "\r\x1b[K"
        click.echo(rest, nl=False, err=True)

    return tell if sys.stderr.isatty() else lambda _: None


def _show(result: Verification, as_json: bool) -> None:
    from evenly.cli.verifytext import verification_lines

    if as_json:
        print_json(result)
        return
    click.echo("\n".join(verification_lines(result)))
    if result.failed:
        hint(f"evenly verify {result.failed[0].id}", "evenly open reports")
    else:
        hint("evenly drill all" if result.environment else "evenly load", "evenly open reports")
