"""The part of `evenly lint` for an environment on AWS: its templates, by AWS's schemas and by policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenly.cli.package import made
from evenly.manifest.linting.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.aws.linting.findings import TemplateFinding
    from evenly.cli.environments import OnAws


def template_findings(chosen: OnAws, project: Path) -> tuple[Finding, ...]:
    """What is wrong in the templates of an environment. Raises UsageError and StateError as making and checking them
    do."""
    from evenly.aws.linting.lint import lint

    return tuple(map(as_finding, lint(made(chosen, project), project)))


def as_finding(found: TemplateFinding) -> Finding:
    """`network.PublicA`, and by which rule."""
    path = ".".join(it for it in (found.stack, found.resource) if it)
    return Finding(found.severity, path, found.what, f"{found.try_} ({found.rule})")
