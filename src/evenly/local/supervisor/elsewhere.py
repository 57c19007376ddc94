"""The database elsewhere as the supervisor sees it: no process of ours, migrations by its URL."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from pathlib import Path

import asyncpg

from evenly.database.apply import apply, check
from evenly.database.elsewhere import Elsewhere, migrations_url, variables
from evenly.errors import StateError

TRIES_S = 5.0
POLL_S = 0.25


class DatabaseElsewhere:
    """`name`: of the secret that holds its URL. `tries_s`: how long a server that does not answer is asked again."""

    def __init__(
        self, found: Elsewhere, name: str, migrations: Path | None, tries_s: float = TRIES_S
    ) -> None:
        self._tries_s = tries_s
        self._found = found
        self._name = name
        self._migrations = migrations

    async def prepare(self) -> tuple[str, ...]:
        """Apply the migrations, as the role of the URL; returns the files that were applied. Raises StateError when
        the server does not answer, does not prove its name, or refuses us."""
        until = time.monotonic() + self._tries_s
        while True:
            try:
                return await self._prepare()
            except ssl.SSLError as error:
                raise self._refused(f"is not trusted: {_tls_words(error)}") from error
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
                if time.monotonic() > until:
                    raise self._refused(f"does not answer: {_words(error)}") from error
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise self._refused(f"refuses: {_words(error)}") from error
            await asyncio.sleep(POLL_S)

    def variables(self, *, as_owner: bool = False) -> Mapping[str, str]:  # noqa: ARG002  it has one role for both
        """What the app finds the database by."""
        return {name: value.reveal() for name, value in variables(self._found).items()}

    async def _prepare(self) -> tuple[str, ...]:
        url = migrations_url(self._found)
        if self._migrations is None:
            await check(url)
            return ()
        return tuple(it.name for it in await apply(url, self._migrations))

    def _refused(self, what: str) -> StateError:
        return StateError(
            f"the database elsewhere, {self._found.place}, {what}",
            where=self._name,
            try_=f"Correct {self._name} in .env or the server, then run `evenly up` again.",
        )


def _tls_words(error: ssl.SSLError) -> str:
    return (
        error.verify_message
        if isinstance(error, ssl.SSLCertVerificationError)
        else error.reason or "TLS failed"
    )


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
