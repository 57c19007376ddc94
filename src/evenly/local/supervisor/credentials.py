"""The environment's certificates as the supervisor needs them: opened once, when first asked for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock

from evenly.core.topology import Topology
from evenly.local.certificates import (
    Authority,
    CertificateNames,
    issue_instance,
    open_authority,
    remove_instance,
)
from evenly.local.paths import Paths
from evenly.local.supervisor.journal import Journal


class Certificates:
    """The authority, and a certificate for each instance. Safe to ask from several threads."""

    def __init__(self, paths: Paths, topology: Topology, journal: Journal) -> None:
        self._folder = paths.certificates
        self._instances = paths.certificates / "instances"
        self._names = CertificateNames(topology.name, topology.alias)
        self._journal = journal
        self._lock = Lock()
        self._authority: Authority | None = None

    def open(self) -> Authority:
        with self._lock:
            if self._authority is None:
                self._authority = open_authority(self._folder, self._names, datetime.now(UTC))
                for change in self._authority.changes:
                    self._journal.write(change.value)
            return self._authority

    def variables(self, instance: str) -> Mapping[str, str]:
        """The environment variables that tell an instance where its new certificate is."""
        files = issue_instance(self.open(), instance, self._instances, datetime.now(UTC))
        return {
            "TLS_CERTIFICATE": str(files.certificate),
            "TLS_KEY": str(files.key),
            "TLS_CLIENT_CA": str(files.ca),
        }

    def forget(self, instance: str) -> None:
        remove_instance(instance, self._instances)
