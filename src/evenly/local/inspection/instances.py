"""Instances asked past the balancer, as a stranger on this machine would ask them. All of it should be refused."""

import os
import socket
import ssl
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from evenly.core.address import host_and_port, is_socket
from evenly.core.facts import Attempt
from evenly.local.certificates import CertificateNames, issuing
from evenly.local.certificates.authority import instance_files
from evenly.local.certificates.keys import new_key
from evenly.local.certificates.pairs import write_pair
from evenly.local.paths import Paths

TIMEOUT_S = 2.0
LONGEST_BYTES = 2048
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

Pair = tuple[Path, Path]


class _Door(Struct, frozen=True):
    """A way to ask: `shows` is the certificate and the key of the client; not `secured`: without TLS."""

    how: str
    secured: bool
    shows: Pair | None = None


def ask(
    paths: Paths, instances: Sequence[tuple[str, str]], protocol: Literal["https", "http"]
) -> tuple[Attempt, ...]:
    """Each of `instances` (id and address), by every door that there is. Those on sockets are one to everybody: the
    folder that closes them."""
    with _stranger() as stranger:
        doors = _doors(paths, instances, stranger) if protocol == "https" else (_PLAIN,)
        asked = [
            _ask(id, address, door) for id, address in instances if not is_socket(address) for door in doors
        ]
    behind = any(is_socket(address) for _, address in instances)
    return (*asked, *((closed_folder(paths.instance_sockets),) if behind else ()))


_PLAIN = _Door("without TLS", secured=False)


def _doors(paths: Paths, instances: Sequence[tuple[str, str]], stranger: Pair) -> tuple[_Door, ...]:
    """The right authority has signed an instance's certificate too, but as a server's and not as the balancer's."""
    files = instance_files(paths.instance_certificates, instances[0][0])
    other = (
        (_Door("with an instance's certificate", True, (files.certificate, files.key)),)
        if files.key.exists()
        else ()
    )
    return (
        _PLAIN,
        _Door("without a certificate", True),
        _Door("with a stranger's certificate", True, stranger),
        *other,
    )


def closed_folder(folder: Path, group: int | None = None) -> Attempt:
    """Whether its mode keeps everybody else out: other users, and each group but `group`."""
    tried = "open the folder of the sockets as another user"
    found = folder.lstat()
    mode = stat.S_IMODE(found.st_mode)
    passes = 0o070 if group is not None and found.st_gid == group else 0
    closed = stat.S_ISDIR(found.st_mode) and not mode & 0o077 & ~passes
    return Attempt(tried, closed, f"its mode is {mode:04o}, its owner {found.st_uid}")


def _ask(id: str, address: str, door: _Door) -> Attempt:
    tried = f"GET {'https' if door.secured else 'http'}://{address}/ of {id} {door.how}"
    try:
        answer = _answer(address, door)
    except TimeoutError:
        return Attempt(tried, False, f"no answer within {TIMEOUT_S:g} s, and no refusal")
    except OSError as error:  # ssl.SSLError is one: an alert
        reason = (error.reason if isinstance(error, ssl.SSLError) else error.strerror) or type(error).__name__
        return Attempt(tried, True, f"refused: {reason.replace('_', ' ').lower()}")
    if is_refusal(answer, secured=door.secured):
        return Attempt(tried, True, f"refused: {_first_line(answer) or 'the connection was closed'}")
    return Attempt(tried, False, f"answered: {_first_line(answer)}")


def is_refusal(answer: bytes, *, secured: bool) -> bool:
    """Whether this first piece of an answer serves nobody: nothing, a TLS alert, or the 400 by which a server says that
    it wants TLS (Go, nginx) or a certificate (nginx)."""
    if not answer.startswith(b"HTTP/"):
        return True
    is_400 = answer.split(b" ", 2)[1:2] == [b"400"]
    return is_400 and (not secured or b"certificate" in answer.lower())


def _answer(address: str, door: _Door) -> bytes:
    """What came back first. With TLS 1.3 a refusal of the client comes after the handshake, with the answer."""
    with socket.create_connection(host_and_port(address), TIMEOUT_S) as plain:
        if not door.secured:
            return _exchange(plain)
        with closing(_trust_anybody(door.shows).wrap_socket(plain, server_hostname="localhost")) as secured:
            return _exchange(secured)


def _exchange(connection: socket.socket) -> bytes:
    connection.sendall(REQUEST)
    return connection.recv(LONGEST_BYTES)


def _trust_anybody(shows: Pair | None) -> ssl.SSLContext:
    """Who breaks in does not mind whose house it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if shows:
        context.load_cert_chain(*shows)
    return context


def _first_line(answer: bytes) -> str:
    """For the evidence; a TLS alert has none."""
    line = answer.splitlines()[0][:80].decode("latin-1") if answer.startswith(b"HTTP/") else ""
    return "".join(each if each.isprintable() else "?" for each in line)


@contextmanager
def _stranger() -> Iterator[Pair]:
    """A client's certificate by an authority that nobody trusts, for as long as it is needed."""
    now = datetime.now(UTC)
    authority = issuing.make_authority(new_key(), CertificateNames("stranger"), now)
    with tempfile.TemporaryDirectory(prefix=f"evenly-{os.getpid()}-") as folder:
        pair = (Path(folder) / "stranger.pem", Path(folder) / "stranger.key")
        write_pair(*pair, issuing.make_client(authority, new_key(), now))
        yield pair
