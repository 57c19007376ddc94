"""The local environment as checks, drills and the dashboard see it: the target's protocol, on this machine."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from evenly.core.facts import Attempt, CertificateLife, Happening, NotPossibleError, ReleaseFact
from evenly.core.status import EnvironmentState, EnvironmentStatus
from evenly.core.traffic import Traffic
from evenly.errors import StateError
from evenly.local import control, reporting
from evenly.local.balancer.admin import AdminClient
from evenly.local.certificates import CertificateFiles
from evenly.local.environment import look
from evenly.local.faults import LocalFaults
from evenly.local.inspection import access, certificates, database, instances
from evenly.local.journal import happenings, number_before
from evenly.local.paths import Paths
from evenly.local.recorded import known_settings
from evenly.local.releases import release_secrets
from evenly.local.settings import find_paths, read_release
from evenly.local.supervisor.database import Database, database_of


class LocalTarget(LocalFaults):
    """The environment in the folder `project`, which has to be there. `patience_s`: for how long its supervisor is
    waited for, before its record is asked."""

    environment = "local"
    kind = "local"
    is_production = False

    def __init__(self, project: Path, patience_s: float = control.TIMEOUT_S) -> None:
        self._project = project
        self._patience_s = patience_s
        self._paths: Paths = find_paths(project)
        super().__init__(self._paths)
        settings = known_settings(self._paths)
        self._name = settings.name
        self._urls = reporting.urls(settings)

    @property
    def name(self) -> str:
        return self._name

    @property
    def url(self) -> str:
        return self._urls.https

    @property
    def plain_url(self) -> str:
        return self._urls.http

    @property
    def ca_file(self) -> Path | None:
        """The system's, where the edge shows a certificate of the user's own."""
        files = CertificateFiles(self._paths.certificates)
        return files.ca if certificates.is_ours(files) else None

    def status(self) -> EnvironmentStatus:
        return look(self._project, self._patience_s)

    def events(self, after: int = 0, since: datetime | None = None) -> Sequence[Happening]:
        return happenings(self._paths.journal, max(after, number_before(since)) if since else after)

    def traffic(self) -> Traffic:
        return AdminClient(self._paths.admin_socket).traffic()

    def release(self, number: int) -> ReleaseFact:
        return ReleaseFact(number, read_release(self._paths, number).created_at)

    def logged(self, request_id: str) -> str | None:
        return access.line_of(self._paths.logs / "access.log", request_id)

    def ask_instances_directly(self) -> Sequence[Attempt]:
        status = self.status()
        if not status.serving:
            raise NotPossibleError("No instance serves, so none could be asked.")
        protocol = read_release(self._paths, status.release).manifest.app.protocol
        return instances.ask(self._paths, [(it.id, it.address) for it in status.serving], protocol)

    def ask_database_from_elsewhere(self) -> Sequence[Attempt]:
        found = self._database()
        return database.ask_from_elsewhere(*found.opened(), found.standby())

    def alter_schema_as_app(self) -> Sequence[Attempt]:
        return database.alter_as_app(*self._database().opened())

    def certificates(self) -> Sequence[CertificateLife]:
        port = known_settings(self._paths).https_port
        return certificates.lives(self._paths, port, [it.id for it in self.status().serving])

    def _database(self) -> Database:
        """Raises NotPossibleError where none is ours."""
        release = read_release(self._paths, self.status().release)
        found = database_of(self._paths, release, release_secrets(self._paths, release))
        if found is None:
            raise NotPossibleError("This environment has no database.")
        if not isinstance(found, Database):
            raise NotPossibleError("The database is elsewhere (database.url_from): its doors are not ours.")
        return found


def local_target(project: Path) -> LocalTarget:
    """The environment of `project`. Raises StateError when there is none, or it is down."""
    target = LocalTarget(project)
    if target.status().state is EnvironmentState.DOWN:
        raise StateError("the environment is down", where=target.environment, try_="evenly up --detach")
    return target
