"""The database as the supervisor sees it: its files, its process, its roles and migrations, how apps reach it."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from evenly.core.secret import Secret
from evenly.core.topology import Topology, local_topology
from evenly.database.apply import apply
from evenly.errors import StateError
from evenly.local import postgres, state
from evenly.local.elsewhere import elsewhere
from evenly.local.paths import Paths
from evenly.local.postgres import APP, OWNER, DatabaseSecrets, Readiness, Server
from evenly.local.privileges import account
from evenly.local.processes import ROLE_MARK, Command
from evenly.local.releases import migrations_folder
from evenly.local.settings import Release
from evenly.local.supervisor.elsewhere import DatabaseElsewhere

DATABASE_ROLE = "database"
SECRETS_VERSION = 1
READY_POLL_S = 5.0  # how long one wait for readiness lasts before it is begun again


class Passwords(msgspec.Struct, frozen=True):
    """`secrets.json` (0600)."""

    superuser: str
    owner: str
    app: str


class Database:
    """PostgreSQL for one environment."""

    def __init__(self, paths: Paths, topology: Topology, version: int, migrations: Path | None) -> None:
        self._paths = paths
        self._topology = topology
        self._version = version
        self._migrations = migrations
        self._known: tuple[Server, DatabaseSecrets] | None = None
        self._locked_out = False

    async def command(self) -> Command:
        """Bring data, settings and sockets into order, and say what to start."""
        server, passwords = self.opened()
        postgres.make_folders(server)
        made = await postgres.initialise(server, passwords)
        await asyncio.to_thread(postgres.write_configuration, server)
        await postgres.make_way(server)
        if self._locked_out and not made:
            await postgres.reset_superuser(server, passwords)
            self._locked_out = False
        started = postgres.command(server)
        return Command(
            argv=started.argv,
            environment={**started.environment, ROLE_MARK: DATABASE_ROLE},
            folder=Path("/"),
            log=self._paths.logs / "database.log",
            account=started.account,
        )

    async def wait_ready(self) -> None:
        """Raises StateError when it refuses our password: `secrets.json` was lost, the data was not. The next
        start, after this one was ended, sets the new password."""
        server, passwords = self.opened()
        while (
            found := await postgres.wait_ready(server, passwords.superuser, READY_POLL_S)
        ) is Readiness.STARTING:
            pass
        if found is Readiness.REFUSED:
            self._locked_out = True
            raise StateError("refuses the password in secrets.json", where=str(self._paths.secrets))
        postgres.point_link(server)

    async def prepare(self) -> tuple[str, ...]:
        """Make the roles and apply the migrations; returns the files that were applied."""
        server, passwords = self.opened()
        await postgres.prepare(server, passwords)
        return await self.migrate(server.database)

    async def migrate(self, database: str) -> tuple[str, ...]:
        """Apply the migrations to `database`; returns the files that were applied."""
        if self._migrations is None:
            return ()
        return tuple(it.name for it in await apply(self.owner_url(database), self._migrations))

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
        """Where the server is, and its passwords."""
        if self._known is None:
            self._known = (self._locate(), _passwords(self._paths))
        return self._known

    def _locate(self) -> Server:
        runs_as = account(os.geteuid())
        binaries = postgres.within_reach(postgres.find(self._version), runs_as)
        return postgres.locate(
            self._paths, self._topology.name, self._topology.count.maximum, binaries, runs_as
        )


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
    return Database(paths, local_topology(release.manifest), wanted.version, migrations)


def _passwords(paths: Paths) -> DatabaseSecrets:
    """The passwords of `secrets.json`, made at the first start."""
    known = state.read(paths.secrets, Passwords, SECRETS_VERSION)
    if known is None:
        made = postgres.new_secrets()
        known = Passwords(made.superuser.reveal(), made.owner.reveal(), made.app.reveal())
        state.write(paths.secrets, known, SECRETS_VERSION)
    return DatabaseSecrets(Secret(known.superuser), Secret(known.owner), Secret(known.app))
