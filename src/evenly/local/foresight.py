"""The facts that `up` would find, for a forecast of it. Looks at files and ports, and changes nothing."""

import os
from pathlib import Path

from evenly.core.forecast import UpFacts
from evenly.core.topology import HTTP_PORT, HTTPS_PORT
from evenly.database.risks import risk_findings
from evenly.errors import EvenlyError
from evenly.local import ports, releases
from evenly.local.balancer import loopback_addresses
from evenly.local.certificates import CertificateFiles
from evenly.local.paths import Paths
from evenly.local.postgres import data_folder
from evenly.local.privileges import account
from evenly.local.settings import Settings, find_paths, read_release, read_settings
from evenly.manifest.linting.findings import Finding
from evenly.manifest.types import Manifest


def foresee(paths: Paths, manifest: Manifest, *, running: bool) -> UpFacts:
    """What `up` with `manifest` would find. While it is `running`, its own ports count as free.

    Raises StateError where a port that the manifest asks for is taken.
    """
    before = read_settings(paths)
    number, new = releases.next_number(paths, manifest)
    has_data = _has_data(paths, manifest)
    https_port, http_port = _ports(manifest, before, running)
    return UpFacts(
        release=number,
        new_release=new,
        authority=CertificateFiles(paths.certificates).ca.exists(),
        database=has_data,
        migrations=pending_migrations(
            paths, manifest, before if has_data or _is_elsewhere(manifest) else None
        ),
        https_port=https_port,
        http_port=http_port,
    )


def risky_migrations(project: Path, manifest: Manifest) -> tuple[Finding, ...]:
    """Warnings about the migrations that a deploy would apply beside the release before. None where there is no such
    release, or a file is wrong, which is told elsewhere."""
    paths = find_paths(project)
    source = releases.migrations_source(project, manifest)
    try:
        before = read_settings(paths)
        if before is None or source is None or not source.is_dir():
            return ()
        new = frozenset(pending_migrations(paths, manifest, before))
        return tuple(risk_findings({it.name: it.read_bytes() for it in source.glob("*.sql")}, new))
    except (EvenlyError, OSError):
        return ()


def _has_data(paths: Paths, manifest: Manifest) -> bool:
    if manifest.database is None or _is_elsewhere(manifest):
        return False
    return data_folder(paths, manifest.database.version, account(os.geteuid())).is_dir()


def _is_elsewhere(manifest: Manifest) -> bool:
    return manifest.database is not None and manifest.database.url_from is not None


def pending_migrations(paths: Paths, manifest: Manifest, before: Settings | None) -> tuple[str, ...]:
    """The migrations that the release before did not bring. The database itself is not asked: it is down."""
    if manifest.database is None:
        return ()
    applied = _names(releases.migrations_folder(paths, read_release(paths, before.release))) if before else ()
    return tuple(
        name for name in _names(releases.migrations_source(paths.project, manifest)) if name not in applied
    )


def _names(folder: Path | None) -> tuple[str, ...]:
    return tuple(sorted(it.name for it in folder.glob("*.sql"))) if folder else ()


def _ports(manifest: Manifest, before: Settings | None, running: bool) -> tuple[int, int]:
    http = manifest.http
    own = (before.https_port, before.http_port) if before and running else ()
    https_port = _port(http.port, before.https_port if before else HTTPS_PORT, own, ())
    return https_port, _port(
        http.redirect_port, before.http_port if before else HTTP_PORT, own, (https_port,)
    )


def _port(said: int | None, default: int, own: tuple[int, ...], avoid: tuple[int, ...]) -> int:
    wanted = default if said is None else said
    return wanted if wanted in own else ports.choose(said, default, loopback_addresses(), avoid)
