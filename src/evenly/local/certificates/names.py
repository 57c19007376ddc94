"""What the certificates are called and where they lie: names only, nothing is read or made here."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from msgspec import Struct

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

INTERNAL = "evenly.internal"
LOOPBACK_NETWORKS = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
LOOPBACK_ADDRESSES = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


class CertificateNames(Struct, frozen=True):
    """Whom the edge speaks for: the service's `name` (`<name>.localhost`), its public `alias`, if any, and what it
    is reached by from outside of this machine, if that was asked for: `hosts`, and `listen`, IP addresses."""

    name: str
    alias: str | None = None
    hosts: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()

    @property
    def edge(self) -> tuple[str, ...]:
        """The DNS names of the edge's certificate."""
        return ("localhost", f"{self.name}.localhost", *self._public)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses of the edge's certificate."""
        return (*LOOPBACK_ADDRESSES, *map(ip_address, self.listen))

    @property
    def permitted(self) -> tuple[str, ...]:
        """The DNS names, each with all below it, that the authority may vouch for."""
        return ("localhost", INTERNAL, *self._public)

    @property
    def networks(self) -> tuple[Network, ...]:
        """The addresses that the authority may vouch for."""
        return (*LOOPBACK_NETWORKS, *map(ip_network, self.listen))

    @property
    def _public(self) -> tuple[str, ...]:
        return (*((self.alias,) if self.alias else ()), *self.hosts)


class CertificateFiles(Struct, frozen=True):
    """The files of an authority: PEM certificates, and PKCS#8 PEM keys of mode 0600."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def next(self) -> Path:
        """The authority that replaces this one when its time has come; there only shortly before."""
        return self.folder / "next.pem"

    @property
    def next_key(self) -> Path:
        return self.folder / "next.key"

    @property
    def trusted(self) -> Path:
        """All authorities that balancer and instances trust: this one first, and while it is replaced another."""
        return self.folder / "trusted.pem"

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
