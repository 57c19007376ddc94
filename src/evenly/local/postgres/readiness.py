"""Whether the server answers, and what a failed start means. Connects as the superuser; changes nothing."""

import asyncio
import re
import struct
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import asyncpg
from msgspec import Struct

from evenly.core.secret import Secret
from evenly.local.postgres.credentials import SUPERUSER
from evenly.local.postgres.server import PORT, Server

MAINTENANCE_DATABASE = "template1"  # the one that is always there: see roles.py
POLL_S = 0.02
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # is answered before anybody is asked who they are
_TRANSIENT = re.compile(
    r"pre-existing shared memory block"  # children of a killed postmaster
    r"|lock file .* already exists"  # its pid, until it is reaped
    r"|could not bind Unix address"
)


class Readiness(StrEnum):
    """`STARTING`: no answer by the deadline. `REFUSED`: it answers, but our password is not its own."""

    STARTING = "starting"
    READY = "ready"
    REFUSED = "refused"


class StartFailure(Struct, frozen=True):
    """Why a start failed, in PostgreSQL's words. `transient`: starting again is worth it."""

    transient: bool
    what: str


async def connect(server: Server, role: str, password: Secret, database: str, within: float = 10.0) -> Any:
    """An asyncpg connection through the server's own socket folder. Nothing is read from the environment
    or from ~/.pgpass. `within` in seconds. Raises what asyncpg raises."""
    return await asyncpg.connect(
        host=str(server.sockets),
        port=PORT,
        user=role,
        password=password.reveal(),
        database=database,
        timeout=within,
        ssl=False,
        target_session_attrs="any",
        statement_cache_size=0,
        server_settings={"application_name": "evenly"},
    )


async def wait_ready(
    server: Server, password: Secret, deadline: float, now: Callable[[], float] = time.monotonic
) -> Readiness:
    """Asks until the server takes our superuser's connection, for at most `deadline` seconds."""
    until = now() + deadline
    while True:
        state = await probe(server, password, max(0.05, until - now()))
        if state is not Readiness.STARTING or now() >= until:
            return state
        await asyncio.sleep(POLL_S)


async def probe(server: Server, password: Secret, within: float = 1.0) -> Readiness:
    """One attempt to connect as the superuser; `within` in seconds."""
    try:
        connection = await connect(server, SUPERUSER, password, MAINTENANCE_DATABASE, within)
    except asyncpg.InvalidAuthorizationSpecificationError:  # a wrong password is one of them
        return Readiness.REFUSED
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ):
        return Readiness.STARTING
    await connection.close()
    return Readiness.READY


async def answers(server: Server, within: float) -> bool | None:
    """Whether a new connection gets a first word within so many seconds, also from one that is still starting; `None`
    where nobody listens. It costs the server a process for a moment, and nobody a password."""
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_unix_connection(server.socket)
            try:
                writer.write(_SSL_REQUEST)
                return bool(await reader.read(1))
            finally:
                writer.close()
    except (TimeoutError, BlockingIOError):  # the latter: so many wait already
        return False
    except OSError:
        return None


def start_failure(log_tail: str) -> StartFailure:
    """What the last lines of the log of a server that exited at its start say."""
    fatal = [line for line in log_tail.splitlines() if "FATAL:" in line or "PANIC:" in line]
    what = fatal[-1].split(":  ", 1)[-1] if fatal else "it ended without a word"
    return StartFailure(_TRANSIENT.search(what) is not None, what)
