"""What the certificates are called and where they lie: names only, nothing is read or made here."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

INTERNAL = "evenly.internal"
LOOPBACK_NETWORKS = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
LOOPBACK_ADDRESSES = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """Whom the edge speaks for: the service's `name` (`<name>.localhost`) and its public `alias`, if any."""

    name: str
    alias: str | None = None

    @property
    def edge(self) -> tuple[str, ...]:
        """The DNS names of the edge's certificate."""
        return ("localhost", f"{self.name}.localhost", *((self.alias,) if self.alias else ()))

    @property
    def permitted(self) -> tuple[str, ...]:
        """The DNS names, each with all below it, that the authority may vouch for."""
        return ("localhost", INTERNAL, *((self.alias,) if self.alias else ()))


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The files of an authority: PEM certificates, and PKCS#8 PEM keys of mode 0600."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def edge(self) -> Path:
        return self.folder / "edge.pem"

    @property
    def edge_key(self) -> Path:
        return self.folder / "edge.key"

    @property
    def client(self) -> Path:
        """What the balancer shows to the instances."""
        return self.folder / "balancer.pem"

    @property
    def client_key(self) -> Path:
        return self.folder / "balancer.key"


def instance_name(instance_id: str) -> str:
    """The DNS name by which the balancer verifies an instance."""
    return f"{instance_id}.{INTERNAL}"
