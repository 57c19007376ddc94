"""`evenly lint`: the manifest, checked without running anything."""

from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import Struct

from evenly.cli.environments import Here, OnAws, choose
from evenly.cli.options import (
    ENVIRONMENT,
    MANIFEST,
    every_environment_option,
    hint,
    json_option,
    print_json,
    project_folder,
    read_manifest,
)
from evenly.cli.words import coloured, count_of
from evenly.errors import ExitCode, UsageError
from evenly.manifest.lint import Finding, Severity, lint
from evenly.manifest.linting.aws import aws_findings
from evenly.manifest.types import Manifest


class Told(Struct, frozen=True):
    """One finding as `--json` prints it. `line` is `None` where none is known."""

    severity: str
    path: str
    line: int | None
    what: str
    try_: str


@click.command()
@every_environment_option
@json_option
@click.pass_context
def command(ctx: click.Context, environment: str, as_json: bool) -> None:
    """Check the manifest, and the folders, files and programs that it names, without running anything.

    Exits with 2 when something in it can't work.
    """
    if as_json:
        findings = _all_findings(project_folder(), environment)
        print_json([_as_data(it) for it in findings])
        ctx.exit(_exit_code([it.severity for it in findings]))
    found = _findings(project_folder(), environment)
    for line in finding_lines(found):
        click.echo(line)
    click.echo(closing_line(found), err=True)
    errors = [it for it in found if it.severity is Severity.ERROR]
    if not errors and environment == ENVIRONMENT:
        hint("evenly plan", "evenly up")
    ctx.exit(_exit_code([it.severity for it in found]))


def _findings(project: Path, environment: str) -> tuple[Finding, ...]:
    """Of an environment on AWS what the manifest tells: no release of it runs here. Raises ManifestError."""
    match choose(environment):
        case Here():
            return findings_of(read_manifest(project), project)
        case OnAws() as chosen:
            return _findings_on_aws(chosen, project)


def _findings_on_aws(chosen: OnAws, project: Path) -> tuple[Finding, ...]:
    """The templates are looked at where the manifest makes some."""
    own = chosen.manifest.of_environment(chosen.name)
    found = (*lint(own, project), *aws_findings(chosen.name, chosen.manifest.environments[chosen.name], own))
    if any(it.severity is Severity.ERROR for it in found):
        return found
    from evenly.cli.lintaws import template_findings

    return (*found, *template_findings(chosen, project))


def findings_of(manifest: Manifest, project: Path) -> tuple[Finding, ...]:
    """All that can be found without running anything: of the manifest, of the migrations that are new, and of the
    certificate that it names."""
    found = (*lint(manifest, project), *_risks(manifest, project))
    own = manifest.http.certificate
    if own is None:
        return found
    from datetime import UTC, datetime

    from evenly.local.certificates.own import examine

    host = manifest.http.alias or f"{manifest.name}.localhost"
    return (*found, *examine(own, project, host, datetime.now(UTC)).findings)


def _risks(manifest: Manifest, project: Path) -> tuple[Finding, ...]:
    """Of the migrations that the running release has not brought, where there is one that they could disturb."""
    if manifest.database is None or manifest.database.migrations is None:
        return ()
    from evenly.local.foresight import risky_migrations

    return risky_migrations(project, manifest)


def finding_lines(found: Sequence[Finding]) -> list[str]:
    """A line for each finding."""
    return [f"{coloured(it.severity)}: {it.path}: {it.what} {it.try_}" for it in found]


def closing_line(found: Sequence[Finding]) -> str:
    """How many there were."""
    if not found:
        return "No findings."
    kinds = ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
    counts = [(sum(it.severity is kind for it in found), word) for kind, word in kinds]
    return ", ".join(count_of(count, word) for count, word in counts if count) + "."


def check(manifest: Manifest, project: Path) -> None:
    """Say the warnings on stderr. Raises UsageError when something can't work."""
    found = findings_of(manifest, project)
    for line in finding_lines([it for it in found if it.severity is Severity.WARNING]):
        click.echo(line, err=True)
    refuse_errors(found)


def refuse_errors(found: Sequence[Finding]) -> None:
    """Raises UsageError when something can't work."""
    errors = [it for it in found if it.severity is Severity.ERROR]
    if errors:
        told = "\n".join(f"  {it.path}: {it.what} {it.try_}" for it in errors)
        raise UsageError(
            f"this can't work:\n{told}", where=MANIFEST, try_="Mend it, then check it with: evenly lint"
        )


def _all_findings(project: Path, environment: str) -> list[Told]:
    from evenly.manifest import ManifestError

    try:
        found = _findings(project, environment)
    except ManifestError as error:
        return [Told("error", it.path, it.line, it.what, it.try_) for it in error.problems]
    return [Told(it.severity, it.path, None, it.what, it.try_) for it in found]


def _as_data(told: Told) -> dict[str, str | int | None]:
    return {
        "severity": told.severity,
        "path": told.path,
        "line": told.line,
        "what": told.what,
        "try": told.try_,
    }


def _exit_code(severities: Sequence[str]) -> int:
    return ExitCode.USAGE if Severity.ERROR in severities else ExitCode.DONE
