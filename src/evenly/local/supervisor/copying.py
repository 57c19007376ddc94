"""Makes the standby's data: a copy of the primary's, taken while that serves; in its place whole or not at all."""

import asyncio
import shutil
import signal
from pathlib import Path

from evenly.errors import StateError
from evenly.local import postgres, processes
from evenly.local.postgres.replication import ensure_replicator, place_copy, prepare_copy, write_password
from evenly.local.processes import HOME_MARK, ROLE_MARK, Command
from evenly.local.supervisor.database import Database
from evenly.local.supervisor.ground import Ground
from evenly.local.waiting import tail

COPY_ROLE = "database-copy"
SAID_LINES = 2


async def copy_primary(database: Database, primary: str, to: str, ground: Ground) -> bool:
    """True when it is complete. Raises StateError when it failed, with the program's last words, and what asyncpg
    raises when the primary does not answer."""
    source, target = database.server(primary), database.server(to)
    passwords, replication = database.passwords()
    postgres.make_folders(target)
    write_password(target, replication)
    await ensure_replicator(source, passwords, replication)
    copying = prepare_copy(source, target)
    try:
        await _run(_command(copying.argv, dict(copying.environment), target, ground), ground)
        await asyncio.to_thread(place_copy, target, copying)
    finally:
        await asyncio.to_thread(shutil.rmtree, copying.beside, ignore_errors=True)
    return True


def _command(
    argv: tuple[str, ...], environment: dict[str, str], target: postgres.Server, ground: Ground
) -> Command:
    marks = {ROLE_MARK: COPY_ROLE, HOME_MARK: str(ground.paths.home)}
    return Command(
        argv=argv,
        environment={**environment, **marks},
        folder=Path("/"),
        log=ground.paths.logs / "database.log",
        account=target.account,
    )


async def _run(command: Command, ground: Ground) -> None:
    process, child = processes.spawn(command)
    try:
        await ground.watches.end_of(process, child)
    except asyncio.CancelledError:
        processes.send(process, signal.SIGKILL)
        raise
    if child.returncode:
        said = " ".join(tail(command.log, SAID_LINES))
        raise StateError(f"the primary's data could not be copied: {said}", where=str(command.log))
