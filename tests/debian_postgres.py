"""Debian's own PostgreSQL, which has TLS: one server on loopback that takes nothing else, with an authority of its own.

It stands for a database elsewhere. `127.1` is a name of this machine that is no loopback address to read.
"""

import contextlib
import datetime
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evenly.local.privileges import account, process_options

PASSWORD = "el5e:where/w@rd"
QUOTED = "el5e%3Awhere%2Fw%40rd"
HBA = """
local   all all                 trust
hostssl all all 127.0.0.1/32    scram-sha-256
"""


@dataclass(frozen=True)
class Elsewhere:
    """`ca`: the authority that proves the server to be `127.1`, and no other name."""

    port: int
    ca: Path
    folder: Path

    def url(self, host: str = "127.1", parameters: str = "", password: str = QUOTED) -> str:
        return f"postgresql://shopkeeper:{password}@{host}:{self.port}/shop{parameters}"

    def ask(self, statement: str) -> str:
        """What the server answers its own administrator."""
        options = ["-h", str(self.folder), "-p", str(self.port), "-U", "admin", "-d", "shop"]
        return _run([str(_program("psql")), *options, "-XAtc", statement]).strip()


@contextlib.contextmanager
def running() -> Iterator[Elsewhere]:
    folder = Path(tempfile.mkdtemp(prefix="ev-elsewhere-"))
    try:
        ca = _certificates(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _own(folder)
        data = folder / "data"
        _run(
            [
                str(_program("initdb")),
                "-D",
                str(data),
                "-U",
                "admin",
                "--auth=trust",
                "--no-sync",
                "-E",
                "UTF8",
            ]
        )
        (data / "pg_hba.conf").write_text(HBA)
        with _server(folder, data, port):
            made = Elsewhere(port, ca, folder)
            _make_shop(made)
            yield made
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def _server(folder: Path, data: Path, port: int) -> Iterator[None]:
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "ssl": "on",
        "ssl_cert_file": folder / "server.pem",
        "ssl_key_file": folder / "server.key",
        "fsync": "off",
        "password_encryption": "scram-sha-256",
    }
    said = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(_program("postgres")), "-D", str(data), *said], cwd="/", stderr=log, **_identity()
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _make_shop(made: Elsewhere) -> None:
    until = time.monotonic() + 30
    options = ["-h", str(made.folder), "-p", str(made.port), "-U", "admin"]
    while subprocess.run(
        [_program("pg_isready"), *options], stdout=subprocess.DEVNULL, check=False
    ).returncode:
        assert time.monotonic() < until, (made.folder / "log").read_text()
        time.sleep(0.05)
    for statement in (
        f"CREATE ROLE shopkeeper LOGIN PASSWORD '{PASSWORD}'",
        "CREATE DATABASE shop OWNER shopkeeper",
    ):
        _run([str(_program("psql")), *options, "-d", "postgres", "-Xqc", statement])


def _certificates(folder: Path) -> Path:
    """The server's certificate, its key, and the authority's certificate, which is returned."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, it)]) for it in ("Test authority", "db")
    )

    def certificate(
        subject: x509.Name, public: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    ca = folder / "ca.pem"
    ca.write_bytes(certificate(ca_name, ca_key.public_key(), x509.BasicConstraints(True, None), usage))
    # libpq takes 127.1 for an address, OpenSSL for a name.
    names = x509.SubjectAlternativeName(
        [x509.DNSName("127.1"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    (folder / "server.pem").write_bytes(
        certificate(name, key.public_key(), x509.BasicConstraints(False, None), names)
    )
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "server.key").chmod(0o600)
    return ca


def _own(folder: Path) -> None:
    """PostgreSQL refuses root, so as root the folder is the unprivileged account's."""
    who = account(os.geteuid())
    if who is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, who.uid, who.gid)
        folder.chmod(0o711)


def _program(name: str) -> Path:
    return max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd="/", capture_output=True, text=True, timeout=60, check=False, **_identity()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _identity() -> dict[str, object]:
    return dict(process_options(account(os.geteuid())))
