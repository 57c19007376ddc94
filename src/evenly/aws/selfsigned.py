"""A certificate that nobody has to trust: for the way from the balancer to a task, which a load balancer of AWS
encrypts and does not verify. Made anew by each task, kept in memory alone, and gone with it.
"""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

GOOD_FOR = timedelta(days=3650)  # longer than any task runs
EARLIER = timedelta(hours=1)  # clocks differ
# A container's own, also where its root is read-only. Not a file without a name (memfd): the server resolves the path.
MEMORY = Path("/dev/shm")  # noqa: S108


def new_pair(name: str, now: datetime) -> tuple[bytes, bytes]:
    """A certificate for `name` and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + GOOD_FOR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), secret


def certificate_files(service: str, now: datetime, folder: Path = MEMORY) -> dict[str, str]:
    """The variables that name a new certificate and its key, as the local target names them. In `folder`, closed to
    everybody else. Raises OSError."""
    place = Path(tempfile.mkdtemp(prefix="evenly-", dir=folder))
    certificate, key = new_pair(f"{service}.internal", now)
    files = {"TLS_CERTIFICATE": place / "certificate.pem", "TLS_KEY": place / "key.pem"}
    for file, content in zip(files.values(), (certificate, key), strict=True):
        file.touch(mode=0o600)
        file.write_bytes(content)
    return {name: str(file) for name, file in files.items()}
