"""Ports and loopback addresses of this machine: which are free, who holds one. Binds and lets go at once."""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterable, Iterator

import psutil

from evenly.errors import StateError

FIRST_INSTANCE_PORT = 20_000  # under Linux's ephemeral range, so that no outgoing connection takes one
LAST_INSTANCE_PORT = 29_999
TRIES = 100


def is_free(address: str, port: int) -> bool:
    """Whether something could listen there now, by TCP and, for HTTP/3, by UDP. Raises StateError when this user
    never may."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return all(_is_free(family, kind, address, port) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))


def _is_free(family: socket.AddressFamily, kind: socket.SocketKind, address: str, port: int) -> bool:
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            if kind is socket.SOCK_STREAM:
                probe.listen(1)
        except PermissionError:
            raise StateError(
                f"port {port} needs privileges that this user does not have",
                try_="Set http.port and http.redirect_port to 1024 or more in evenly.yaml.",
            ) from None
        except OSError as error:
            return error.errno != errno.EADDRINUSE and error.errno != errno.EADDRNOTAVAIL
    return True


def choose(wanted: int | None, default: int, addresses: Iterable[str], avoid: Iterable[int] = ()) -> int:
    """A port to listen on at all `addresses`: `wanted`, or the first free one from `default` on.

    Raises StateError when `wanted` is taken, or when nothing near the default is free.
    """
    held = tuple(addresses)
    if wanted is not None:
        if not all(is_free(address, wanted) for address in held):
            raise StateError(
                f"port {wanted} is taken{holder(wanted)}",
                try_="Free it, or set another http.port in evenly.yaml.",
            )
        return wanted
    for port in range(default, default + TRIES):
        if port not in avoid and all(is_free(address, port) for address in held):
            return port
    raise StateError(
        f"ports {default} to {default + TRIES - 1} are all taken", try_="Set http.port in evenly.yaml."
    )


def holder(port: int) -> str:
    """` by NAME (pid N)` of who listens on `port`, or nothing when this user may not know."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("inet"):
            listens = connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
            if listens and connection.laddr and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


def instance_address(zone_number: int, used: Iterable[str], key: str = "0") -> str:
    """host:port for a new instance. On Linux each zone has a loopback network of its own (127.0.ZONE.x);
    elsewhere there is only 127.0.0.1, and zones differ by port.

    `key` (hex digits) says where to begin to look: a port is free until its program binds it, and environments
    that began at the same one would race for it.
    """
    taken = set(used)
    host = _host(zone_number, {address.rpartition(":")[0] for address in taken})
    for port in _ports(int(key, 16)):
        if f"{host}:{port}" not in taken and is_free(host, port):
            return f"{host}:{port}"
    raise StateError("no port is free for an instance", try_="Run `evenly doctor` to see what is left over.")


def _host(zone_number: int, taken: set[str]) -> str:
    hosts = [f"127.0.{zone_number}.{number}" for number in range(10, 250)]
    if sys.platform != "linux" or not can_bind(hosts[0]):
        return "127.0.0.1"
    return next((host for host in hosts if host not in taken), hosts[0])


def _ports(start: int) -> Iterator[int]:
    count = LAST_INSTANCE_PORT - FIRST_INSTANCE_PORT + 1
    return (FIRST_INSTANCE_PORT + (start + number) % count for number in range(count))


def listening_ports(pids: Iterable[int]) -> tuple[str, ...]:
    """host:port of everything that these processes listen on, as far as this user may see."""
    found: list[str] = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            found += [
                f"{c.laddr.ip}:{c.laddr.port}"
                for c in psutil.Process(pid).net_connections("tcp")
                if c.laddr and c.status == psutil.CONN_LISTEN
            ]
    return tuple(found)


def can_bind(address: str) -> bool:
    """Whether this machine has the address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
