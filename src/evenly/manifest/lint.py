"""What is found without running anything: folders, files and programs that a manifest names. Reads folders only."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from evenly.manifest.linting.app import command_findings, serve_findings
from evenly.manifest.linting.commands import protocol_findings, shown_secret_findings
from evenly.manifest.linting.findings import Finding, Severity, folder_findings, warning
from evenly.manifest.linting.migrations import migration_findings
from evenly.manifest.linting.pages import page_findings
from evenly.manifest.problems import looks_secret
from evenly.manifest.types import Cooldown, Manifest

__all__ = ["Finding", "Severity", "lint"]

_PRIVATE_ENDS = (
    ".local",
    ".internal",
    ".test",
    ".invalid",
    ".lan",
    ".home",
    ".corp",
    ".localdomain",
    ".arpa",
)
_DOCUMENTATION = (".example", ".example.com", ".example.net", ".example.org")


def lint(manifest: Manifest, folder: Path, search_path: str | None = None) -> tuple[Finding, ...]:
    """All findings about `manifest`, the one of `folder`. `search_path`: in place of $PATH."""
    return (
        *serve_findings(manifest, folder),
        *command_findings(manifest, folder, search_path),
        *shown_secret_findings(manifest),
        *protocol_findings(manifest),
        *folder_findings("app.build", manifest.app.build, folder),
        *_alias(manifest),
        *page_findings(manifest, folder),
        *_count(manifest),
        *_scaling(manifest),
        *migration_findings(manifest, folder),
        *_variables(manifest),
    )


def _alias(manifest: Manifest) -> Iterator[Finding]:
    alias = manifest.http.alias or ""
    if alias.endswith(_PRIVATE_ENDS):
        yield warning("http.alias", f"{alias} is no public name.", "Write a name of a domain that you own.")
    elif f".{alias}".endswith(_DOCUMENTATION):
        yield warning(
            "http.alias", f"{alias} is a name for examples.", "Write a name of a domain that you own."
        )


def _count(manifest: Manifest) -> Iterator[Finding]:
    fewest, zones = manifest.count.minimum, manifest.zones
    if fewest < zones:
        what = f"{fewest} {'instance' if fewest == 1 else 'instances'} cannot fill {zones} zones: one stays empty."
        yield warning("count", what, f"Write {zones} or more, or fewer zones.")


def _scaling(manifest: Manifest) -> Iterator[Finding]:
    count = manifest.count
    scales = (count.response_time, count.requests, count.cpu) != (None, None, None)
    if scales and count.minimum == count.maximum:
        what = f"a range from {count.minimum} to {count.maximum} leaves no room to scale in."
        yield warning("count.range", what, f"Write {count.minimum}-{2 * count.maximum}, say.")
    if count.cooldown != Cooldown() and not scales:
        what = "nothing is scaled, so nothing has to cool down."
        yield warning("count.cooldown", what, "Add response_time, requests or cpu, or take it out.")


def _variables(manifest: Manifest) -> Iterator[Finding]:
    for path, variables in _all_variables(manifest):
        for name, value in variables.items():
            if looks_secret(name, value):
                what = "looks like a secret, and this file is for everybody to read."
                try_ = "Take it out, and change it if it was ever shared."
                yield warning(f"{path}.{name}", what, try_)


def _all_variables(manifest: Manifest) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "variables", manifest.variables
    yield from ((f"workers.{name}.variables", it.variables) for name, it in manifest.workers.items())
    yield from ((f"jobs.{name}.variables", it.variables) for name, it in manifest.jobs.items())
