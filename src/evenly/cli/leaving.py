"""What verify, drill and load leave: the files that were asked for, and the report that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from evenly.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from evenly.verify.drillresult import Drills
    from evenly.verify.keeping import Kind
    from evenly.verify.loadreport import LoadReport
    from evenly.verify.results import Verification


def write(option: str, file: Path | None, text: str) -> None:
    """Nothing without a file. Raises UsageError, which names the option, for one that can't be written."""
    if file is None:
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} can't be written: {error.strerror}", where=option) from None


def keep(project: Path, kind: Kind, result: Drills | LoadReport | Verification, page: str) -> None:
    """A folder that can't be written to is no reason to say nothing of the result."""
    from datetime import datetime

    from evenly.verify import keeping

    at = datetime.fromisoformat(result.started_at)
    try:
        keeping.keep(keeping.reports_folder(project), kind, result, page, at)
    except OSError as error:
        click.echo(f"The report could not be kept: {error.strerror}: {error.filename}", err=True)
