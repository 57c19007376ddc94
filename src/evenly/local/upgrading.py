"""Changes the major version of an environment's database, with the way back.

Writes are refused from then on; what is there is copied into a server of the new version, beside; then the supervisor
puts that in its place, as it does with what a restore made (0025). Reads go on until then. The old data is kept. Broken
off before the supervisor has it in its book, nothing has changed; after that, it is finished, by whoever comes.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from evenly.core.failover import MEMBERS, Replacement
from evenly.core.upgrades import Change, plan_change
from evenly.errors import StateError
from evenly.local import control
from evenly.local.backups import RESTORE_ROLE, changing_backups, clear_left, known_database, told_of
from evenly.local.control import NotRunningError
from evenly.local.deploybook import read_book as read_deploys
from evenly.local.deploybook import under_way
from evenly.local.environment import command_lock, is_up, see_held
from evenly.local.paths import Paths
from evenly.local.postgres import DatabaseSecrets, Server, make_folders, make_way, prepare
from evenly.local.postgres.closing import close, reopen, until_unwritten
from evenly.local.postgres.configuration import write_configuration
from evenly.local.postgres.restoring import (
    beside_of,
    bring_to_target,
    end,
    finish,
    replaced_name,
    upgraded_name,
)
from evenly.local.postgres.upgrading import copy_content, lay_new, take_over_settings
from evenly.local.processes import HOME_MARK, ROLE_MARK
from evenly.local.restoring import finish_replacement, put, settle
from evenly.local.settings import make_runtime
from evenly.local.supervisor.database import Database
from evenly.local.versions import data_version, is_broken_off, kept_data, record_version, recorded_version
from evenly.manifest.types import Manifest

LOG = "upgrade.log"

Tell = Callable[[str], None]


class Plan(Struct, frozen=True):
    """What will be done. `size_bytes`: of what is copied; `None` where nothing is."""

    paths: Paths
    database: Database
    change: Change
    running: bool
    size_bytes: int | None


class Upgraded(Struct, frozen=True):
    """What was done. `writes_waited_s`: for how long no writes were taken; `None` where nothing ran. `folder`: what was
    replaced."""

    change: Change
    writes_waited_s: float | None
    folder: Path
    running: bool
    followed: bool


def finish_broken_off(project: Path) -> int | None:
    """Finish an upgrade that was broken off while it put data in its place: the version that it led to, or `None`."""
    paths, database = known_database(project)
    if not is_broken_off(paths):
        return None
    with command_lock(paths), changing_backups(paths):
        if is_up(paths):
            see_held(paths)
        settle(database, is_up(paths))
        return database.version


def plan_upgrade(project: Path, manifest: Manifest, *, back: bool) -> Plan:
    """Looks, and changes nothing. Raises StateError and UsageError where there is nothing to change."""
    paths, database = known_database(project)
    wanted = manifest.database.version if manifest.database else 0
    data = data_version(paths, database.version)
    change = plan_change(data, wanted, kept_data(paths), back=back)
    database = database.at_version(change.before)
    _check_room(paths, database.at_version(change.after).server(MEMBERS[0]).data)
    primary = database.opened()[0]
    size = None if change.kept else sum(it.stat().st_size for it in (primary.data / "base").glob("*/*"))
    return Plan(paths, database, change, is_up(paths), size)


def upgrade(plan: Plan, tell: Tell) -> Upgraded:
    """Do it. Raises StateError and TargetError when it can't be done; then the database is as it was."""
    paths, database, change = plan.paths, plan.database, plan.change
    with command_lock(paths), changing_backups(paths):
        if current := read_deploys(paths).current:
            raise under_way(current)
        running = is_up(paths)
        settle(database, running)
        clear_left(paths, database)
        record_version(paths, change.before)
        token = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        primary = database.opened()[0]
        kept = primary.data.with_name(replaced_name(primary, token))
        if change.kept is not None:
            replacement = Replacement(change.kept.name, kept.name, change.after)
            began = _take_place(paths, database, replacement, tell, running=running)
        else:
            began = _make_and_put(plan, token, kept.name, tell, running=running)
        waited = time.monotonic() - began
        for it in kept_data(paths):
            if it.name != kept.name:
                shutil.rmtree(kept.with_name(it.name), ignore_errors=True)
        if not running:
            shutil.rmtree(paths.runtime, ignore_errors=True)
    return Upgraded(change, waited if running else None, kept, running, not database.alone)


def _make_and_put(plan: Plan, token: str, kept: str, tell: Tell, *, running: bool) -> float:
    """When writes were stopped (monotonic)."""
    paths, database = plan.paths, plan.database
    make_runtime(paths.runtime)
    wanted = database.at_version(plan.change.after).server(database.book().primary)
    new = beside_of(wanted, upgraded_name(plan.change.after, token), paths.runtime / "pgr")
    try:
        with told_of("it was not upgraded"):
            tell(f"Making data of PostgreSQL {plan.change.after}")
            lay_new(new, database.passwords()[0])
            since, began = asyncio.run(_fill(paths, database, new, tell, running=running))
            _take_place(
                paths,
                database,
                Replacement(new.data.name, kept, plan.change.after, since),
                tell,
                running=running,
            )
    except BaseException:
        if not is_broken_off(paths):
            shutil.rmtree(new.data, ignore_errors=True)
            _reopen(paths, database)
        raise
    finally:
        shutil.rmtree(new.settings, ignore_errors=True)
        shutil.rmtree(new.sockets, ignore_errors=True)
    return began


def _check_room(paths: Paths, place: Path) -> None:
    """What an upgrade left of a version it may replace; what there was before the first is somebody's."""
    if recorded_version(paths) is None and place.exists():
        raise StateError(
            "there is data of that version already",
            where=str(place),
            try_="Move the folder away. What is in it is not in the database that runs.",
        )


async def _fill(
    paths: Paths, database: Database, new: Server, tell: Tell, *, running: bool
) -> tuple[int | None, float]:
    """Copies all there is; what the old data's next transaction has to be in the end, and since when no writes are
    taken (monotonic)."""
    passwords, log = database.passwords()[0], paths.logs / LOG
    marks = {ROLE_MARK: RESTORE_ROLE, HOME_MARK: str(paths.home)}
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(_served(new, passwords, log, marks))
        await prepare(new, passwords)
        old, since, began = database.opened()[0], None, time.monotonic()
        if running:
            close(old)
            control.ask(paths.control_socket, control.Configure())
            since = await until_unwritten(old, passwords)
        else:
            old = beside_of(old, old.data.name, paths.runtime / "pgo")
            await stack.enter_async_context(_served(old, passwords, log, marks))
        tell("Copying all that the database holds, while it takes no writes")
        await asyncio.to_thread(copy_content, old, new, passwords, log, marks)
        await take_over_settings(old, new, passwords)
        await prepare(new, passwords)
    return since, began


def _reopen(paths: Paths, database: Database) -> None:
    if database.server(MEMBERS[0]).closed.exists():
        reopen(database.server(MEMBERS[0]))
        with contextlib.suppress(NotRunningError):
            control.ask(paths.control_socket, control.Configure())


@contextlib.asynccontextmanager
async def _served(
    server: Server, passwords: DatabaseSecrets, log: Path, marks: dict[str, str]
) -> AsyncIterator[None]:
    """The server runs meanwhile, and ends in order."""
    make_folders(server)
    write_configuration(server)
    await make_way(server)
    process = await bring_to_target(server, passwords, log, marks)
    try:
        yield
        await finish(process)
    finally:
        end(process)


def _take_place(
    paths: Paths, database: Database, replacement: Replacement, tell: Tell, *, running: bool
) -> float:
    """When it began (monotonic)."""
    began = time.monotonic()
    tell("Taking its place")
    put(paths, database, replacement, running=running)
    if not running:
        finish_replacement(database, database.book(), replacement)
    return began
