"""One command in the surroundings of the release that runs: its folder, variables, secrets and database.

The command takes this process's place, so that terminal, pipes, signals and exit code are its own.
"""

import os
import secrets
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from evenly.core.status import EnvironmentStatus
from evenly.errors import StateError, UsageError
from evenly.local.environment import look
from evenly.local.inheritance import of_the_terminal
from evenly.local.releases import release_secrets
from evenly.local.settings import find_paths, read_release
from evenly.local.supervisor.database import database_of
from evenly.local.surroundings import Process, environment, surroundings

RUN_ROLE = "run"


class OneOff(Struct, frozen=True):
    """A command that is ready to take this process's place."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


def prepare(project: Path, argv: Sequence[str], *, as_owner: bool) -> OneOff:
    """`argv` in the running release's surroundings. `as_owner`: with the database role that may change the schema.

    Raises StateError when there is no environment, or its database is down.
    """
    status = look(project)
    _refuse_without_database(status)
    paths = find_paths(project)
    release = read_release(paths, status.release)
    values = release_secrets(paths, release)
    database = database_of(paths, release, values)
    if as_owner and database is None:
        raise UsageError(
            "there is no database: the manifest says null", where="--as-owner", try_="Leave it out."
        )
    around = surroundings(paths, release, values, database.variables(as_owner=as_owner) if database else {})
    process = Process(
        RUN_ROLE, f"r-{secrets.token_hex(9)[:17]}", status.zones[0].name, given=of_the_terminal()
    )
    return OneOff(tuple(argv), environment(around, process), around.folder)


def become(it: OneOff) -> NoReturn:
    """Be the command from now on. Raises UsageError when it can't be started."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # ignored by Python, and inherited if they stayed so
        signal.signal(number, signal.SIG_DFL)
    os.chdir(it.folder)
    try:
        os.execvpe(it.argv[0], it.argv, it.environment)  # noqa: S606  the user's own command
    except FileNotFoundError:
        raise UsageError(
            "there is no such program",
            where=it.argv[0],
            try_="Install it, or name its place in the app's folder.",
        ) from None
    except OSError as error:
        raise UsageError(f"it can't be started: {error.strerror}", where=it.argv[0]) from None


def _refuse_without_database(status: EnvironmentStatus) -> None:
    if status.database is not None and not status.database.works:
        raise StateError("the database is down", where=status.environment, try_="Run `evenly up --detach`.")
