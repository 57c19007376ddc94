"""The way to a single instance: as the balancer goes, with its certificate, by the instance's own name."""

import socket
from pathlib import Path

from msgspec import Struct

from evenly.verify.asking.addresses import PATIENCE_S
from evenly.verify.asking.handshakes import trusting


class Door(Struct, frozen=True):
    """`address`: `host:port`, or the path of a unix socket. `name`: whom its certificate has to name, and `shows`: the
    balancer's certificate and key; both `None` for an instance that speaks no TLS."""

    address: str
    name: str | None = None
    shows: tuple[Path, Path] | None = None


def enter(door: Door, ca_file: Path | None) -> socket.socket:
    """A connection to the instance. Raises OSError."""
    plain = _connected(door.address)
    if door.name is None or door.shows is None:
        return plain
    try:
        context = trusting(ca_file)
        context.load_cert_chain(*door.shows)
        return context.wrap_socket(plain, server_hostname=door.name)
    except BaseException:
        plain.close()
        raise


def _connected(address: str) -> socket.socket:
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host, int(port)), PATIENCE_S)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(PATIENCE_S)
    try:
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made
