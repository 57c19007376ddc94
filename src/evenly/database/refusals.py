"""Why a migration is refused: each reason in words, with where and what to try. Pure."""

from evenly.errors import StateError, UsageError

_DIGITS = 12


class MigrationFileError(UsageError):
    """A file that can't be a migration."""


class MigrationConflictError(StateError):
    """The files and what the database records contradict each other."""


class MigrationRefusedError(StateError):
    """PostgreSQL refused a migration. Nothing of it stayed, unless the message says otherwise."""


def bad_name(name: str) -> MigrationFileError:
    return MigrationFileError(
        "This is not the name of a migration: a number from 1, `_`, and letters, digits, `-` or `_`.",
        where=name,
        try_="Name it like 0001_greetings.sql, or move it out of the folder.",
    )


def same_number(one: str, other: str) -> MigrationFileError:
    return MigrationFileError(
        f"It has the same number as {one}.", where=other, try_="Give the newer one the next free number."
    )


def empty(name: str) -> MigrationFileError:
    return MigrationFileError(
        "There is no statement in it.", where=name, try_="Write one, or remove the file."
    )


def not_text(name: str, line: int) -> MigrationFileError:
    return MigrationFileError("It is not UTF-8 text.", where=f"{name}:{line}", try_="Save the file as UTF-8.")


def not_sql(name: str, line: int) -> MigrationFileError:
    return MigrationFileError(
        "A backslash begins a command of psql, and migrations are not run by psql.",
        where=f"{name}:{line}",
        try_="Write it as SQL: INSERT in place of \\copy and of COPY ... FROM stdin.",
    )


def transaction_control(name: str, line: int, word: str) -> MigrationFileError:
    return MigrationFileError(
        f"{word} is not for migrations: each runs in a transaction of its own already.",
        where=f"{name}:{line}",
        try_="Remove it. What can't run in a transaction goes into a file that begins with "
        "`-- evenly: no-transaction`.",
    )


def unknown_marker(name: str, line: int, word: str, near: bool) -> MigrationFileError:
    return MigrationFileError(
        f"`{word}` is nothing that evenly knows.",
        where=f"{name}:{line}",
        try_="Did you mean `-- evenly: no-transaction`?"
        if near
        else "The only marker is `-- evenly: no-transaction`.",
    )


def changed(name: str, applied: str, found: str) -> MigrationConflictError:
    return MigrationConflictError(
        f"It was applied and has changed since: sha256 {applied[:_DIGITS]} was applied, "
        f"{found[:_DIGITS]} is in the file.",
        where=name,
        try_="Put the file back as it was, and write the change as a new migration.",
    )


def missing(name: str) -> MigrationConflictError:
    return MigrationConflictError(
        "It was applied to this database, and its file is missing.",
        where=name,
        try_="Put the file back. Is an older release being started on newer data?",
    )


def out_of_order(name: str, last: int) -> MigrationConflictError:
    return MigrationConflictError(
        f"It was not applied, and number {last} was: run now, it would meet a schema it was not written for.",
        where=name,
        try_=f"Give it a number above {last}.",
    )


def interrupted(name: str) -> MigrationConflictError:
    return MigrationConflictError(
        "It was begun without a transaction and interrupted, so part of it may have stayed.",
        where=name,
        try_="Make it safe to run twice (for an index: DROP INDEX CONCURRENTLY IF EXISTS before the CREATE) "
        "and save it: a file that was edited is run again.",
    )


def busy(deadline: float) -> MigrationConflictError:
    return MigrationConflictError(
        f"Another run of migrations is still at work after {deadline:g} seconds.",
        where="the database",
        try_="Wait until it has finished and try again.",
    )
