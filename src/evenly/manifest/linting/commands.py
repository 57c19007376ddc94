"""What a command's `$NAME`s would show or miss: secrets in an argument list, a port that everybody can reach. Pure."""

from collections.abc import Iterator
from string import Template

from evenly.manifest.linting.findings import Finding, error, warning
from evenly.manifest.types import Manifest

SOCKET = "SOCKET"
PASSWORDS = frozenset({"DATABASE_URL", "PGPASSWORD"})


def shown_secret_findings(manifest: Manifest) -> Iterator[Finding]:
    """An argument list is read by every user of the machine."""
    closed = PASSWORDS | manifest.secrets.keys()
    for path, command in commands(manifest):
        for name in sorted(_names(command) & closed):
            what = f"${name} is a secret, and a program's arguments are seen by everybody on the machine."
            yield error(path, what, "Let the program read it from its environment.")


def protocol_findings(manifest: Manifest) -> Iterator[Finding]:
    """Whether the balancer alone reaches the instances."""
    names = _names(manifest.app.command or ())
    if SOCKET in names and names & {"HOST", "PORT"}:
        what = "names both $SOCKET and $HOST or $PORT, and an instance listens on one of them."
        yield error("app.command", what, "Keep $SOCKET, or $HOST:$PORT.")
    elif manifest.app.protocol == "http" and manifest.app.command and SOCKET not in names:
        what = "every user of this machine can reach the instances at their ports, past the balancer."
        yield warning("app.protocol", what, "Listen on the unix socket $SOCKET instead, if the program can.")


def commands(manifest: Manifest) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every command that a manifest names, with its dotted key."""
    yield "app.command", manifest.app.command or ()
    yield from ((f"workers.{name}.command", it.command) for name, it in manifest.workers.items())
    yield from ((f"jobs.{name}.command", it.command) for name, it in manifest.jobs.items())


def _names(command: tuple[str, ...]) -> set[str]:
    return {name for word in command for name in Template(word).get_identifiers()}
