"""Runs a seed, a file of SQL, on a PostgreSQL database: all of it in one transaction, or nothing. Any target's."""

from collections import Counter
from typing import Any

import asyncpg
from msgspec import Struct

from evenly.core.secret import Secret
from evenly.database.sql import Kind, Statement, line_of, statements, tokens
from evenly.errors import StateError, UsageError

LOCK_TIMEOUT_S = 10.0
_CONTROL = frozenset({"begin", "start", "commit", "end", "rollback", "abort"})
_COUNTED = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")


class Seed(Struct, frozen=True):
    """A file that can be run. `name`: how it is told of."""

    name: str
    sql: str
    statements: tuple[Statement, ...]


class Seeded(Struct, frozen=True):
    """What was done: how many statements, and the rows of each kind (`INSERT`, ...) that they changed."""

    statements: int
    rows: dict[str, int]


def read_seed(name: str, raw: bytes) -> Seed:
    """Raises UsageError, with the line, for what can't be a seed."""
    try:
        sql = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UsageError("it is not UTF-8 text", where=name, try_="Save the file as UTF-8.") from None
    if backslash := next((it for it in tokens(sql) if it.kind is Kind.BACKSLASH), None):
        raise UsageError(
            "a backslash begins a command of psql, and a seed is not run by psql",
            where=f"{name}:{line_of(sql, backslash.start)}",
            try_="Write INSERT in its place, or run it by: evenly database shell --as-owner < FILE",
        )
    found = statements(sql)
    if control := next((it for it in found if it.words and it.words[0] in _CONTROL), None):
        raise UsageError(
            f"{control.words[0].upper()} is not for seeds: a seed is one transaction already",
            where=f"{name}:{line_of(sql, control.start)}",
            try_="Remove it.",
        )
    if not found:
        raise UsageError("there is no statement in it", where=name, try_="Write one.")
    return Seed(name, sql, found)


async def run_seed(url: Secret, seed: Seed) -> Seeded:
    """Run `seed` as the role of `url`. Raises StateError, with the line, where PostgreSQL refuses a statement: then
    nothing of it stayed."""
    settings = {"application_name": "evenly seed", "lock_timeout": str(round(LOCK_TIMEOUT_S * 1000))}
    connection = await asyncpg.connect(url.reveal(), statement_cache_size=0, server_settings=settings)
    try:
        async with connection.transaction():
            tags = [await _execute(connection, seed, it) for it in seed.statements]
    finally:
        await connection.close()
    return Seeded(len(tags), _rows(tags))


async def _execute(connection: Any, seed: Seed, statement: Statement) -> str:
    try:
        tag: str = await connection.execute(seed.sql[statement.start : statement.stop])
    except asyncpg.PostgresError as error:
        at = statement.start + (int(error.position) - 1 if error.position else 0)
        raise StateError(
            f"PostgreSQL says: {error.message}. Nothing of the seed stayed.",
            where=f"{seed.name}:{line_of(seed.sql, at)}",
            try_=f"{error.hint or ''} Correct the file and run it again.".strip(),
        ) from error
    return tag


def _rows(tags: list[str]) -> dict[str, int]:
    """From PostgreSQL's own words for what each did: `INSERT 0 5`, `UPDATE 2`."""
    rows: Counter[str] = Counter()
    for word, *_, count in (words for tag in tags if len(words := tag.split()) > 1):
        if word in _COUNTED and count.isdigit():
            rows[word] += int(count)
    return dict(rows)
