"""Backups of a database: taken from the running primary, verified, listed, and removed when they have had their time.
Touches the folder of the backups, and starts PostgreSQL's own programs; whoever calls holds the lock of the backups.
"""

import asyncio
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from evenly.core.backups import (
    Backup,
    Era,
    Line,
    Present,
    Shelf,
    broken_off,
    expired_backups,
    expired_eras,
    expired_segments,
    is_segment,
    parents,
    position,
)
from evenly.core.secret import Secret
from evenly.errors import TargetError
from evenly.local import state
from evenly.local.postgres.archiving import (
    Store,
    begin_archive,
    make_owned,
    stop_archive,
    store_of,
    system_of,
    timeline_in,
    waiting_segments,
)
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.credentials import DatabaseSecrets
from evenly.local.postgres.manifests import Manifest, checked
from evenly.local.postgres.processes import child_environment
from evenly.local.postgres.replication import copied_by, ensure_replicator, write_password
from evenly.local.postgres.server import Server
from evenly.local.privileges import process_options

VERSION = 1
HALF_MADE = ".new-"
ROLE = "database-backup"
LEFT_BESIDE_S = 600.0  # what the archiver writes beside, and never finished
SAID_LINES = 3


class Asked(Struct, frozen=True):
    """What is written of a backup beside what is found of it. `marks`: variables that its programs are found by."""

    release: int
    by: str
    marks: Mapping[str, str]


def take_backup(primary: Server, passwords: DatabaseSecrets, replication: Secret, asked: Asked) -> Backup:
    """Copy all data of the running `primary`, and verify the copy. There whole, or not at all.

    Raises TargetError when PostgreSQL refuses, with its last words, and what asyncpg raises.
    """
    begin_archive(primary)
    write_password(primary, replication)
    asyncio.run(ensure_replicator(primary, passwords, replication))
    system = system_of(primary.data) or ""
    base = store_of(primary).base(system)
    beside = base / f"{HALF_MADE}{secrets.token_hex(4)}"
    beside.mkdir(mode=0o711 if primary.account else 0o700)
    try:
        make_owned(beside / "data", primary.account)
        _copy(primary, beside / "data", asked)
        manifest = checked(beside / "data")
        found = _described(manifest, system, _free_name(base), asked)
        _run(primary, "pg_waldump", _log_of(beside / "data", found), asked)
        state.write(beside / "backup.json", found, VERSION, 0o644)
        sync_folder(beside)
        beside.rename(base / found.name)
        sync_folder(base)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return found


def read_shelf(server: Server) -> Shelf:
    """All that there is to restore from. `server`: the primary."""
    store = store_of(server)
    systems = store.systems()
    present = system_of(server.data)
    here = {present: server.data / "pg_wal"} if present else {}
    return Shelf(
        backups=tuple(found for system in systems for found in _backups(store.base(system))),
        eras=read_eras(store),
        present=Present(present, timeline_in(server.data)) if present else None,
        lines={it: _line(store.wal(it), here.get(it)) for it in systems},
    )


def has_begun(server: Server) -> bool:
    """Whether there are backups, be they of another major version."""
    return any(server.data.parent.glob("*.backups/*/base/[!.]*/backup.json"))


def break_off(server: Server) -> None:
    """Give up archiving `server`'s log. What was archived can be restored to; what comes needs a new backup."""
    waiting, shelf = waiting_segments(server.data), read_shelf(server)
    system = system_of(server.data)
    if not waiting or system is None:
        return
    archived = [it.stat().st_mtime for it in store_of(server).wal(system).iterdir() if is_segment(it.name)]
    era = broken_off(shelf, waiting[0][0], archived)
    if era is not None:
        add_era(store_of(server), era)
        stop_archive(server)


def read_eras(store: Store) -> tuple[Era, ...]:
    return state.read(store.eras, tuple[Era, ...], VERSION) or ()


def add_era(store: Store, era: Era) -> None:
    """Durably. Nothing where there is no backup that it could be of use to."""
    if store.root.is_dir():
        state.write(store.eras, (*read_eras(store), era), VERSION, 0o644)
        sync_folder(store.root)


def remove_expired(server: Server) -> None:
    """Remove the backups and the log that are kept no longer. The backups first: those that stay need their log."""
    store, shelf = store_of(server), read_shelf(server)
    for it in expired_backups(shelf):
        _remove(store.base(it.system) / it.name)
    kept = read_shelf(server)
    for system in store.systems():
        for name in expired_segments(kept, system):
            (store.wal(system) / name).unlink(missing_ok=True)
        _remove_left(store.wal(system))
    if gone := expired_eras(kept):
        state.write(store.eras, tuple(it for it in kept.eras if it not in gone), VERSION, 0o644)


def remove_half_made_backups(server: Server) -> None:
    for left in store_of(server).root.glob(f"*/base/{HALF_MADE}*"):
        shutil.rmtree(left, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Out of sight in one step, so that no half of a backup is ever taken for one."""
    gone = folder.with_name(f"{HALF_MADE}{folder.name}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _remove_left(wal: Path) -> None:
    """What an archiver left that was killed, ends of timelines, labels of backups: no restore needs them."""
    for it in (*wal.glob(".*"), *wal.glob("*.partial"), *wal.glob("*.backup")):
        if time.time() - it.stat().st_mtime > LEFT_BESIDE_S:
            it.unlink(missing_ok=True)


def _copy(primary: Server, to: Path, asked: Asked) -> None:
    words = (*copied_by(primary, to), "--manifest-checksums=SHA256")
    _run(primary, "pg_basebackup", words, asked)


def _run(server: Server, program: str, words: Sequence[str], asked: Asked) -> None:
    password = {"PGPASSFILE": str(server.replication_password)}
    done = subprocess.run(
        (str(server.binaries.install / "bin" / program), *words),
        env={**child_environment(server), **password, **asked.marks},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **process_options(server.account),
    )
    if done.returncode:
        said = " ".join(done.stdout.decode(errors="replace").strip().splitlines()[-SAID_LINES:])
        raise TargetError(
            f"the backup was not made: {said or f'{program} ended with code {done.returncode}'}",
            where=program,
            try_="Is the disk full? What there was before is as it was.",
        )


def _log_of(data: Path, found: Backup) -> tuple[str, ...]:
    """Reads the log that makes the copy whole, from its start to its end."""
    ends = [
        f"--{name}={it >> 32:X}/{it & 0xFFFFFFFF:X}"
        for name, it in (("start", found.start), ("end", found.end))
    ]
    return ("--quiet", f"--path={data / 'pg_wal'}", f"--timeline={found.timeline}", *ends)


def _described(manifest: Manifest, system: str, name: str, asked: Asked) -> Backup:
    ranges = manifest.ranges
    return Backup(
        name=name,
        system=system,
        timeline=ranges[-1].timeline,
        start=position(ranges[0].start),
        end=position(ranges[-1].end),
        taken_at=time.time(),
        size_bytes=sum(it.size for it in manifest.files),
        release=asked.release,
        by=asked.by,
    )


def _free_name(base: Path) -> str:
    """By its time, as UTC; two within one second are told apart."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    taken = (name, *(f"{name}-{number}" for number in range(2, 1000)))
    return next(it for it in taken if not (base / it).exists())


def _backups(base: Path) -> list[Backup]:
    found = (state.read(it, Backup, VERSION) for it in sorted(base.glob("[!.]*/backup.json")))
    return [it for it in found if it is not None]


def _line(wal: Path, live: Path | None) -> Line:
    """`live`: what has not been archived yet, or was a moment ago."""
    folders = (wal, live) if live else (wal,)
    files = {name: folder for folder in folders for name in _names(folder)}
    histories = {
        int(name[:8], 16): parents((files[name] / name).read_text("utf-8", errors="replace"))
        for name in files
        if name.endswith(".history")
    }
    return Line(histories, _segments(wal), _segments(live) if live else frozenset())


def _segments(folder: Path) -> frozenset[str]:
    return frozenset(it for it in _names(folder) if is_segment(it))


def _names(folder: Path) -> list[str]:
    return [it.name for it in folder.iterdir()] if folder.is_dir() else []
