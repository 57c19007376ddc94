"""Whether the migrations are there, and named as migrations. Reads their folder."""

import re
from collections.abc import Iterator
from pathlib import Path

from evenly.manifest.linting.findings import Finding, error, folder_findings, warning
from evenly.manifest.types import Manifest

_MIGRATION = re.compile(r"[0-9]{1,18}_[A-Za-z0-9][A-Za-z0-9_-]*\.sql", re.ASCII)


def migration_findings(manifest: Manifest, folder: Path) -> Iterator[Finding]:
    said = manifest.database.migrations if manifest.database else None
    if said is None:
        return
    wrong = list(folder_findings("database.migrations", said, folder))
    yield from wrong or _file_findings(said, folder / said)


def _file_findings(said: str, there: Path) -> Iterator[Finding]:
    names = sorted(each.name for each in there.iterdir() if each.name.endswith(".sql"))
    if not names:
        yield warning(
            "database.migrations", f"there is no .sql file in {said}.", "Begin with 0001_first.sql."
        )
    first: dict[str, str] = {}
    for name in names:
        number = name.partition("_")[0]
        if not _MIGRATION.fullmatch(name):
            what = f"{name} is not named as a migration."
            yield error(
                "database.migrations", what, "Name it by a number and a name, such as 0002_add_users.sql."
            )
        elif first.setdefault(number, name) != name:
            what = f"{first[number]} and {name} have one number."
            yield error("database.migrations", what, "Give the later one the next free number.")
