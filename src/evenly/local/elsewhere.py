"""A database elsewhere, as a release knows it: its URL is one of the release's secrets, the authority that its server
is proved by is one of the release's files. Reads certificates."""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from evenly.core.secret import Secret
from evenly.database.elsewhere import SYSTEM_ROOTS, Elsewhere, read_url, with_roots
from evenly.errors import UsageError
from evenly.manifest.types import Manifest

ROOTS_FILE = "database-ca.pem"
# Where systems keep all authorities in one file: what every driver reads, unlike libpq's own word `system`.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def roots_source(project: Path, manifest: Manifest, secrets: Mapping[str, Secret]) -> Path | None:
    """The file of authorities that the URL names; a release takes a copy. Raises UsageError for a URL that is not
    safe or can't be read, and for a file that holds no certificate."""
    name = _name(manifest)
    if name is None:
        return None
    said = read_url(secrets[name], name)
    if not said.is_verified or said.roots == SYSTEM_ROOTS:
        return None
    file = (project / said.roots).resolve()
    try:
        ssl.create_default_context(cafile=str(file))
    except OSError as error:  # ssl.SSLError is one
        why = (
            "holds no certificate" if isinstance(error, ssl.SSLError) else f"can't be read ({error.strerror})"
        )
        raise UsageError(
            f"the sslrootcert of its URL {why}",
            where=name,
            try_="Name a PEM file, relative to the folder of evenly.yaml, or leave it out for the system's own.",
        ) from None
    return file


def elsewhere(release: Path, manifest: Manifest, secrets: Mapping[str, Secret]) -> Elsewhere | None:
    """The database elsewhere of the release in that folder; `None` where it has none."""
    name = _name(manifest)
    if name is None:
        return None
    found = read_url(secrets[name], name)
    own = release / ROOTS_FILE
    return with_roots(found, str(own) if own.is_file() else _system_roots())


def _name(manifest: Manifest) -> str | None:
    return manifest.database.url_from if manifest.database else None


def _system_roots() -> str:
    said = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *BUNDLES)
    return next((it for it in said if it and Path(it).is_file()), SYSTEM_ROOTS)
