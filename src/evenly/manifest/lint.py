"""What is found without running anything: folders, files and programs that a manifest names. Reads folders only."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from evenly.manifest.problems import looks_secret
from evenly.manifest.types import Manifest

_MIGRATION = re.compile(r"[0-9]{1,18}_[A-Za-z0-9][A-Za-z0-9_-]*\.sql", re.ASCII)
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


class Severity(StrEnum):
    ERROR = "error"  # it cannot work
    WARNING = "warning"  # it works, but hardly as meant


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that will not work, or hardly as meant. `path` is the dotted key it is about."""

    severity: Severity
    path: str
    what: str
    try_: str


def lint(manifest: Manifest, folder: Path, search_path: str | None = None) -> tuple[Finding, ...]:
    """All findings about `manifest`, the one of `folder`. `search_path`: in place of $PATH."""
    return (
        *_serve(manifest, folder),
        *_command(manifest, folder, search_path),
        *_folder("app.build", manifest.app.build, folder),
        *_alias(manifest),
        *_count(manifest),
        *_migrations(manifest, folder),
        *_variables(manifest),
    )


def _error(path: str, what: str, try_: str) -> Finding:
    return Finding(Severity.ERROR, path, what, try_)


def _warning(path: str, what: str, try_: str) -> Finding:
    return Finding(Severity.WARNING, path, what, try_)


def _folder(path: str, said: str, folder: Path) -> Iterator[Finding]:
    there = folder / said
    if not there.exists():
        yield _error(path, f"the folder {said} does not exist.", "Make it, or name another.")
    elif not there.is_dir():
        yield _error(path, f"{said} is a file, not a folder.", "Name the folder that it is in.")
    elif not there.resolve().is_relative_to(folder.resolve()):
        yield _error(path, f"the folder {said} leads out of the project.", "Name a folder inside it.")


def _serve(manifest: Manifest, folder: Path) -> Iterator[Finding]:
    if manifest.app.serve is None:
        return
    module = manifest.app.serve.partition(":")[0]
    build = folder / manifest.app.build
    top = module.partition(".")[0]
    if not _holds(build, module) and (_holds(build, top) or not _is_installed(top)):
        what = f"the module {module} is not in the folder {manifest.app.build}."
        yield _error("app.serve", what, _where_else(module, manifest.app.build, build))


def _holds(build: Path, module: str) -> bool:
    place = build.joinpath(*module.split("."))
    return place.is_dir() or place.with_name(f"{place.name}.py").is_file()


def _is_installed(top: str) -> bool:
    """Whether Python would find the package, without running a line of it."""
    try:
        return top != "__main__" and find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _where_else(module: str, said: str, build: Path) -> str:
    if _holds(build / "src", module):
        return f"It is in src: write app.build: {'src' if said == '.' else said.rstrip('/') + '/src'}."
    return "Write module.path:attribute as Python imports it from that folder."


def _command(manifest: Manifest, folder: Path, search_path: str | None) -> Iterator[Finding]:
    program = (manifest.app.command or ("",))[0]
    # "$NAME" is known only where it runs.
    if not program or "$" in program or _finds(program, folder / manifest.app.build, folder, search_path):
        return
    what = f"the program {program} is neither on the PATH nor in .venv/bin of the project."
    yield _error(
        "app.command", what, f"Install it, or name its place: {manifest.app.build.rstrip('/')}/{program}."
    )


def _finds(program: str, build: Path, folder: Path, search_path: str | None) -> bool:
    if "/" in program:
        return which(str(build / program)) is not None
    places = (str(folder / ".venv/bin"), str(build / ".venv/bin"))
    return any(which(program, path=path) for path in (search_path, *places))


def _alias(manifest: Manifest) -> Iterator[Finding]:
    alias = manifest.http.alias or ""
    if alias.endswith(_PRIVATE_ENDS):
        yield _warning("http.alias", f"{alias} is no public name.", "Write a name of a domain that you own.")
    elif f".{alias}".endswith(_DOCUMENTATION):
        yield _warning(
            "http.alias", f"{alias} is a name for examples.", "Write a name of a domain that you own."
        )


def _count(manifest: Manifest) -> Iterator[Finding]:
    fewest, zones = manifest.count.minimum, manifest.zones
    if fewest < zones:
        what = f"{fewest} {'instance' if fewest == 1 else 'instances'} cannot fill {zones} zones: one stays empty."
        yield _warning("count", what, f"Write {zones} or more, or fewer zones.")


def _migrations(manifest: Manifest, folder: Path) -> Iterator[Finding]:
    said = manifest.database.migrations if manifest.database else None
    if said is None:
        return
    wrong = list(_folder("database.migrations", said, folder))
    yield from wrong or _migration_files(said, folder / said)


def _migration_files(said: str, there: Path) -> Iterator[Finding]:
    names = sorted(each.name for each in there.iterdir() if each.name.endswith(".sql"))
    if not names:
        yield _warning(
            "database.migrations", f"there is no .sql file in {said}.", "Begin with 0001_first.sql."
        )
    first: dict[str, str] = {}
    for name in names:
        number = name.partition("_")[0]
        if not _MIGRATION.fullmatch(name):
            what = f"{name} is not named as a migration."
            yield _error(
                "database.migrations", what, "Name it by a number and a name, such as 0002_add_users.sql."
            )
        elif first.setdefault(number, name) != name:
            what = f"{first[number]} and {name} have one number."
            yield _error("database.migrations", what, "Give the later one the next free number.")


def _variables(manifest: Manifest) -> Iterator[Finding]:
    for name, value in manifest.variables.items():
        if looks_secret(name, value):
            what = "looks like a secret, and this file is for everybody to read."
            yield _warning(f"variables.{name}", what, "Take it out, and change it if it was ever shared.")
