"""The manifest's secrets as `.env` has them now, beside those of the release that runs. Tells names, never a value."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from evenly.core.secret import Secret
from evenly.errors import EvenlyError
from evenly.local.releases import release_secrets
from evenly.local.secrets import envfile, kept
from evenly.local.settings import find_paths, read_release, read_settings
from evenly.manifest.types import Manifest


class State(StrEnum):
    THERE = "there"
    CHANGED = "changed"  # the release that runs was made with another value
    MISSING = "missing"  # no file, no line, or no value
    UNREAD = "unread"  # the file is not fit to be read


class Listed(Struct, frozen=True):
    """One secret. `used_for`: `app`, `database` or both; `line`: of its file, where it has one."""

    name: str
    used_for: str
    source: str
    line: int | None
    state: State


def listed(project: Path, manifest: Manifest) -> tuple[tuple[Listed, ...], EvenlyError | None]:
    """Every secret, and what is wrong with them first, if something is."""
    file = project / envfile.NAME
    names = kept.names(manifest)
    lines, problem = _read(file, names)
    running = _running(project)
    if lines is None and not file.is_symlink() and not file.exists():
        lines = ()
    found = tuple(
        Listed(name, _used_for(name, manifest), str(file), *_state(name, lines, running)) for name in names
    )
    return found, problem


def _read(file: Path, names: tuple[str, ...]) -> tuple[tuple[envfile.Line, ...] | None, EvenlyError | None]:
    """The lines, if the file is fit to be read, and what is wrong."""
    lines = None
    try:
        lines = envfile.read_lines(file, names) if names else ()
        envfile.pick(file, lines, names)
    except EvenlyError as error:
        return lines, error
    return lines, None


def _running(project: Path) -> Mapping[str, Secret]:
    """The secrets of the release that runs, or that ran last."""
    paths = find_paths(project)
    settings = read_settings(paths)
    return release_secrets(paths, read_release(paths, settings.release)) if settings else {}


def _state(
    name: str, lines: tuple[envfile.Line, ...] | None, running: Mapping[str, Secret]
) -> tuple[int | None, State]:
    if lines is None:
        return None, State.UNREAD
    line = next((it for it in lines if it.name == name), None)
    if line is None or line.value is None or not line.value.reveal():
        return (line.number if line else None), State.MISSING
    return line.number, (State.CHANGED if running.get(name, line.value) != line.value else State.THERE)


def _used_for(name: str, manifest: Manifest) -> str:
    database = manifest.database is not None and manifest.database.url_from == name
    used = [*(["app"] if name in manifest.secrets else []), *(["database"] if database else [])]
    return " and ".join(used)
