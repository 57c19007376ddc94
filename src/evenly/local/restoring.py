"""Restores an environment's database: from a backup, to a moment, or to the data that the last restore replaced.

The data is made anew beside the database, on a server of its own that nobody else sees, while the service goes on. Only
then is the supervisor asked to put it in place, and has that in its book before it begins. So a restore that is broken
off before has changed nothing, and the next one clears away what it left; one that is broken off after is finished.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from evenly.core.backups import (
    Backup,
    Shelf,
    Target,
    missing_segment,
    ranges,
    target_at,
    target_last,
    target_of,
)
from evenly.core.failover import Book, Follower, Replacement
from evenly.errors import StateError, UsageError
from evenly.local import control
from evenly.local.backups import (
    RESTORE_ROLE,
    changing_backups,
    clear_left,
    known_database,
    refuse_other_version,
    told_name,
    told_of,
)
from evenly.local.control import AskStatus, NotRunningError, ReplaceData
from evenly.local.deploybook import read_book as read_deploys
from evenly.local.deploybook import under_way
from evenly.local.environment import command_lock, is_up
from evenly.local.paths import Paths
from evenly.local.postgres.backups import read_shelf
from evenly.local.postgres.replication import UNREACHABLE
from evenly.local.postgres.restoring import (
    EndedBeforeError,
    beside_of,
    bring_to_target,
    end,
    finish,
    lay_out,
    mark_now,
    put_in_place,
    replaced_folders,
    replaced_name,
    restored_name,
)
from evenly.local.postgres.server import Server
from evenly.local.processes import HOME_MARK, ROLE_MARK
from evenly.local.settings import make_runtime
from evenly.local.supervisor.database import Database
from evenly.local.versions import recorded_version

REPLACED_WITHIN_S = 120.0
POLL_S = 0.05
SOCKETS = "pgr"  # as short as those of the members

Tell = Callable[[str], None]


class Wanted(Struct, frozen=True):
    """What to restore: the backup or replaced data called `name`, the database as it was at `moment` (seconds since
    1970), or as it was last; the newest backup when none of them is said."""

    name: str | None = None
    moment: float | None = None
    last: bool = False


class Restored(Struct, frozen=True):
    """What a restore did. `kept`: the name by which what it replaced can be restored. `folder`: where that is.
    `migrations`: what was applied after it. `running`: whether the database serves it now, or with the next start.
    `followed`: whether there is to be a standby."""

    kept: str
    folder: Path
    migrations: tuple[str, ...]
    running: bool
    followed: bool


class Plan(Struct, frozen=True):
    """What will be restored: a target, or a folder of replaced data."""

    paths: Paths
    database: Database
    target: Target | None
    folder: Path | None


def plan_restore(project: Path, wanted: Wanted, told: Callable[[float], str]) -> Plan:
    """Looks, and changes nothing. `told`: how a time is written.

    Raises StateError where that can't be restored, with what can be.
    """
    paths, database = known_database(project)
    refuse_other_version(paths, database, wanted.name)
    primary = database.server(database.book().primary)
    folder = next((it for it in replaced_folders(primary) if told_name(it) == wanted.name), None)
    if folder is not None:
        return Plan(paths, database, None, folder)
    return Plan(paths, database, _target(read_shelf(primary), wanted, told), None)


def restore(plan: Plan, tell: Tell) -> Restored:
    """Do it. Raises StateError and TargetError when it can't be done; then the database is as it was."""
    paths, database = plan.paths, plan.database
    with command_lock(paths), changing_backups(paths):
        if current := read_deploys(paths).current:
            raise under_way(current)
        running = is_up(paths)
        settle(database, running)
        clear_left(paths, database)
        token = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        primary = database.opened()[0]
        kept = primary.data.with_name(replaced_name(primary, token))
        migrations: tuple[str, ...] = ()
        source = plan.folder
        if plan.target is not None:
            make_runtime(paths.runtime)
            with told_of("it was not restored"):
                source, migrations = asyncio.run(_make(plan, plan.target, token, tell))
        assert source is not None  # noqa: S101  a plan has one of the two
        tell("Taking its place")
        put(paths, database, Replacement(source.name, kept.name), running=running)
        for it in replaced_folders(primary):
            if it not in (kept, source):
                shutil.rmtree(it, ignore_errors=True)
        if not running:
            shutil.rmtree(paths.runtime, ignore_errors=True)
    return Restored(told_name(kept), kept, migrations, running, not database.alone)


def _target(shelf: Shelf, wanted: Wanted, told: Callable[[float], str]) -> Target:
    now = time.time()
    if not shelf.backups:
        raise StateError("there is no backup", where="database", try_="Make one: evenly database backup")
    if wanted.moment is not None:
        found = target_at(shelf, wanted.moment, now)
        if found is None:
            raise _out_of_range(shelf, wanted.moment, now, told)
        return found
    if wanted.last:
        last = target_last(shelf, now)
        if last is None:
            raise _out_of_range(shelf, now, now, told)
        return last
    return target_of(_named(shelf, wanted.name))


def _named(shelf: Shelf, name: str | None) -> Backup:
    if name is None:
        return max(shelf.backups, key=lambda it: it.taken_at)
    found = next((it for it in shelf.backups if it.name == name), None)
    if found is None:
        raise UsageError(
            f"there is no backup {name}", where="restore", try_="See which there are: evenly database backups"
        )
    return found


def _out_of_range(shelf: Shelf, moment: float, now: float, told: Callable[[float], str]) -> UsageError:
    spans = " and ".join(f"from {told(it.begins)} to {told(it.ends)}" for it in ranges(shelf, now))
    return UsageError(
        f"{told(moment)} can't be restored to. What can be: {spans or 'no time, only the backups themselves'}.",
        where="--to",
        try_="See the backups: evenly database backups",
    )


def finish_replacement(database: Database, book: Book, replacing: Replacement) -> None:
    """Put in place what the book speaks of, where nothing runs."""
    to = None if replacing.version is None else database.at_version(replacing.version).server(book.primary)
    put_in_place(database.server(book.primary), replacing, time.time(), to)
    database.change_book(book, Book(book.primary, Follower.NONE, book.generation + 1))


def settle(database: Database, running: bool) -> None:
    """Finish a restore that was broken off after it was written down, where no supervisor does."""
    book = database.book()
    if book.replacing is None:
        return
    if running:
        raise StateError(
            "a restore or an upgrade is being finished", where="database", try_="Wait, then try again."
        )
    finish_replacement(database, book, book.replacing)


async def _make(plan: Plan, target: Target, token: str, tell: Tell) -> tuple[Path, tuple[str, ...]]:
    """The folder with the data as it will be, and the migrations that were applied to it."""
    database = plan.database
    primary, passwords = database.opened()
    with contextlib.suppress(*UNREACHABLE):
        await mark_now(primary, passwords)
    _check_log(target, primary)
    server = beside_of(primary, restored_name(primary, token), plan.paths.runtime / SOCKETS)
    try:
        try:
            migrations = await _fill(plan, target, primary, server, tell)
        except EndedBeforeError:
            if not target.whole:
                raise
            shutil.rmtree(server.data)
            migrations = await _fill(plan, replace(target, moment=None), primary, server, tell)
    except BaseException:
        shutil.rmtree(server.data, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(server.settings, ignore_errors=True)
        shutil.rmtree(server.sockets, ignore_errors=True)
    return server.data, migrations


async def _fill(plan: Plan, target: Target, primary: Server, server: Server, tell: Tell) -> tuple[str, ...]:
    paths, passwords = plan.paths, plan.database.passwords()[0]
    tell(f"Copying backup {target.backup.name}")
    lay_out(server, target, primary)
    tell("Bringing it to its time, and to the schema of the release that runs")
    marks = {ROLE_MARK: RESTORE_ROLE, HOME_MARK: str(paths.home)}
    process = await bring_to_target(server, passwords, paths.logs / "restore.log", marks)
    try:
        migrations = await plan.database.prepare_at(server)
        await finish(process)
    finally:
        end(process)
    return migrations


def _check_log(target: Target, primary: Server) -> None:
    line = read_shelf(primary).lines[target.backup.system]
    missing = None if target.at_once else missing_segment(target, line)
    if missing is not None:
        raise StateError(
            f"the archived log lacks {missing}, which leads from backup {target.backup.name} to there",
            where="database",
            try_="Restore a later backup: evenly database backups",
        )


def put(paths: Paths, database: Database, replacement: Replacement, *, running: bool) -> None:
    """Have the supervisor put it in place, and wait until that serves; where none runs, write it down alone. Raises
    StateError when it is not done."""
    before = database.book()
    if not running:
        database.write_book(replace(before, replacing=replacement))
        return
    until = time.monotonic() + REPLACED_WITHIN_S
    while not _is_done(paths, database, before, replacement):
        if time.monotonic() > until:
            raise StateError(
                "the new data is still not in its place: the supervisor goes on with it",
                where="database",
                try_="See what happens: evenly status, evenly logs supervisor",
            )
        time.sleep(POLL_S)


def _is_done(paths: Paths, database: Database, before: Book, replacement: Replacement) -> bool:
    """Asks as often as needed: a supervisor that was killed before it wrote it down knows nothing of it."""
    book = database.book()
    if replacement.version is not None and replacement.version == recorded_version(paths):
        book = database.at_version(replacement.version).book()
    with contextlib.suppress(NotRunningError):
        if book.replacing is None and not _was_replaced(database, before, book, replacement):
            control.ask(paths.control_socket, ReplaceData(replacement))
        elif book.replacing is None:
            part = control.ask(paths.control_socket, AskStatus()).status.database
            return part is not None and part.works
    return False


def _was_replaced(database: Database, before: Book, book: Book, replacement: Replacement) -> bool:
    """Raises StateError where it was refused."""
    if database.server(before.primary).data.with_name(replacement.source).exists():
        return False
    if book.generation == before.generation:
        raise StateError(
            "the database was written to while it was to take no writes",
            where="database",
            try_="It is as it was. Find out who writes with transactions of its own mode, and try again.",
        )
    return True
