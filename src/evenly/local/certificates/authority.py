"""The authority as files: opened, made where there is none, and kept aside when it can serve no more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from evenly.local.certificates import issuing
from evenly.local.certificates.issuing import Issued
from evenly.local.certificates.keys import (
    certificate_pem,
    key_pem,
    new_key,
    read_certificate,
    read_key,
)
from evenly.local.certificates.names import CertificateFiles, CertificateNames
from evenly.local.state import write_bytes


class Change(StrEnum):
    """What opening an authority had to do."""

    AUTHORITY_MADE = "authority-made"  # there was none
    AUTHORITY_REPLACED = "authority-replaced"  # who trusted the old one has to trust the new one
    EDGE_ISSUED = "edge-issued"
    CLIENT_ISSUED = "client-issued"


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that serves. `changes`: what had to be done; `kept_aside`: the files it replaced."""

    files: CertificateFiles
    issuer: Issued
    changes: tuple[Change, ...]
    kept_aside: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceFiles:
    """What one instance serves with; `ca` is the authority whose clients it lets in."""

    certificate: Path
    key: Path
    ca: Path


def open_authority(folder: Path, names: CertificateNames, now: datetime) -> Authority:
    """The authority in `folder` (made 0700 if missing) with fresh edge and client certificates. `now`: aware.

    Replacing an authority cuts off instances that run with certificates of the old one: see `changes`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    files = CertificateFiles(folder)
    found = _read(files.ca, files.ca_key)
    if found and issuing.authority_serves(found, names, now):
        return Authority(files, found, _leaves(files, found, names, now))
    aside = _keep_aside((files.ca, files.ca_key), now)
    made = issuing.make_authority(new_key(), names, now)
    _write(files.ca, files.ca_key, made)
    change = Change.AUTHORITY_REPLACED if aside else Change.AUTHORITY_MADE
    return Authority(files, made, (change, *_leaves(files, made, names, now)), aside)


def issue_instance(authority: Authority, instance_id: str, folder: Path, now: datetime) -> InstanceFiles:
    """A certificate of its own for one instance, in `folder/<instance_id>/`."""
    own = folder / instance_id
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = InstanceFiles(own / "certificate.pem", own / "key.pem", authority.files.ca)
    issued = issuing.make_instance(authority.issuer, new_key(), instance_id, now)
    _write(made.certificate, made.key, issued)
    return made


def remove_instance(instance_id: str, folder: Path) -> None:
    """Removes what `issue_instance` made; nothing there is fine."""
    shutil.rmtree(folder / instance_id, ignore_errors=True)


def _leaves(
    files: CertificateFiles, authority: Issued, names: CertificateNames, now: datetime
) -> tuple[Change, ...]:
    edge = _renewed(
        (files.edge, files.edge_key),
        lambda leaf: issuing.edge_serves(authority, leaf, names, now),
        lambda: issuing.make_edge(authority, new_key(), names, now),
    )
    client = _renewed(
        (files.client, files.client_key),
        lambda leaf: issuing.client_serves(authority, leaf, now),
        lambda: issuing.make_client(authority, new_key(), now),
    )
    return (*((Change.EDGE_ISSUED,) if edge else ()), *((Change.CLIENT_ISSUED,) if client else ()))


def _renewed(paths: tuple[Path, Path], serves: Callable[[Issued], bool], make: Callable[[], Issued]) -> bool:
    found = _read(*paths)
    if found and serves(found):
        return False
    _write(*paths, make())
    return True


def _read(certificate: Path, key: Path) -> Issued | None:
    """Both files, read; `None` if either is missing or damaged (a crash between the two writes, say)."""
    try:
        pair = read_certificate(certificate.read_bytes()), read_key(key.read_bytes())
    except FileNotFoundError:
        return None
    return Issued(pair[0], pair[1]) if pair[0] and pair[1] else None


def _write(certificate: Path, key: Path, issued: Issued) -> None:
    write_bytes(key, key_pem(issued.key), 0o600)
    write_bytes(certificate, certificate_pem(issued.certificate), 0o644)


def _keep_aside(paths: tuple[Path, ...], now: datetime) -> tuple[Path, ...]:
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    moves = [(path, path.with_name(f"{path.name}.old-{stamp}")) for path in paths if path.exists()]
    for path, aside in moves:
        path.replace(aside)
    return tuple(aside for _, aside in moves)
