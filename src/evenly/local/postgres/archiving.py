"""Where a database's backups and its archived log are, and the command by which PostgreSQL archives. Makes these
folders; reads the data folders of servers, running or not.

    18.backups/                   of all that were ever made here, whatever became of the data
        eras.json                 when the data was replaced, or its log broke off
        7412345678901234567/      the number of the database
            wal/                  its log; there as soon as it is archived, which is what switches archiving on
            stopped               there where archiving was given up
            base/NAME/            a backup: data/ and backup.json
"""

import contextlib
import os
import struct
from pathlib import Path

from msgspec import Struct

from evenly.core.backups import is_segment, timeline_of
from evenly.errors import StateError
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.server import Server
from evenly.local.privileges import Account

SCRIPT = "archive.sh"
SHUT_DOWN = 1  # DB_SHUTDOWNED in PostgreSQL's pg_control.h

# Writes beside, makes it durable, and gives it its name only if nobody has it: `ln` refuses where `mv` would replace.
# Both members archive: what is there already with the same content is done. The last, part-filled segment of a timeline
# that was left comes with `.partial`, no restore needs it, and a later one may differ.
ARCHIVER = """\
# Written by evenly at each start: changes here are lost.
set -eu
folder=$1 from=$2 name=$3
to=$folder/$name new=$folder/.$name.$$
trap 'rm -f "$new"' EXIT
case $name in *.partial) rm -f "$to" ;; esac
if [ ! -e "$to" ]; then
    cp "$from" "$new"
    sync "$new"
    ln "$new" "$to" 2>/dev/null || true
fi
if ! cmp -s "$from" "$to"; then
    echo "$name is in the archive already, with another content" >&2
    exit 1
fi
sync "$folder"
"""


class Store(Struct, frozen=True):
    """The folder of all backups of one version's databases. `account`: whom PostgreSQL runs as."""

    root: Path
    account: Account | None

    @property
    def eras(self) -> Path:
        return self.root / "eras.json"

    def wal(self, system: str) -> Path:
        return self.root / system / "wal"

    def stopped(self, system: str) -> Path:
        return self.root / system / "stopped"

    def base(self, system: str) -> Path:
        return self.root / system / "base"

    def systems(self) -> tuple[str, ...]:
        return tuple(sorted(it.parent.name for it in self.root.glob("*/base")))


def store_of(server: Server) -> Store:
    folder = server.data.parent / f"{server.binaries.version}.backups"
    return Store(folder, server.account)


def archive_of(server: Server) -> Path | None:
    """Where the log of `server`'s data is archived; `None` while it is not."""
    store, system = store_of(server), system_of(server.data)
    if system is None or store.stopped(system).exists():
        return None
    return store.wal(system) if store.wal(system).is_dir() else None


def is_stopped(server: Server) -> bool:
    """Whether its archiving was given up."""
    system = system_of(server.data)
    return system is not None and store_of(server).stopped(system).exists()


def stop_archive(server: Server) -> None:
    """Archive no longer, until `begin_archive`. The running server has to be told."""
    if system := system_of(server.data):
        store_of(server).stopped(system).touch(mode=0o644)
        sync_folder(store_of(server).root / system)


def begin_archive(server: Server) -> None:
    """Make the folders of a database that has data. The running server has to be told. Raises StateError."""
    store, system = store_of(server), system_of(server.data)
    if system is None:
        raise StateError("there is no database to back up", where=str(server.data), try_="Run `evenly up`.")
    for folder in (store.root, store.root / system, store.base(system)):
        folder.mkdir(mode=0o711 if server.account else 0o700, exist_ok=True)
    if not store.wal(system).is_dir():
        make_owned(store.wal(system), server.account)
    store.stopped(system).unlink(missing_ok=True)
    sync_folder(store.root / system)


def make_owned(folder: Path, account: Account | None) -> None:
    """A folder for PostgreSQL's account alone."""
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def system_of(data: Path) -> str | None:
    """The number of the database in `data`, the first field of PostgreSQL's control file; `None` without data."""
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            return str(struct.unpack("=Q", file.read(8))[0])
    except (OSError, struct.error):
        return None


def is_complete(data: Path) -> bool:
    """Whether the log of `data`, which nobody uses, is in the archive to the last: its server ended in order, and none
    waits. The state is the fourth field of PostgreSQL's control file."""
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            ended = struct.unpack("=QIIi", file.read(20))[3] == SHUT_DOWN
    except (OSError, struct.error):
        return False
    return ended and not waiting_segments(data)


def timeline_in(data: Path) -> int:
    """The timeline that `data` is on: what it writes its log to. 1 where nothing is known."""
    return max((timeline_of(it.name) for it in (data / "pg_wal").glob("*") if is_segment(it.name)), default=1)


def waiting_segments(data: Path) -> tuple[tuple[str, float], ...]:
    """The files of the log that are still to be archived, in order, each with the time since when."""
    found = []
    for it in (data / "pg_wal" / "archive_status").glob("*.ready"):
        with contextlib.suppress(FileNotFoundError):  # archived meanwhile
            found.append((it.stem, it.stat().st_mtime))
    return tuple(sorted(it for it in found if is_segment(it[0])))
