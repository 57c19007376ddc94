"""What is kept about a local environment between commands: its settings and its releases, as typed files."""

import os
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import msgspec

from evenly.core.failover import MEMBERS
from evenly.core.moments import timestamp
from evenly.errors import StateError
from evenly.local import state
from evenly.local.paths import Paths, local_paths
from evenly.local.versions import VERSIONS, as_upgraded, recorded_version
from evenly.manifest.types import Manifest

SETTINGS_VERSION = 1
RELEASE_VERSION = 1


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`environment.json`: where the environment listens, and which release it runs. `listen`: the addresses that
    were asked for, beyond 127.0.0.1 and ::1."""

    name: str
    release: int
    https_port: int
    http_port: int
    runtime_root: str
    listen: tuple[str, ...] = ()


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """`releases/N/release.json`: one version of app and configuration. `digest`: of everything in it."""

    number: int
    created_at: str
    created_by: str
    digest: str
    manifest: Manifest


def find_paths(project: Path) -> Paths:
    """The environment's paths: those it was started with, else those it would be started with."""
    guess = local_paths(project, runtime_root(), os.geteuid())
    known = state.read(guess.settings, Settings, SETTINGS_VERSION)
    return local_paths(project, Path(known.runtime_root), os.geteuid()) if known else guess


def runtime_root() -> Path:
    """Where sockets may live: $XDG_RUNTIME_DIR, else /tmp. Root's own is closed to the database's account."""
    said = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = said and os.geteuid() != 0 and os.access(said, os.W_OK | os.X_OK) and len(said) < 60
    return Path(said) if usable else Path("/tmp")  # noqa: S108  made 0700 and checked by make_runtime


def read_settings(paths: Paths) -> Settings | None:
    return state.read(paths.settings, Settings, SETTINGS_VERSION)


def write_settings(paths: Paths, settings: Settings) -> None:
    state.write(paths.settings, settings, SETTINGS_VERSION)


def read_release(paths: Paths, number: int) -> Release:
    """With the version of PostgreSQL that its database is of by now. Raises StateError when there is none such."""
    file = paths.releases / str(number) / "release.json"
    found = state.read(file, Release, RELEASE_VERSION)
    if found is None:
        raise StateError(
            f"release {number} is not there", where=str(file), try_="Run `evenly down`, then `evenly up`."
        )
    return msgspec.structs.replace(found, manifest=as_upgraded(found.manifest, recorded_version(paths)))


def make_folders(paths: Paths) -> None:
    """Make the environment's folders, closed to everybody else. Raises StateError if that can't be."""
    try:
        for folder in (paths.home.parent, paths.home, paths.logs, paths.instance_logs, paths.releases):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = paths.home.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# State of Evenly's local environments, with keys and passwords.\n*\n")
    except OSError as error:
        raise StateError(
            f"this folder can't be written to ({error.strerror})",
            where=str(error.filename or paths.home),
            try_="Run `evenly` in a folder of your own.",
        ) from error
    make_runtime(paths.runtime)


def make_runtime(runtime: Path) -> None:
    """Make the folder of the sockets. In a shared /tmp somebody else could have made it first: refuse that.

    As root the database's account has to pass through it, hence 0711; all in it is closed by itself.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    runtime.mkdir(mode=mode, exist_ok=True)
    found = runtime.lstat()
    if found.st_uid != os.geteuid() or runtime.is_symlink():
        raise StateError(
            "this folder belongs to somebody else", where=str(runtime), try_="Remove it, and try again."
        )
    runtime.chmod(mode)


def find_data_folders(paths: Paths) -> tuple[Path, ...]:
    """The data folders of the environment's databases, one a PostgreSQL version and member."""
    from evenly.local.postgres import data_folder
    from evenly.local.privileges import account

    runs_as = account(os.geteuid())
    each = product(VERSIONS, MEMBERS)
    folders = (data_folder(paths, version, runs_as, member=member) for version, member in each)
    return tuple(folder for folder in folders if folder.is_dir())


def find_data_home(paths: Paths) -> Path:
    """The folder that holds `database`, with all data and backups; the environment's home unless root's."""
    from evenly.local.postgres import data_folder
    from evenly.local.privileges import account

    return data_folder(paths, 18, account(os.geteuid())).parent.parent


def timestamp_now() -> str:
    return timestamp(datetime.now(UTC))
