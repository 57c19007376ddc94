"""The certificates of an environment, with their lives: the edge's from the wire, the others from their files."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from evenly.core.facts import CertificateLife
from evenly.core.moments import timestamp
from evenly.errors import StateError
from evenly.local.certificates import CertificateFiles
from evenly.local.certificates.authority import instance_files
from evenly.local.certificates.keys import read_certificate
from evenly.local.certificates.own import is_of_authority
from evenly.local.paths import Paths

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

TIMEOUT_S = 5.0


def is_ours(files: CertificateFiles) -> bool:
    """Whether the edge's certificate is of the environment's own authority."""
    try:
        return is_of_authority(files.ca, files.edge.read_bytes())
    except OSError:
        return True


def lives(paths: Paths, port: int, instances: Iterable[str]) -> tuple[CertificateLife, ...]:
    """Of the edge, which listens on `port`, the balancer's client, the authority, and the instances given by id.
    Raises OSError when the edge does not answer, StateError for a file that is no certificate."""
    files = CertificateFiles(paths.certificates)
    folder = paths.instance_certificates
    named = {"authority": files.ca, "next authority": files.next, "balancer": files.client}
    named |= {id: instance_files(folder, id).certificate for id in instances}
    return (
        _life("edge", _shown(port), renews=is_ours(files)),
        *(_life(name, _read(path), renews=True) for name, path in named.items() if path.exists()),
    )


def _shown(port: int) -> Certificate:
    """What the edge shows now, whoever vouches for it."""
    from cryptography.x509 import load_der_x509_certificate

    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as shown,
    ):
        found = shown.getpeercert(binary_form=True)
    if not found:
        raise StateError("the edge shows no certificate", try_="evenly logs balancer")
    return load_der_x509_certificate(found)


def _read(path: Path) -> Certificate:
    found = read_certificate(path.read_bytes())
    if found is None:
        raise StateError("this file is no certificate", where=str(path), try_="evenly logs supervisor")
    return found


def _life(name: str, certificate: Certificate, *, renews: bool) -> CertificateLife:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return CertificateLife(name, timestamp(begins), timestamp(ends), renews)
