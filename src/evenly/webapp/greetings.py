"""The greetings: what one is, and the statements on them, prepared once a connection.

Sessions are never reset between requests, which saves a round trip each: every statement is a transaction
of its own, and none sets a variable, takes an advisory lock, listens, or opens a cursor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import asyncpg
import msgspec

# One evenly chosen id, then the first row from there on: two index probes, whatever the table's size.
# A gap left by a deleted row makes its successor likelier, which does no harm here.
_ANY = """
SELECT language, text FROM greetings
WHERE id >= (SELECT 1 + floor(random() * max(id))::bigint FROM greetings) ORDER BY id LIMIT 1
"""
_ONE = "SELECT id, language, text, created_at FROM greetings WHERE id = $1"
_PAGE = "SELECT id, language, text, created_at FROM greetings WHERE id > $1 ORDER BY id LIMIT $2"
_ADD = """
INSERT INTO greetings (language, text) VALUES ($1, $2) ON CONFLICT DO NOTHING
RETURNING id, language, text, created_at
"""
CONNECT_SECONDS = 2.0
NOBODY: Mapping[str, str] = MappingProxyType({})


class Greeting(msgspec.Struct, frozen=True):
    """A greeting as the database keeps it."""

    id: int
    language: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class GreetingSession:
    """One connection and its prepared statements."""

    connection: Any
    any: Any
    one: Any
    page: Any
    add: Any

    @property
    def usable(self) -> bool:
        return not self.connection.is_closed()

    def close(self) -> None:
        self.connection.terminate()


async def connect(url: str | None, name: str, known: Mapping[str, str] = NOBODY) -> GreetingSession:
    """A session that can write. Looks up the socket folder anew, so that it follows a failover.

    `url` of `None`: libpq's PG* variables. `name` is what the database's own views show. `known`: `user` and
    `password`, where they are others than those of the URL.
    """
    connection = await asyncpg.connect(
        url,
        **known,
        timeout=CONNECT_SECONDS,
        target_session_attrs="read-write",
        server_settings={"application_name": name},
    )
    try:
        statements = [
            await connection.prepare(sql, timeout=CONNECT_SECONDS) for sql in (_ANY, _ONE, _PAGE, _ADD)
        ]
        # asyncpg prepares without a Sync: until one, statement_timeout runs on, and would end the first statement.
        await connection.execute("SELECT 1", timeout=CONNECT_SECONDS)
    except BaseException:
        connection.terminate()
        raise
    return GreetingSession(connection, *statements)


async def any_greeting(session: GreetingSession) -> tuple[str, str] | None:
    """The language and the text of one of them, chosen anew each time."""
    return await session.any.fetchrow()  # type: ignore[no-any-return]


async def one(session: GreetingSession, greeting_id: int) -> Greeting | None:
    row = await session.one.fetchrow(greeting_id)
    return Greeting(*row) if row else None


async def page(session: GreetingSession, after: int, limit: int) -> list[Greeting]:
    """At most `limit` greetings whose id is above `after`, in the order of their ids."""
    return [Greeting(*row) for row in await session.page.fetch(after, limit)]


async def add(session: GreetingSession, language: str, text: str) -> Greeting | None:
    """The new greeting, or `None` if there is one with this language and text."""
    row = await session.add.fetchrow(language, text)
    return Greeting(*row) if row else None
