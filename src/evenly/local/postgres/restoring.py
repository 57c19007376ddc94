"""Makes a database's data again from a backup and the archived log, beside the data that is in use, and puts it in its
place. While it is made, nothing that runs is touched; the place is taken by two renames that can be gone on with."""

import asyncio
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from evenly.core.backups import Era, Target
from evenly.core.failover import Replacement
from evenly.errors import StateError, TargetError
from evenly.local import processes
from evenly.local.postgres.archiving import (
    ARCHIVER,
    SCRIPT,
    Store,
    is_complete,
    make_owned,
    store_of,
    system_of,
    timeline_in,
)
from evenly.local.postgres.backups import add_era
from evenly.local.postgres.configuration import render_configuration, render_hba
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.credentials import SUPERUSER, DatabaseSecrets
from evenly.local.postgres.processes import STOP_FAST, child_environment, command
from evenly.local.postgres.readiness import (
    MAINTENANCE_DATABASE,
    Readiness,
    connect,
    start_failure,
    wait_ready,
)
from evenly.local.postgres.recovery import reset_superuser
from evenly.local.postgres.replication import put_mark
from evenly.local.postgres.server import Server, make_folders
from evenly.local.privileges import process_options
from evenly.local.state import write_bytes

RECOVERY_MARK = (
    "recovery.signal"  # PostgreSQL's: data with it is brought to its target, and then takes writes
)
LOOK_S = 1.0
STOP_S = 60.0
LOG_TAIL = 20
_NOT_REACHED = "recovery ended before configured recovery target was reached"

_RECOVERY = """
# Read once, to bring a backup to its target. What it writes then is archived; what it reads was.
archive_mode = on
hot_standby = off
restore_command = '{command}'
recovery_target_timeline = '{timeline}'
recovery_target_action = 'promote'
"""


class EndedBeforeError(StateError):
    """The log ended before the moment that was asked for."""


def beside_of(server: Server, folder: str, sockets: Path) -> Server:
    """A server of its own on the data in `folder`, beside `server`'s. `sockets`: the folder of its socket."""
    return replace(server, data=server.data.with_name(folder), sockets=sockets, link=sockets, peer=None)


def lay_out(server: Server, target: Target, primary: Server) -> None:
    """Make the data of `server` from the backup, with all that it needs to reach the target. `primary`: whose log may
    not be archived to the last."""
    store = store_of(primary)
    system = target.backup.system
    make_folders(server)
    make_owned(server.data, server.account)
    _copy(store.base(system) / target.backup.name / "data", server)
    live = primary.data / "pg_wal" if system_of(primary.data) == system else None
    text = render_configuration(server, archive=store.wal(system))
    write_bytes(server.configuration, (text + _recovery(target, store, live)).encode(), 0o644)
    write_bytes(server.hba, render_hba(server).encode(), 0o644)
    write_bytes(server.settings / SCRIPT, ARCHIVER.encode(), 0o644)
    put_mark(server.data, RECOVERY_MARK, server)


async def bring_to_target(
    server: Server, passwords: DatabaseSecrets, log: Path, marks: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start `server`, wait until it has reached its target and takes writes. The process, to be ended with `finish`.

    Raises EndedBeforeError, TargetError where PostgreSQL gives up, with its last words.
    """
    process = _start(server, log, marks)
    try:
        ready = await _until_ready(server, passwords, process, log)
        if ready is Readiness.REFUSED:  # a password of its time
            await finish(process)
            await reset_superuser(server, passwords)
            process = _start(server, log, marks)
            await _until_ready(server, passwords, process, log)
    except BaseException:
        end(process)
        raise
    return process


async def finish(process: "subprocess.Popen[bytes]") -> None:
    """End a server in order: all that it wrote is archived."""
    process.send_signal(STOP_FAST)
    await asyncio.to_thread(process.wait, STOP_S)


def end(process: "subprocess.Popen[bytes]") -> None:
    """At once."""
    reference = processes.reference(process.pid)
    if process.poll() is None and reference:
        processes.send(reference, signal.SIGKILL)
    process.wait()


async def mark_now(server: Server, passwords: DatabaseSecrets) -> None:
    """A commit, so that a moment before it is seen to be over in the log; and the log up to it in whole files."""
    connection = await connect(server, SUPERUSER, passwords.superuser, MAINTENANCE_DATABASE, 5.0)
    try:
        await connection.execute("SELECT pg_catalog.pg_current_xact_id()", timeout=5.0)
        await connection.execute("SELECT pg_catalog.pg_switch_wal()", timeout=5.0)
    finally:
        connection.terminate()


def put_in_place(server: Server, replacement: Replacement, until: float, to: Server | None = None) -> None:
    """Replace the data of `server`, which nobody uses, by the source, and keep it. Done once more, it goes on where it
    was. `until`: when the old data took its last write. `to`: whose data the source becomes, where that is of another
    version."""
    to = to or server
    source, kept = (server.data.with_name(it) for it in (replacement.source, replacement.kept))
    if source.exists():
        if server.data.exists():
            _end_era(server, {store_of(server), store_of(to)}, until)
            server.data.rename(kept)
            sync_folder(server.data.parent)
        if to.data.exists():  # a standby's, of the time before the last change of version
            shutil.rmtree(to.data)
        source.rename(to.data)
    sync_folder(server.data.parent)


def _end_era(server: Server, stores: Iterable[Store], until: float) -> None:
    system = system_of(server.data)
    if system is None:
        return
    era = Era(until, system, timeline_in(server.data), whole=is_complete(server.data))
    for it in stores:
        add_era(it, era)


def replaced_folders(server: Server) -> tuple[Path, ...]:
    """Data that was replaced, and kept; the oldest first."""
    found = server.data.parent.glob(f"{server.binaries.version}.replaced-*")
    return tuple(sorted(it for it in found if it.is_dir()))


def restored_name(server: Server, token: str) -> str:
    return f"{server.binaries.version}.restored-{token}"


def upgraded_name(version: int | str, token: str) -> str:
    return f"{version}.upgraded-{token}"


def replaced_name(server: Server, token: str) -> str:
    return f"{server.binaries.version}.replaced-{token}"


def remove_half_restored(server: Server, spared: str | None) -> None:
    """What a restore left that was broken off. `spared`: a folder that is to take its place."""
    for pattern in (restored_name(server, "*"), upgraded_name("*", "*")):
        for left in server.data.parent.glob(pattern):
            if left.name != spared:
                shutil.rmtree(left, ignore_errors=True)


def _copy(data: Path, to: Server) -> None:
    """As the account, whose files they are. PostgreSQL syncs them when it starts with a backup."""
    done = subprocess.run(
        ("cp", "-Rp", f"{data}/.", str(to.data)),
        env=child_environment(to),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **process_options(to.account),
    )
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
        raise TargetError(
            f"the backup could not be copied: {said}",
            where=str(data),
            try_="Is the disk full? The database is as it was.",
        )


def _recovery(target: Target, store: Store, live: Path | None) -> str:
    text = _RECOVERY.format(
        command="".join(_looks(store.wal(target.backup.system), live))
        .replace("\\", "\\\\")
        .replace("'", "''"),
        timeline=target.timeline,
    )
    if target.at_once:
        return f"{text}recovery_target = 'immediate'\n"
    if target.moment is None:
        return text
    return f"{text}recovery_target_time = '{datetime.fromtimestamp(target.moment, UTC).isoformat(sep=' ')}'\n"


def _looks(archive: Path, live: Path | None) -> Iterator[str]:
    for folder in (archive, live) if live else (archive,):
        place = shlex.quote(str(folder).replace("%", "%%"))
        yield f'test -f {place}/"%f" && exec cp {place}/"%f" "%p"; '
    yield "exit 1"


def _start(server: Server, log: Path, marks: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    started = command(server)
    wanted = processes.Command(
        argv=started.argv,
        environment={**started.environment, **marks},
        folder=Path("/"),
        log=log,
        account=started.account,
    )
    return processes.spawn(wanted)[1]


async def _until_ready(
    server: Server, passwords: DatabaseSecrets, process: "subprocess.Popen[bytes]", log: Path
) -> Readiness:
    while process.poll() is None:
        found = await wait_ready(server, passwords.superuser, LOOK_S)
        if found is not Readiness.STARTING:
            return found
    raise _gave_up(log)


def _gave_up(log: Path) -> StateError | TargetError:
    from evenly.local.waiting import tail

    why = start_failure("\n".join(tail(log, LOG_TAIL))).what
    if _NOT_REACHED in why:
        return EndedBeforeError("the log ends before that time", where=str(log))
    return TargetError(
        f"PostgreSQL could not restore it: {why}", where=str(log), try_="The database is as it was."
    )
