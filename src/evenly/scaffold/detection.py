"""From the files of a folder to what runs there: the first that is found, the surest first. Pure."""

import re
from collections.abc import Callable

from msgspec.structs import replace

from evenly.manifest.types import REFERENCE_APP
from evenly.scaffold import node, others, python
from evenly.scaffold.found import Files, Found, Runtime

REFERENCE = Found(
    "the reference web service",
    "there is no application in this folder yet",
    Runtime.NONE,
    serve=REFERENCE_APP,
    health="/healthz",
)
_FINDERS: tuple[Callable[[Files], Found | None], ...] = (
    python.find,
    node.find,
    others.procfile,
    others.dockerfile,
    others.pages,
)
_HEALTH = (
    "healthz",
    "health",
    "healthcheck",
    "health-check",
    "livez",
    "_health",
    "ping",
    "up",
)  # with a slash before, or as Django writes it
_SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts")
_DATABASE = re.compile(
    r"DATABASE_URL|PGHOST|PGDATABASE|asyncpg|psycopg|pg8000|sqlalchemy|django\.db|postgres|[\"']pg[\"']|prisma|knex|sequelize",
    re.IGNORECASE,
)
_MIGRATION = re.compile(r"(?:(.*)/)?[0-9]{1,18}_[A-Za-z0-9][A-Za-z0-9_-]*\.sql", re.ASCII)


def detect(files: Files) -> Found:
    """What runs in the folder that `files` were read from: the reference web service, if nothing else does."""
    found = next((it for finder in _FINDERS if (it := finder(files))), None)
    if found is None:
        return replace(REFERENCE, notes=others.copilot(files))
    return replace(
        found, health=found.health or health_path(files), notes=(*found.notes, *others.copilot(files))
    )


def health_path(files: Files) -> str:
    """The path of a health check that the sources mention, `/` without one."""
    sources = "\n".join(text for name, text in files.items() if name.endswith(_SOURCES))
    for name in _HEALTH:
        if found := re.search(rf"""(?:["']/|path\(\s*["'])({re.escape(name)}/?)["']""", sources):
            return f"/{found[1]}"
    return "/"


def uses_database(files: Files) -> bool:
    """Whether anything in the folder speaks of a database that Evenly could give it."""
    return any(_DATABASE.search(text) for name, text in files.items() if not name.endswith((".html", ".sql")))


def migrations(files: Files) -> str | None:
    """The folder with numbered SQL files, if there is one."""
    folders = (found[1] for name in sorted(files) if (found := _MIGRATION.fullmatch(name)))
    return next((f"{folder}/" for folder in folders if folder), None)
