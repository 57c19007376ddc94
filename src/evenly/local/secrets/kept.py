"""The secrets of a release: read from `.env` when it is made, kept in its folder, never read from `.env` again.

.env                          the user's own
releases/1/secrets.json       0600, what release 1 was made with: a later .env does not leak into it
digest.key                    0600, so that a release's digest tells that a secret changed, and not to what
"""

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from evenly.core.secret import Secret
from evenly.errors import StateError
from evenly.local import state
from evenly.local.paths import Paths
from evenly.local.secrets import envfile
from evenly.manifest.types import Manifest

VERSION = 1
KEY_BYTES = 32


class _Kept(msgspec.Struct, frozen=True):
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"_Kept({', '.join(self.values)})"


def names(manifest: Manifest) -> tuple[str, ...]:
    """Every name that has to be in `.env`: the app's secrets, and the database's URL."""
    elsewhere = manifest.database.url_from if manifest.database else None
    return tuple(dict.fromkeys((*sorted(manifest.secrets), *((elsewhere,) if elsewhere else ()))))


def said(project: Path, manifest: Manifest) -> dict[str, Secret]:
    """What `.env` says now. Raises StateError for what is wrong with it."""
    return envfile.read_secrets(project / envfile.NAME, names(manifest))


def keep(release: Path, values: Mapping[str, Secret]) -> None:
    """Write the secrets into a release's folder."""
    if values:
        revealed = {name: secret.reveal() for name, secret in values.items()}
        state.write(_file(release), _Kept(revealed), VERSION)


def kept(release: Path, manifest: Manifest) -> dict[str, Secret]:
    """The secrets that the release in that folder was made with. Raises StateError when they are gone."""
    if not names(manifest):
        return {}
    found = state.read(_file(release), _Kept, VERSION)
    if found is None:
        raise StateError(
            "the secrets of this release are not there",
            where=str(_file(release)),
            try_="Run `evenly down`, then `evenly up`: it reads .env again.",
        )
    return {name: Secret(value) for name, value in found.values.items()}


def are_kept(release: Path, manifest: Manifest) -> bool:
    """Whether the folder holds what the release needs."""
    return not names(manifest) or _file(release).is_file()


def make_key(paths: Paths) -> bytes:
    """The key of the digests, made when there is none."""
    known = read_key(paths)
    if known is None:
        known = secrets.token_bytes(KEY_BYTES)
        state.write_bytes(paths.digest_key, known)
    return known


def read_key(paths: Paths) -> bytes | None:
    try:
        found = paths.digest_key.read_bytes()
    except FileNotFoundError:
        return None
    return found if len(found) == KEY_BYTES else None


def fingerprint(values: Mapping[str, Secret], key: bytes) -> bytes:
    """Tells whether secrets are the same ones; without the key it tells nothing. Empty without secrets."""
    if not values:
        return b""
    revealed = {name: secret.reveal() for name, secret in values.items()}
    return hmac.digest(key, msgspec.json.encode(revealed, order="sorted"), "sha256")


def _file(release: Path) -> Path:
    return release / "secrets.json"
