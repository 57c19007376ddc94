"""The database as the supervisor sees it: its files, its members, its roles and migrations, how apps reach it."""

import contextlib
import os
import shutil
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Self

import msgspec

from evenly.core.failover import MEMBERS, Book, other
from evenly.core.secret import Secret
from evenly.core.topology import Topology, local_topology
from evenly.database.apply import apply
from evenly.local import postgres, state
from evenly.local.elsewhere import elsewhere
from evenly.local.paths import Paths
from evenly.local.postgres import APP, OWNER, DatabaseSecrets, Server
from evenly.local.postgres.book import book_place, read_book, write_book
from evenly.local.postgres.initialise import remove_half_made
from evenly.local.privileges import account
from evenly.local.releases import migrations_folder
from evenly.local.settings import Release
from evenly.local.supervisor.elsewhere import DatabaseElsewhere
from evenly.local.versions import record_version
from evenly.manifest.types import Database as Wanted

DATABASE_ROLE = "database"
SECRETS_VERSION = 1


class Passwords(msgspec.Struct, frozen=True):
    """`secrets.json` (0600)."""

    superuser: str
    owner: str
    app: str
    replicator: str = ""


class Database:
    """PostgreSQL for one environment. `alone`: it has one member, and not a primary and a standby."""

    def __init__(self, paths: Paths, topology: Topology, wanted: Wanted, migrations: Path | None) -> None:
        self._paths = paths
        self._topology = topology
        self._version = wanted.version
        self.alone = not wanted.multi_zone
        self._migrations = migrations
        self._members: dict[str, Server] = {}
        self._passwords: tuple[DatabaseSecrets, Secret] | None = None

    async def prepare(self) -> tuple[str, ...]:
        """Make the roles and apply the migrations; returns the files that were applied."""
        return await self.prepare_at(self.opened()[0])

    async def prepare_at(self, server: Server) -> tuple[str, ...]:
        """The same for another server than the primary."""
        passwords = self.passwords()[0]
        await postgres.prepare(server, passwords)
        return await self._migrate(postgres.url(OWNER, passwords.owner, server.database, server.link))

    async def migrate(self, database: str) -> tuple[str, ...]:
        """Apply the migrations to `database`; returns the files that were applied."""
        return await self._migrate(self.owner_url(database))

    def owner_url(self, database: str) -> Secret:
        """The URL to change the schema of `database` by."""
        server, passwords = self.opened()
        return postgres.url(OWNER, passwords.owner, database, server.link)

    def variables(self, *, as_owner: bool = False) -> Mapping[str, str]:
        """What the app finds the database by, with the least-privilege role's password, or with the owner's."""
        server, passwords = self.opened()
        role, password = (OWNER, passwords.owner) if as_owner else (APP, passwords.app)
        named = postgres.environment(role, password, server.database, server.link)
        return {name: value.reveal() for name, value in named.items()}

    def opened(self) -> tuple[Server, DatabaseSecrets]:
        """Where the primary is, and its passwords."""
        return self.server(self.book().primary), self.passwords()[0]

    def standby(self) -> Server | None:
        """Where the other member is; `None` where there is one alone."""
        return None if self.alone else self.server(other(self.book().primary))

    def linked(self) -> str | None:
        """The member that apps are led to."""
        link = self.server(MEMBERS[0]).link
        with contextlib.suppress(OSError):
            return next((it for it in MEMBERS if self.server(it).sockets == link.readlink()), None)
        return None

    def book(self) -> Book:
        """Which member is the primary, as it is written down."""
        return read_book(*(self.server(it) for it in MEMBERS))

    def write_book(self, book: Book) -> None:
        write_book(self.server(MEMBERS[0]), book)

    def change_book(self, before: Book, book: Book) -> None:
        """Write it. Where it ends a replacement by data of another version, that is what the database is of from now
        on: the new version's book is there before it is, and what is left of the old one goes after it."""
        done = before.replacing if book.replacing is None and book.generation > before.generation else None
        if done is None or done.version is None:
            self.write_book(book)
            return
        old = [self.server(it) for it in MEMBERS]
        self._use(done.version)
        self.write_book(book)
        record_version(self._paths, done.version)
        book_place(old[0]).unlink(missing_ok=True)
        old[0].closed.unlink(missing_ok=True)
        shutil.rmtree(old[MEMBERS.index(other(book.primary))].data, ignore_errors=True)
        for it in old:
            remove_half_made(it)
            shutil.rmtree(it.settings, ignore_errors=True)

    def at_version(self, version: int) -> Self:
        """The same environment's database with data of another version."""
        other_one = copy(self)
        other_one._use(version)
        return other_one

    @property
    def version(self) -> int:
        return self._version

    def _use(self, version: int) -> None:
        self._version = version
        self._members = {}

    async def _migrate(self, url: Secret) -> tuple[str, ...]:
        if self._migrations is None:
            return ()
        return tuple(it.name for it in await apply(url, self._migrations))

    def server(self, member: str) -> Server:
        if member not in self._members:
            runs_as = account(os.geteuid())
            binaries = postgres.within_reach(postgres.find(self._version), runs_as)
            self._members[member] = postgres.locate(
                self._paths,
                self._topology.name,
                self._topology.count.maximum,
                binaries,
                runs_as,
                member=member,
                alone=self.alone,
            )
        return self._members[member]

    def passwords(self) -> tuple[DatabaseSecrets, Secret]:
        """Those of the roles, and the one by which one member follows the other."""
        if self._passwords is None:
            self._passwords = _passwords(self._paths)
        return self._passwords


def database_of(
    paths: Paths, release: Release, secrets: Mapping[str, Secret]
) -> Database | DatabaseElsewhere | None:
    """The database of `release`: one of ours, one elsewhere, or none."""
    wanted = release.manifest.database
    if wanted is None:
        return None
    migrations = migrations_folder(paths, release)
    found = elsewhere(paths.releases / str(release.number), release.manifest, secrets)
    if found is not None and wanted.url_from is not None:
        return DatabaseElsewhere(found, wanted.url_from, migrations)
    return Database(paths, local_topology(release.manifest), wanted, migrations)


def _passwords(paths: Paths) -> tuple[DatabaseSecrets, Secret]:
    """The passwords of `secrets.json`, made at the first start; one that older versions did not know, when it lacks."""
    found = known = state.read(paths.secrets, Passwords, SECRETS_VERSION)
    if known is None:
        made = postgres.new_secrets()
        known = Passwords(made.superuser.reveal(), made.owner.reveal(), made.app.reveal())
    if not known.replicator:
        known = msgspec.structs.replace(known, replicator=postgres.new_password().reveal())
    if known != found:
        state.write(paths.secrets, known, SECRETS_VERSION)
    roles = DatabaseSecrets(Secret(known.superuser), Secret(known.owner), Secret(known.app))
    return roles, Secret(known.replicator)
