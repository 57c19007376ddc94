"""What the environment says to the service, checked once when it starts. Pure: `environ` is passed in."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct

DEFAULT_POOL_SIZE = 10  # of 1, 2, 4 and 10 it served most (4: 9 % less); 8 instances stay under 100
LARGEST_POOL = 100


class SettingsError(ValueError):
    """A variable of the environment is wrong. The message names it and never repeats a secret."""


class Settings(Struct, frozen=True):
    """Who this instance is and where its database is. `database_url` of `None`: libpq's PG* variables.

    `instance_id`: on AWS the host's, and `None` where there is no host (Fargate). `task_id`: on AWS alone.
    `database_secret`: where the database's user can be read again, on AWS.
    """

    instance_id: str | None
    task_id: str | None
    zone: str
    region: str
    release: int
    environment: str
    service: str
    pool_size: int
    database_url: str | None
    database_secret: str | None
    secrets: tuple[str, ...]

    @property
    def name(self) -> str:
        """What tells it apart from the others: of several tasks of one host, the task."""
        return self.task_id or self.instance_id or "unknown"

    def __repr__(self) -> str:
        return f"Settings(instance_id={self.instance_id!r})"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Raises `SettingsError`."""
    return Settings(
        instance_id=environ.get("EVENLY_INSTANCE_ID", "i-00000000000000000") or None,
        task_id=environ.get("EVENLY_TASK_ID") or None,
        zone=environ.get("EVENLY_ZONE", "local-a"),
        region=environ.get("EVENLY_REGION", "local"),
        release=whole_number(environ, "EVENLY_RELEASE", default=1, least=0),
        environment=environ.get("EVENLY_ENVIRONMENT", "local"),
        service=environ.get("EVENLY_SERVICE", "evenly"),
        pool_size=whole_number(environ, "DATABASE_POOL_SIZE", default=DEFAULT_POOL_SIZE, most=LARGEST_POOL),
        database_url=environ.get("DATABASE_URL") or None,
        database_secret=environ.get("EVENLY_DATABASE_SECRET") or None,
        secrets=secrets_in(environ),
    )


def whole_number(
    environ: Mapping[str, str], name: str, *, default: int, least: int = 1, most: int = 2**31
) -> int:
    """The number in the variable `name`. Raises `SettingsError` if it is none, or out of bounds."""
    said = environ.get(name)
    if said is None:
        return default
    if said.isascii() and said.isdigit() and least <= int(said[:12]) <= most:
        return int(said[:12])
    raise SettingsError(f"{name} has to be a whole number from {least} to {most}, not {said[:20]!r}.")


def secrets_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What must never be written anywhere: the password, and the address that holds it, longest first."""
    url = environ.get("DATABASE_URL", "")
    found = {url, environ.get("PGPASSWORD", ""), *_passwords(url)}
    return tuple(sorted((secret for secret in found if secret), key=len, reverse=True))


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """`text` without any of `secrets`."""
    for secret in secrets:
        text = text.replace(secret, "[redacted]")
    return text


def _passwords(url: str) -> tuple[str, ...]:
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return ()
    return (password, unquote(password))
