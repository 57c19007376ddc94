"""The steps in which one authority takes another's place, as files. Each can be cut short, and is then done again.

The old one's certificate stays, kept aside, for `evenly trust` to remove it; its key does not.
"""

from datetime import datetime

from evenly.local.certificates import issuing
from evenly.local.certificates.issuing import Issued
from evenly.local.certificates.keys import certificate_pem, new_key
from evenly.local.certificates.names import CertificateFiles, CertificateNames
from evenly.local.certificates.pairs import read_pair, write_pair
from evenly.local.state import write_bytes


def make_next(files: CertificateFiles, names: CertificateNames, now: datetime) -> None:
    """Make the authority that is to come, and have it trusted beside the one that is."""
    made = issuing.make_authority(new_key(), names, now)
    write_pair(files.next, files.next_key, made)
    trust(files, (files.ca.read_bytes(), certificate_pem(made.certificate)))


def switch(files: CertificateFiles, now: datetime) -> Issued:
    """The authority that was to come issues from now on; the one before is still trusted."""
    old, new = files.ca.read_bytes(), files.next.read_bytes()
    write_bytes(files.ca.with_name(f"{files.ca.name}.old-{now:%Y%m%dT%H%M%SZ}"), old, 0o644)
    trust(files, (new, old))
    write_bytes(files.ca, new, 0o644)
    finished = finish_switch(files)
    assert finished is not None  # noqa: S101  next.pem is ca.pem now
    return finished


def finish_switch(files: CertificateFiles) -> Issued | None:
    """Goes on with a switch that was cut short; `None` where there is none."""
    issued = read_pair(files.next, files.next_key)
    if issued is None or not files.ca.exists() or files.ca.read_bytes() != files.next.read_bytes():
        return None
    write_pair(files.ca, files.ca_key, issued)
    forget_next(files)
    return issued


def forget_next(files: CertificateFiles) -> None:
    files.next.unlink(missing_ok=True)
    files.next_key.unlink(missing_ok=True)


def trust(files: CertificateFiles, authorities: tuple[bytes, ...]) -> None:
    """Have these trusted, by balancer and new instances, and no other."""
    write_bytes(files.trusted, b"".join(authorities), 0o644)


def forget_old(files: CertificateFiles) -> None:
    """Trust the authority alone, and the next one if there is one."""
    trust(files, tuple(path.read_bytes() for path in (files.ca, files.next) if path.exists()))
