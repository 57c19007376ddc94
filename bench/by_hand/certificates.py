"""An authority and the three leaves that the stack by hand needs. Touches one folder."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LEAVES = {"edge": "localhost", "app": "app.internal", "client": "client.internal"}


@dataclass(frozen=True, slots=True)
class _Authority:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def write_certificates(folder: Path) -> None:
    """Write ca.pem, and NAME.pem and NAME.key for each leaf, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _Authority(_name("Benchmark authority"), key)
    ca = _certificate(authority, authority.name, key, x509.BasicConstraints(ca=True, path_length=0))
    (folder / "ca.pem").write_bytes(ca)
    for file, host in LEAVES.items():
        _write_leaf(folder / file, host, authority)


def _write_leaf(file: Path, host: str, authority: _Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    file.with_suffix(".pem").write_bytes(_certificate(authority, _name(host), key, names))
    secret = file.with_suffix(".key")
    secret.touch(0o600)
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _certificate(
    authority: _Authority, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
) -> bytes:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(authority.name, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
