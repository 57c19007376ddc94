"""The authority as files: opened, made where there is none, and kept aside when it can serve no more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from evenly.local.certificates import issuing
from evenly.local.certificates.crossing import finish_switch, forget_next, switch, trust
from evenly.local.certificates.issuing import Issued
from evenly.local.certificates.keys import certificate_pem, new_key, read_certificates
from evenly.local.certificates.names import CertificateFiles, CertificateNames
from evenly.local.certificates.pairs import keep_aside, read_pair, write_pair
from evenly.local.state import write_bytes


class Change(StrEnum):
    """What opening an authority had to do."""

    AUTHORITY_MADE = "authority-made"  # there was none
    AUTHORITY_REPLACED = "authority-replaced"  # who trusted the old one has to trust the new one
    AUTHORITY_SWITCHED = "authority-switched"  # the old one has ended, and the next one was made before
    EDGE_ISSUED = "edge-issued"
    CLIENT_ISSUED = "client-issued"


class Authority(Struct, frozen=True):
    """An authority that serves. `changes`: what had to be done; `kept_aside`: the files it replaced."""

    files: CertificateFiles
    issuer: Issued
    changes: tuple[Change, ...]
    kept_aside: tuple[Path, ...] = ()


class InstanceFiles(Struct, frozen=True):
    """What one instance serves with; `ca` holds the authorities whose clients it lets in."""

    certificate: Path
    key: Path
    ca: Path


def open_authority(
    folder: Path, names: CertificateNames, now: datetime, *, own_edge: bool = False
) -> Authority:
    """The authority in `folder` (made 0700 if missing) with fresh client and edge certificates; with `own_edge`
    that of the edge is left alone. `now`: aware.

    Replacing an authority cuts off instances that run with certificates of the old one: see `changes`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    files = CertificateFiles(folder)
    issuer, change, aside = _issuer(files, names, now)
    _see_to_trust(files)
    client = issue_client(files, issuer, now)
    edge = not own_edge and issue_edge(files, issuer, names, now)
    changes = ((edge, Change.EDGE_ISSUED), (client, Change.CLIENT_ISSUED))
    issued = tuple(each for done, each in changes if done)
    return Authority(files, issuer, (*((change,) if change else ()), *issued), aside)


def put_back(authority: Authority) -> bool:
    """Write the authority's own files again where they were deleted under it; whether they were."""
    files = authority.files
    if all(it.exists() for it in (files.ca, files.ca_key, files.trusted)):
        return False
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_pair(files.ca, files.ca_key, authority.issuer)
    _see_to_trust(files)
    return True


def issue_edge(files: CertificateFiles, issuer: Issued, names: CertificateNames, now: datetime) -> bool:
    """Issue the edge's certificate anew if that is due; whether it was."""
    return _renewed(
        (files.edge, files.edge_key),
        lambda leaf: issuing.edge_serves(issuer, leaf, names, now),
        lambda: issuing.make_edge(issuer, new_key(), names, now),
    )


def issue_client(files: CertificateFiles, issuer: Issued, now: datetime) -> bool:
    """Issue what the balancer shows to the instances anew if that is due; whether it was."""
    return _renewed(
        (files.client, files.client_key),
        lambda leaf: issuing.client_serves(issuer, leaf, now),
        lambda: issuing.make_client(issuer, new_key(), now),
    )


def issue_instance(authority: Authority, instance_id: str, folder: Path, now: datetime) -> InstanceFiles:
    """A certificate of its own for one instance, in `folder/<instance_id>/`, and whom it is to trust."""
    own = folder / instance_id
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = instance_files(folder, instance_id)
    write_pair(
        made.certificate, made.key, issuing.make_instance(authority.issuer, new_key(), instance_id, now)
    )
    write_bytes(made.ca, authority.files.trusted.read_bytes(), 0o644)
    return made


def instance_files(folder: Path, instance_id: str) -> InstanceFiles:
    own = folder / instance_id
    return InstanceFiles(own / "certificate.pem", own / "key.pem", own / "ca.pem")


def remove_instance(instance_id: str, folder: Path) -> None:
    """Removes what `issue_instance` made; nothing there is fine."""
    shutil.rmtree(folder / instance_id, ignore_errors=True)


def _issuer(
    files: CertificateFiles, names: CertificateNames, now: datetime
) -> tuple[Issued, Change | None, tuple[Path, ...]]:
    found = finish_switch(files) or read_pair(files.ca, files.ca_key)
    if found and issuing.authority_serves(found, names, now):
        return found, None, ()
    following = read_pair(files.next, files.next_key)
    if found and following and issuing.authority_serves(following, names, now):
        return switch(files, now), Change.AUTHORITY_SWITCHED, ()
    aside = keep_aside((files.ca, files.ca_key), now)
    made = issuing.make_authority(new_key(), names, now)
    write_pair(files.ca, files.ca_key, made)
    forget_next(files)
    trust(files, (certificate_pem(made.certificate),))
    return made, Change.AUTHORITY_REPLACED if aside else Change.AUTHORITY_MADE, aside


def _see_to_trust(files: CertificateFiles) -> None:
    """That balancer and instances trust the authority, and the one to come if there is one."""
    needed = tuple(path.read_bytes() for path in (files.ca, files.next) if path.exists())
    trusted = files.trusted.read_bytes() if files.trusted.exists() else b""
    known = set(read_certificates(trusted))
    if not known.issuperset(it for pem in needed for it in read_certificates(pem)):
        trust(files, needed)


def _renewed(paths: tuple[Path, Path], serves: Callable[[Issued], bool], make: Callable[[], Issued]) -> bool:
    found = read_pair(*paths)
    if found and serves(found):
        return False
    write_pair(*paths, make())
    return True
