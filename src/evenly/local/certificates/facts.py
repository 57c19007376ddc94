"""The facts that renewal is decided from, read from an environment's certificates. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from evenly.local.certificates import issuing
from evenly.local.certificates.authority import Authority, instance_files
from evenly.local.certificates.keys import read_certificate, read_certificates
from evenly.local.certificates.names import CertificateNames
from evenly.local.certificates.pairs import read_pair
from evenly.local.certificates.renewal import Facts, Leaf, Life, Served

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def read_facts(
    authority: Authority,
    names: CertificateNames,
    folder: Path,
    instances: Iterable[str],
    now: datetime,
    *,
    own_edge: bool = False,
) -> Facts:
    """`folder` holds the certificates of `instances`, given by id."""
    files, issuer = authority.files, authority.issuer
    following = _read(files.next)
    trusted = _read_all(files.trusted)
    edge = read_pair(files.edge, files.edge_key)
    client = read_pair(files.client, files.client_key)
    named = edge is not None and issuing.edge_serves(issuer, edge, names, now)
    return Facts(
        authority=_life(issuer.certificate),
        next=_life(following) if following else None,
        old_trusted=any(it not in (issuer.certificate, following) for it in trusted),
        edge=_leaf(edge.certificate, named) if edge else None,
        client=_leaf(client.certificate, issuing.client_serves(issuer, client, now)) if client else None,
        instances=tuple(_served(id, folder, issuer.certificate, following) for id in instances),
        own_edge=own_edge,
    )


def _served(id: str, folder: Path, issuer: Certificate, following: Certificate | None) -> Served:
    files = instance_files(folder, id)
    certificate = _read(files.certificate)
    leaf = _leaf(certificate, issuing.is_issued_by(issuer, certificate)) if certificate else None
    return Served(id, leaf, following is None or following in _read_all(files.ca))


def _leaf(certificate: Certificate, current: bool) -> Leaf:
    return Leaf(
        ends=certificate.not_valid_after_utc,
        renew_at=issuing.renew_at(certificate),
        current=current,
        begins=certificate.not_valid_before_utc,
    )


def _life(certificate: Certificate) -> Life:
    return Life(certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _read(path: Path) -> Certificate | None:
    return read_certificate(path.read_bytes()) if path.exists() else None


def _read_all(path: Path) -> tuple[Certificate, ...]:
    return read_certificates(path.read_bytes()) if path.exists() else ()
