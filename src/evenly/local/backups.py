"""Backups of an environment's database, as commands and the supervisor want them: made, and listed."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from evenly.core.backups import Backup, Range, ranges
from evenly.core.failover import MEMBERS
from evenly.core.moments import timestamp
from evenly.errors import StateError, TargetError, UsageError
from evenly.local import control, processes, state
from evenly.local.databases import our_own, running_database
from evenly.local.paths import Paths
from evenly.local.postgres.archiving import archive_of, begin_archive, store_of, waiting_segments
from evenly.local.postgres.backups import (
    ROLE,
    Asked,
    read_shelf,
    remove_expired,
    remove_half_made_backups,
    take_backup,
)
from evenly.local.postgres.closing import reopen
from evenly.local.postgres.configuration import archive_command
from evenly.local.postgres.credentials import DatabaseSecrets
from evenly.local.postgres.replication import UNREACHABLE
from evenly.local.postgres.replication import opened as asking
from evenly.local.postgres.restoring import remove_half_restored, replaced_folders
from evenly.local.postgres.server import Server
from evenly.local.processes import HOME_MARK, ROLE_MARK
from evenly.local.recorded import known_settings
from evenly.local.releases import release_secrets
from evenly.local.settings import find_paths, read_release
from evenly.local.supervisor.database import Database, database_of
from evenly.local.versions import VERSIONS, kept_data

RESTORE_ROLE = "database-restore"
ARCHIVES_WITHIN_S = 10.0
POLL_S = 0.05


class BusyError(StateError):
    """Somebody else makes or restores a backup."""


class Listed(Struct, frozen=True):
    """All that the database can be restored from. `replaced`: what a restore has replaced, and when. `archived_to`:
    where the log is archived, if it is; `log_bytes`: how much of it; `waiting`: how many of its files are not yet.
    `others`: backups of another major version, with that, which only that one restores."""

    backups: tuple[Backup, ...]
    ranges: tuple[Range, ...]
    replaced: tuple[tuple[str, str], ...]
    archived_to: str | None
    log_bytes: int
    waiting: int
    others: tuple[tuple[int, Backup], ...] = ()


def back_up(project: Path) -> Backup:
    """Make a backup of the running database, and archive its log from now on. What is kept no longer is removed.

    Raises StateError when the database is down, TargetError when PostgreSQL refuses.
    """
    paths, release, database = running_database(project)
    return make_backup(paths, our_own(database, "backup"), release.number, "hand")


def make_backup(paths: Paths, database: Database, release: int, by: str) -> Backup:
    """As `back_up`. `by`: who asks for it."""
    with changing_backups(paths), told_of("the backup was not made"):
        primary, passwords = database.opened()
        clear_left(paths, database)
        begin_archive(primary)
        control.ask(paths.control_socket, control.Configure())
        asyncio.run(_until_archiving(primary, passwords))
        marks = {ROLE_MARK: ROLE, HOME_MARK: str(paths.home)}
        made = take_backup(primary, passwords, database.passwords()[1], Asked(release, by, marks))
        remove_expired(primary)
    return made


def list_backups(project: Path) -> Listed:
    """Whether the environment runs or not. Raises StateError when there never was one."""
    _, database = known_database(project)
    primary = database.opened()[0]
    shelf = read_shelf(primary)
    archive = archive_of(primary)
    return Listed(
        backups=tuple(sorted(shelf.backups, key=lambda it: it.taken_at)),
        ranges=ranges(shelf, time.time()),
        replaced=tuple((told_name(it), _changed_at(it)) for it in replaced_folders(primary)),
        archived_to=str(archive) if archive else None,
        log_bytes=sum(it.stat().st_size for it in store_of(primary).root.glob("*/wal/*")),
        waiting=len(waiting_segments(primary.data)) if archive else 0,
        others=_others(database, primary.data.parent),
    )


def refuse_other_version(paths: Paths, database: Database, name: str | None) -> None:
    """Raises UsageError for a backup, or replaced data, of another major version than runs."""
    folder = database.server(MEMBERS[0]).data.parent
    backups = {it.name: version for version, it in _others(database, folder)}
    data = {
        told_name(folder / it.name): it.version for it in kept_data(paths) if it.version != database.version
    }
    version = (backups | data).get(name or "")
    if version is not None:
        raise UsageError(
            f"{name} is PostgreSQL {version}'s, and the database is of {database.version}",
            where="restore",
            try_=f"Return to {version} first: set `database: {{version: {version}}}`, then evenly database upgrade "
            "--back. The data of now is kept meanwhile.",
        )


def _others(database: Database, folder: Path) -> tuple[tuple[int, Backup], ...]:
    versions = [it for it in VERSIONS if it != database.version and (folder / f"{it}.backups").is_dir()]
    shelves = ((it, read_shelf(database.at_version(it).server(MEMBERS[0]))) for it in versions)
    return tuple((version, it) for version, shelf in shelves for it in shelf.backups)


def known_database(project: Path) -> tuple[Paths, Database]:
    """The database of the release that ran last. Raises StateError where there is no environment, UsageError where it
    has no database of ours."""
    paths = find_paths(project)
    release = read_release(paths, known_settings(paths).release)
    database = database_of(paths, release, release_secrets(paths, release))
    if database is None:
        raise UsageError("there is no database: the manifest says null", where="database")
    return paths, our_own(database, "backup")


@contextlib.contextmanager
def changing_backups(paths: Paths) -> Iterator[None]:
    """Nobody else takes, removes or restores meanwhile. Raises BusyError when somebody does."""
    refusal = BusyError(
        "a backup is being made or restored", where="database", try_="Wait for it to end, then try again."
    )
    with state.lock(paths.backups_lock, refusal):
        yield


@contextlib.contextmanager
def told_of(what: str) -> Iterator[None]:
    """Raises TargetError for what the disk, or a connection that is lost, has in the way."""
    try:
        yield
    except UNREACHABLE as error:
        raise TargetError(
            f"{what}: {str(error) or type(error).__name__}",
            where="database",
            try_="Is the disk full, or the database down? What there was before is as it was.",
        ) from error


def clear_left(paths: Paths, database: Database) -> None:
    """End and remove what a command left that was killed. To be called with the lock held."""
    for role in (ROLE, RESTORE_ROLE):
        for it in processes.mains(processes.find_marked(paths.home), role):
            processes.send(it.process, signal.SIGKILL)
    book = database.book()
    primary = database.server(book.primary)
    remove_half_made_backups(primary)
    remove_half_restored(primary, book.replacing.source if book.replacing else None)
    if book.replacing is None:
        reopen(primary)


def told_name(folder: Path) -> str:
    """`replaced-...`, as a person names it."""
    return folder.name.partition(".")[2]


async def _until_archiving(primary: Server, passwords: DatabaseSecrets) -> None:
    """The server has taken the setting. Raises StateError for one that was started by a version that knew none."""
    wanted = archive_command(primary, archive_of(primary))
    connection = await asking(primary, passwords)
    until = time.monotonic() + ARCHIVES_WITHIN_S
    try:
        while await connection.fetchval("SHOW archive_command", timeout=5) != wanted:
            if time.monotonic() > until:
                raise _not_archiving()
            await asyncio.sleep(POLL_S)
        if await connection.fetchval("SHOW archive_mode", timeout=5) != "always":
            raise _not_archiving()
    finally:
        connection.terminate()


def _not_archiving() -> StateError:
    return StateError(
        "the database does not archive its log", where="database", try_="Run `evenly down`, then `evenly up`."
    )


def _changed_at(folder: Path) -> str:
    return timestamp(datetime.fromtimestamp(folder.stat().st_ctime, UTC))
