"""Which major version of PostgreSQL an environment's data is of. Reads names of folders, and one small file.

A release says which version its manifest asked for; an upgrade changes that of all of them at once, in one step: by
`database.json`, which is there from the first upgrade on.
"""

import os
from pathlib import Path

import msgspec

from evenly.core.failover import MEMBERS
from evenly.core.upgrades import Kept, disagreement
from evenly.errors import StateError
from evenly.local import state
from evenly.local.paths import Paths
from evenly.manifest.types import Manifest

VERSION = 1
VERSIONS = (16, 18)


class Known(msgspec.Struct, frozen=True):
    """`database.json`: the version that an upgrade, or the way back, has led to."""

    version: int


def recorded_version(paths: Paths) -> int | None:
    """`None` where there never was an upgrade."""
    known = state.read(paths.database_version, Known, VERSION)
    return known.version if known else None


def record_version(paths: Paths, version: int) -> None:
    state.write(paths.database_version, Known(version), VERSION)


def as_upgraded(manifest: Manifest, version: int | None) -> Manifest:
    """What a release's manifest says now that its database is of `version`."""
    database = manifest.database
    if version is None or database is None or database.url_from is not None or database.version == version:
        return manifest
    return msgspec.structs.replace(manifest, database=msgspec.structs.replace(database, version=version))


def data_version(paths: Paths, wanted: int) -> int | None:
    """The version of the data that is there; `None` without data. `wanted`: which of several, if no upgrade says."""
    found = [it for it in VERSIONS if _is_there(paths, it)]
    for it in (recorded_version(paths), wanted):
        if it in found:
            return it
    return max(found, default=None)


def kept_data(paths: Paths) -> tuple[Kept, ...]:
    """All data that was replaced, of any version."""
    folder = database_folder(paths)
    return tuple(
        Kept(version, it.name) for version in VERSIONS for it in sorted(folder.glob(f"{version}.replaced-*"))
    )


def settle_version(paths: Paths, manifest: Manifest) -> None:
    """Before a start. Raises as `check_version` does."""
    check_version(paths, manifest)
    if manifest.database and recorded_version(paths) not in (None, manifest.database.version):
        paths.database_version.unlink()  # of data that is not there any more


def check_version(paths: Paths, manifest: Manifest) -> None:
    """Raises StateError where the data is of another version than `manifest` asks for, or an upgrade was broken off
    while it put data in its place."""
    database = manifest.database
    if database is None or database.url_from is not None:
        return
    found = data_version(paths, database.version)
    if is_broken_off(paths):
        raise StateError(
            "an upgrade of the database was broken off",
            where=str(database_folder(paths)),
            try_="Finish it: evenly database upgrade",
        )
    if found not in (None, database.version):
        what, try_ = disagreement(found, database.version, kept_data(paths))
        raise StateError(what, where=str(database_folder(paths) / str(found)), try_=try_)


def is_broken_off(paths: Paths) -> bool:
    """Whether data of another version is about to take its place, and nobody may be there to see to it."""
    version = recorded_version(paths)
    if version is None:
        return False
    from evenly.local.postgres.book import read_as_it_is

    book = read_as_it_is(database_folder(paths) / f"{version}.members.json")
    return book is not None and book.replacing is not None and book.replacing.version is not None


def database_folder(paths: Paths) -> Path:
    """The folder of all data, of every version and member."""
    from evenly.local.postgres import data_folder
    from evenly.local.privileges import account

    return data_folder(paths, VERSIONS[-1], account(os.geteuid())).parent


def _is_there(paths: Paths, version: int) -> bool:
    folder = database_folder(paths)
    names = (str(version), *(f"{version}.{it}" for it in MEMBERS[1:]))
    return any((folder / it).is_dir() for it in names) or (folder / f"{version}.members.json").exists()
