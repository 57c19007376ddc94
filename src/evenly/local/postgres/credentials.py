"""The database's three passwords, and how a program is told to connect. Pure but for the random numbers."""

import secrets
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from evenly.core.secret import Secret
from evenly.local.postgres.server import PORT

SUPERUSER = "evenly"
OWNER = "owner"
APP = "app"
REPLICATOR = "replicator"


class DatabaseSecrets(Struct, frozen=True):
    """The passwords of the superuser (the supervisor alone), the owner (migrations) and the app."""

    superuser: Secret
    owner: Secret
    app: Secret


def new_secrets() -> DatabaseSecrets:
    """Three random passwords."""
    return DatabaseSecrets(*(new_password() for _ in range(3)))


def new_password() -> Secret:
    """32 URL-safe characters at random (192 bits)."""
    return Secret(secrets.token_urlsafe(24))


def url(role: str, password: Secret, database: str, folder: Path) -> Secret:
    """The connection URL through the socket in `folder`, as libpq, asyncpg and psycopg read it."""
    user = f"{_quoted(role)}:{_quoted(password.reveal())}"
    return Secret(f"postgresql://{user}@/{_quoted(database)}?host={_quoted(str(folder))}&port={PORT}")


def environment(role: str, password: Secret, database: str, folder: Path) -> dict[str, Secret]:
    """The variables that a program of `role` finds the database by."""
    return {
        "DATABASE_URL": url(role, password, database, folder),
        "PGHOST": Secret(str(folder)),
        "PGPORT": Secret(str(PORT)),
        "PGUSER": Secret(role),
        "PGPASSWORD": password,
        "PGDATABASE": Secret(database),
    }


def _quoted(text: str) -> str:
    return quote(text, safe="")
