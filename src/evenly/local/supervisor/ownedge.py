"""The user's own certificate, taken from the files that the manifest names to where the balancer reads it.

The files are looked at again when they have changed. What can't serve is refused, told, and what is shown stays.
"""

from datetime import datetime
from pathlib import Path

from evenly.local.certificates import CertificateFiles
from evenly.local.certificates.own import Examined, Pair, examine, is_of_authority
from evenly.local.paths import Paths
from evenly.local.state import write_bytes
from evenly.local.supervisor.journal import Journal
from evenly.manifest.types import Certificate, Manifest


class OwnEdge:
    """`is_shown`: the edge shows a certificate of the user's own, which `ends` then. `problem`: why the newest one is
    not taken."""

    def __init__(self, paths: Paths, manifest: Manifest, journal: Journal) -> None:
        self._named: Certificate | None = manifest.http.certificate
        self._host = manifest.http.alias or f"{manifest.name}.localhost"
        self._project = paths.project
        self._edge = CertificateFiles(paths.certificates)
        self._journal = journal
        self._seen: tuple[object, ...] | None = None
        self.is_shown = False
        self.ends: datetime | None = None
        self.problem: str | None = None

    def look(self, now: datetime) -> bool:
        """Take the certificate over if its files have changed; whether one of the user's own is shown."""
        if self._named is None:
            return False
        found = tuple(_stamp(self._project / each) for each in (self._named.chain, self._named.key))
        if found != self._seen:
            self._seen = found
            self._judge(examine(self._named, self._project, self._host, now), now)
        return self.is_shown

    def _judge(self, examined: Examined, now: datetime) -> None:
        if examined.pair is None:
            first = examined.errors[0]
            self._go_on_with_the_last(now)
            self.problem = f"{first.path}: {first.what} {first.try_} {self._meanwhile()}"
            self._journal.write("own-certificate-refused", why=f"{first.path}: {first.what}")
            return
        self.problem = None
        self.is_shown, self.ends = True, examined.pair.ends
        if self._take(examined.pair):
            self._journal.write("own-certificate-taken", ends=f"{examined.pair.ends:%Y-%m-%d}")

    def _go_on_with_the_last(self, now: datetime) -> None:
        """What another supervisor had taken is still there."""
        kept = Certificate(chain=self._edge.edge.name, key=self._edge.edge_key.name)
        pair = None if self.is_shown else examine(kept, self._edge.folder, self._host, now).pair
        if pair is not None and not is_of_authority(self._edge.ca, pair.chain):
            self.is_shown, self.ends = True, pair.ends

    def _meanwhile(self) -> str:
        return "The one before is shown." if self.is_shown else "One of Evenly's own is shown."

    def _take(self, pair: Pair) -> bool:
        if _holds(self._edge.edge, pair.chain) and _holds(self._edge.edge_key, pair.key):
            return False
        self._edge.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(self._edge.edge_key, pair.key, 0o600)
        write_bytes(self._edge.edge, pair.chain, 0o644)
        return True


def _holds(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)
