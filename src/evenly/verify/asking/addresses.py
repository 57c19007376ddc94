"""From a host's name to a connection. `*.localhost` is this machine (RFC 6761, 6.3), whatever the resolver says."""

import socket
import time
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

PATIENCE_S = 5.0
LOOPBACK = ("127.0.0.1", "::1")
PORTS = {"http": 80, "https": 443}


class Place(Struct, frozen=True):
    """Where a service is. `host`: a name or an IP address, without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def is_address(self) -> bool:
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True


def place(url: str) -> Place:
    """Of an address like `https://localhost:8443/`. Raises ValueError for anything else."""
    found = urlsplit(url)
    if found.scheme not in PORTS or not found.hostname:
        raise ValueError(f"{url!r} is no address of a web service.")
    return Place(found.scheme, found.hostname, found.port or PORTS[found.scheme])


def addresses(host: str, port: int) -> tuple[str, ...]:
    """The IP addresses of `host`, in the order in which to try them. Raises OSError."""
    if host == "localhost" or host.endswith(".localhost"):
        return LOOPBACK
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def connect(where: Place, patience_s: float = PATIENCE_S) -> socket.socket:
    """A TCP connection to the first address that answers. Raises OSError."""
    end = time.monotonic() + patience_s
    failed: OSError = OSError("The name has no address.")
    for address in addresses(where.host, where.port):
        try:
            made = socket.create_connection((address, where.port), max(0.1, end - time.monotonic()))
        except OSError as error:
            failed = error
        else:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
    raise failed
