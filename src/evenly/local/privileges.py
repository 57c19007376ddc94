"""The unprivileged account that PostgreSQL runs as when we are root, and what that account can reach.

Reads the user database and file modes; changes nothing.
"""

import os
import pwd
import stat
from pathlib import Path
from typing import TypedDict

from msgspec import Struct

from evenly.errors import TargetError

UNPRIVILEGED = "nobody"


class Account(Struct, frozen=True):
    """A user of this machine, with its primary group and no other."""

    name: str
    uid: int
    gid: int


class ProcessOptions(TypedDict, total=False):
    """What `subprocess` needs in order to start a program as an account."""

    user: int
    group: int
    extra_groups: list[int]


def account(euid: int) -> Account | None:
    """Whom PostgreSQL runs as: `None` for ourselves, or, for root, `nobody` (PostgreSQL refuses root).

    Raises TargetError where root has no `nobody` to hand over to.
    """
    if euid != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise _no_account() from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def process_options(account: Account | None) -> ProcessOptions:
    """Keyword arguments for `subprocess`; empty when the program runs as ourselves."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def reaches(account: Account, path: Path) -> bool:
    """Whether `account` can read `path` (absolute; a folder: also enter it) through all of its parents.

    Decided by owner and mode alone; access lists are not asked.
    """
    return _passes(account, _above(path)) and _may_use(account, path.resolve())


def enters(account: Account, folder: Path) -> bool:
    """Whether `account` can pass through `folder` (absolute) and all of its parents."""
    return _passes(account, {folder.resolve(), *_above(folder)})


def _above(path: Path) -> set[Path]:
    """The parents of the path as it is written, and of where its links lead."""
    return {*path.parents, *path.resolve().parents}


def _passes(account: Account, folders: set[Path]) -> bool:
    return all(_may(account, each, 0o1) for each in folders)


def _may_use(account: Account, path: Path) -> bool:
    return _may(account, path, 0o5 if path.is_dir() else 0o4)


def _may(account: Account, path: Path, wanted: int) -> bool:
    try:
        found = os.stat(path)  # noqa: PTH116 (follows what resolve() has already followed)
    except OSError:
        return False
    return _permitted(account, found) & wanted == wanted


def _permitted(account: Account, found: os.stat_result) -> int:
    """The three permission bits that hold for `account`: the owner's, else the group's, else the others'."""
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid == account.uid:
        return mode >> 6 & 0o7
    return (mode >> 3 if found.st_gid == account.gid else mode) & 0o7


def _no_account() -> TargetError:
    return TargetError(
        f"PostgreSQL refuses to run as root, and this machine has no user `{UNPRIVILEGED}` to run it as.",
        where="this machine",
        try_="Run evenly as an ordinary user.",
    )
