"""A certificate with its key as two files: read, written, kept aside. Touches the files it is given."""

from datetime import UTC, datetime
from pathlib import Path

from evenly.local.certificates.issuing import Issued
from evenly.local.certificates.keys import certificate_pem, key_pem, read_certificate, read_key
from evenly.local.state import write_bytes


def read_pair(certificate: Path, key: Path) -> Issued | None:
    """Both files, read; `None` if either is missing or damaged (a crash between the two writes, say)."""
    try:
        pair = read_certificate(certificate.read_bytes()), read_key(key.read_bytes())
    except FileNotFoundError:
        return None
    return Issued(pair[0], pair[1]) if pair[0] and pair[1] else None


def write_pair(certificate: Path, key: Path, issued: Issued) -> None:
    write_bytes(key, key_pem(issued.key), 0o600)
    write_bytes(certificate, certificate_pem(issued.certificate), 0o644)


def keep_aside(paths: tuple[Path, ...], now: datetime) -> tuple[Path, ...]:
    """Rename what is there of `paths` to `NAME.old-TIME`; the new names."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    moves = [(path, path.with_name(f"{path.name}.old-{stamp}")) for path in paths if path.exists()]
    for path, aside in moves:
        path.replace(aside)
    return tuple(aside for _, aside in moves)
