"""Makes an environment's certificates old, on disk: the same keys and authority, another time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from evenly.local.certificates import CertificateFiles, CertificateNames, issuing
from evenly.local.certificates.issuing import Issued
from evenly.local.certificates.keys import certificate_pem, new_key
from evenly.local.certificates.pairs import read_pair, write_pair

DAY = timedelta(days=1)


def age_leaves(folder: Path, name: str, days: float) -> None:
    """Edge, client and instances, as if they had been issued `days` ago."""
    files, then = CertificateFiles(folder), datetime.now(UTC) - days * DAY
    issuer = pair(files.ca, files.ca_key)
    write_pair(files.edge, files.edge_key, issuing.make_edge(issuer, new_key(), CertificateNames(name), then))
    write_pair(files.client, files.client_key, issuing.make_client(issuer, new_key(), then))
    for own in (folder / "instances").iterdir():
        made = issuing.make_instance(issuer, new_key(), own.name, then)
        write_pair(own / "certificate.pem", own / "key.pem", made)


def age_authority(folder: Path, name: str, days_left: float) -> None:
    """The same authority by name and key, but with so much of its life left. The next one's notice is over."""
    files = CertificateFiles(folder)
    then = datetime.now(UTC) - issuing.AUTHORITY_LIFETIME + days_left * DAY
    key = pair(files.ca, files.ca_key).key
    old = issuing.make_authority(key, CertificateNames(name), then)
    write_pair(files.ca, files.ca_key, old)
    following = files.next.read_bytes() if files.next.exists() else b""
    files.trusted.write_bytes(certificate_pem(old.certificate) + following)


def pair(certificate: Path, key: Path) -> Issued:
    found = read_pair(certificate, key)
    assert found is not None
    return found
