"""Where an instance listens, as one text: `host:port`, or the path of a unix socket. Pure."""

from string import Template

from evenly.manifest.types import App

SOCKET = "SOCKET"  # the variable that tells an instance the path of its socket


def is_socket(address: str) -> bool:
    return address.startswith("/")


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of `host:port`."""
    host, _, port = address.rpartition(":")
    return host, int(port)


def listening_variables(address: str) -> dict[str, str]:
    """What tells an instance where to listen."""
    if is_socket(address):
        return {SOCKET: address}
    host, port = host_and_port(address)
    return {"HOST": host, "PORT": str(port)}


def listens_on_socket(app: App) -> bool:
    """Whether the instances of `app` listen on a socket: when the command says so, and always when ours serves it
    without TLS, for a port of loopback is open to every user of the machine."""
    if app.command is None:
        return app.protocol == "http"
    return any(SOCKET in Template(word).get_identifiers() for word in app.command)
