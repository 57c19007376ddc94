"""Makes a data folder with initdb, so that it is there whole or not at all, and never touches one with data.

initdb works in a folder of its own beside the final place; what it synced to disk is then renamed. A
half-made one held no data, so it is removed at the next start.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import subprocess
from enum import StrEnum
from pathlib import Path

from evenly.errors import StateError, TargetError
from evenly.local.postgres.copying import sync_folder
from evenly.local.postgres.credentials import SUPERUSER, DatabaseSecrets
from evenly.local.postgres.processes import child_environment
from evenly.local.postgres.scram import SALT_BYTES, verifier
from evenly.local.postgres.server import Server
from evenly.local.privileges import process_options

INITDB_TIMEOUT = 120.0  # seconds; it takes about one


class DataState(StrEnum):
    """What the data folder is: not there yet, or a database of the version that is wanted."""

    MISSING = "missing"
    READY = "ready"


def inspect(server: Server) -> DataState:
    """Looks at the data folder, changing nothing.

    Raises StateError where it holds something else than this version's data, or where the data is in
    another version's folder.
    """
    data = server.data
    if not data.exists():
        _check_no_other_version(server)
        return DataState.MISSING
    found = _version_in(data)
    if found is None:
        raise _not_a_database(data)
    if found != str(server.binaries.version):
        raise _other_version(data, found, server.binaries.version)
    return DataState.READY


async def initialise(server: Server, passwords: DatabaseSecrets) -> bool:
    """Makes the data folder if there is none; returns whether it did. The folders around it must exist.

    Raises StateError as `inspect` does, TargetError where initdb fails, with its last words.
    """
    if inspect(server) is DataState.READY:
        return False
    check_has_name(os.geteuid())
    remove_half_made(server)
    await asyncio.to_thread(make_data, server, passwords)
    return True


def check_has_name(uid: int) -> None:
    """Raises TargetError for a user id without a name, as containers hand them out: initdb refuses it."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise TargetError(
            f"PostgreSQL needs a user with a name, and user id {uid} has none.",
            where="this machine",
            try_="Run evenly as a user of /etc/passwd, or add this one to it.",
        ) from None


def remove_half_made(server: Server) -> None:
    """Removes what an initdb left that was killed."""
    for left in server.data.parent.glob(f"{server.data.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)


def make_data(server: Server, passwords: DatabaseSecrets) -> None:
    """Whole, or not at all. Raises TargetError."""
    beside = server.data.with_name(f"{server.data.name}.new-{secrets.token_hex(4)}")
    beside.mkdir(mode=0o700)
    try:
        if server.account:
            os.chown(beside, server.account.uid, server.account.gid, follow_symlinks=False)
        _run_initdb(server, beside, passwords)
        beside.rename(server.data)
        sync_folder(server.data.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _run_initdb(server: Server, folder: Path, passwords: DatabaseSecrets) -> None:
    """The password goes through a pipe, as a verifier: never by argument, never on disk."""
    reader = _filled_pipe(server, verifier(passwords.superuser, os.urandom(SALT_BYTES)) + "\n")
    try:
        done = subprocess.run(
            _arguments(server, folder, f"/dev/fd/{reader}"),
            env=child_environment(server),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(reader,),
            timeout=INITDB_TIMEOUT,
            check=False,
            **process_options(server.account),
        )
    except subprocess.TimeoutExpired as late:
        raise _failed(server, late.output or b"it did not finish") from late
    finally:
        os.close(reader)
    if done.returncode:
        raise _failed(server, done.stdout)


def _filled_pipe(server: Server, text: str) -> int:
    reader, writer = os.pipe()
    if server.account:  # it is opened once more by its name, with the account's rights
        os.fchown(reader, server.account.uid, server.account.gid)
    os.write(writer, text.encode("ascii"))
    os.close(writer)
    return reader


def _arguments(server: Server, folder: Path, password_file: str) -> tuple[str, ...]:
    return (
        str(server.binaries.initdb),
        f"--pgdata={folder}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--data-checksums",
        "--no-instructions",
        *_locale(server.binaries.version),
    )


def _locale(version: int) -> tuple[str, ...]:
    if version < 17:  # the builtin provider came with 17
        return ("--locale=C",)
    return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def _version_in(data: Path) -> str | None:
    try:
        return (data / "PG_VERSION").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _check_no_other_version(server: Server) -> None:
    """A changed version in the manifest must not look as if the data were gone."""
    wanted = server.binaries.version
    folders = server.data.parent.iterdir() if server.data.parent.is_dir() else ()
    others = sorted(each for each in folders if each.name.isdigit() and _version_in(each))
    if others:
        raise _elsewhere(others[-1], wanted)


def _elsewhere(other: Path, wanted: int) -> StateError:
    return StateError(
        f"This environment's data is PostgreSQL {other.name}'s, and the manifest asks for {wanted}.",
        where=str(other),
        try_=f"Set `database: {{version: {other.name}}}` to keep it, or move that folder away to start empty.",
    )


def _not_a_database(data: Path) -> StateError:
    return StateError(
        "This folder should hold the database and does not: its PG_VERSION is missing. It was left as it is.",
        where=str(data),
        try_="Put back what belongs there, or move the folder away to start with an empty database.",
    )


def _other_version(data: Path, found: str, wanted: int) -> StateError:
    return StateError(
        f"This folder holds data of PostgreSQL {found}, not {wanted}. It was left as it is.",
        where=str(data),
        try_=f"Move it to {data.with_name(found)} and set `database: {{version: {found}}}`.",
    )


def _failed(server: Server, output: bytes) -> TargetError:
    said = output.decode(errors="replace").strip().splitlines()[-3:]
    return TargetError(
        "PostgreSQL could not make its data folder: " + " ".join(said),
        where=str(server.data),
        try_="Is the disk full, or the folder not writable?",
    )
