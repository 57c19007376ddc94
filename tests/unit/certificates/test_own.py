"""The user's own certificate: what is refused, what is warned of, and how a new one is taken over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evenly.local.certificates import CertificateFiles, CertificateNames
from evenly.local.certificates.own import examine
from evenly.local.paths import local_paths
from evenly.local.supervisor.credentials import Certificates
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.ownedge import OwnEdge
from evenly.manifest.types import Certificate, Http, Manifest

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FILES = Certificate(chain="chain.pem", key="key.pem")
HOST = "shop.example.com"


@dataclass(frozen=True)
class Made:
    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def made(
    key: Any = None,
    by: Made | None = None,
    names: tuple[str, ...] = (HOST,),
    days: float = 60,
    begins: float = -1,
    uses: tuple[x509.ObjectIdentifier, ...] = (),
) -> Made:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0] if names else "none")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + begins * DAY)
        .not_valid_after(NOW + days * DAY)
    )
    if names:
        said = x509.SubjectAlternativeName([x509.DNSName(it) for it in names])
        builder = builder.add_extension(said, critical=False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    signer = by.key if by else key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Made(builder.sign(signer, algorithm), key)


def put(folder: Path, chain: bytes, key: Any, mode: int = 0o600, password: bytes | None = None) -> None:
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    (folder / "chain.pem").write_bytes(chain)
    file = folder / "key.pem"
    file.write_bytes(
        key if isinstance(key, bytes) else key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed)
    )
    file.chmod(mode)


def told(folder: Path, host: str = HOST) -> list[str]:
    return [f"{it.severity}: {it.what}" for it in examine(FILES, folder, host, NOW).findings]


@pytest.mark.parametrize(
    "key",
    [
        lambda: ec.generate_private_key(ec.SECP256R1()),
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: rsa.generate_private_key(65537, 2048),
    ],
)
def test_a_good_one_is_taken_as_it_is(tmp_path: Path, key: Callable[[], Any]) -> None:
    upper = made(names=("An authority",))
    leaf = made(key(), upper, uses=(ExtendedKeyUsageOID.SERVER_AUTH,))
    put(tmp_path, leaf.pem + upper.pem, leaf.key)
    examined = examine(FILES, tmp_path, HOST, NOW)
    assert examined.findings == ()
    assert examined.pair is not None
    assert examined.pair.chain == leaf.pem + upper.pem
    assert "PRIVATE" not in repr(examined)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert told(tmp_path) == ["error: chain.pem does not exist.", "error: key.pem does not exist."]


def test_what_is_no_pem(tmp_path: Path) -> None:
    put(tmp_path, b"rubbish", b"rubbish")
    assert told(tmp_path) == ["error: there is no certificate in it."]
    put(tmp_path, made().pem, b"rubbish")
    assert told(tmp_path) == ["error: there is no private key in it."]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_is_open_to_others(tmp_path: Path, mode: int) -> None:
    leaf = made()
    put(tmp_path, leaf.pem, leaf.key, mode)
    assert told(tmp_path) == [f"error: key.pem is open to others (mode {mode:04o})."]


def test_a_key_with_a_passphrase(tmp_path: Path) -> None:
    leaf = made()
    put(tmp_path, leaf.pem, leaf.key, password=b"a passphrase")
    assert told(tmp_path) == ["error: it has a passphrase."]


def test_another_ones_key(tmp_path: Path) -> None:
    put(tmp_path, made().pem, made().key)
    assert told(tmp_path) == ["error: it is not the key of the first certificate in the chain."]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "RSA with 1024 bits is too weak."),  # noqa: S505
        (lambda: ec.generate_private_key(ec.SECP256K1()), "the balancer does not serve with secp256k1."),
        (ed25519.Ed25519PrivateKey.generate, "it is neither an EC nor an RSA key."),
    ],
)
def test_keys_that_cannot_serve(tmp_path: Path, key: Callable[[], Any], why: str) -> None:
    leaf = made(key())
    put(tmp_path, leaf.pem, leaf.key)
    assert told(tmp_path) == [f"error: {why}"]


def test_a_chain_in_the_wrong_order(tmp_path: Path) -> None:
    root = made(names=("Root",))
    middle = made(by=root, names=("Middle",))
    leaf = made(by=middle)
    put(tmp_path, leaf.pem + root.pem + middle.pem, leaf.key)
    assert told(tmp_path) == ["error: certificate 1 was not issued by certificate 2."]


def test_time(tmp_path: Path) -> None:
    for days, begins, expected in (
        (0, -9, "error: certificate 1 has ended on 2026-11-24."),
        (9, 1, "error: certificate 1 is valid only from 2026-11-25."),
        (13, -1, "warning: certificate 1 ends on 2026-12-07."),
    ):
        leaf = made(days=days, begins=begins)
        put(tmp_path, leaf.pem, leaf.key)
        assert told(tmp_path) == [expected]


def test_a_client_certificate(tmp_path: Path) -> None:
    leaf = made(uses=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    put(tmp_path, leaf.pem, leaf.key)
    assert told(tmp_path) == ["error: it is not for a server."]


@pytest.mark.parametrize(
    ("names", "covered"),
    [
        ((HOST,), True),
        (("*.example.com",), True),
        (("*.com",), False),
        (("*.shop.example.com",), False),
        (("example.com", "www.example.com"), False),
        ((), False),
    ],
)
def test_names(tmp_path: Path, names: tuple[str, ...], covered: bool) -> None:
    leaf = made(names=names)
    put(tmp_path, leaf.pem, leaf.key)
    wrong = f"warning: it is for {', '.join(names) or 'no host'}, not for {HOST}."
    assert told(tmp_path) == ([] if covered else [wrong])


@dataclass
class Edge:
    """An environment whose manifest names a certificate."""

    folder: Path

    def __post_init__(self) -> None:
        self.paths = local_paths(self.folder, self.folder, 0)
        self.paths.home.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(self.paths.journal, lambda: "")
        self.shown = CertificateFiles(self.paths.certificates).edge
        self.start()

    def start(self) -> None:
        manifest = Manifest(name="shop", http=Http(alias=HOST, certificate=FILES))
        self.own = OwnEdge(self.paths, manifest, self.journal)
        names = CertificateNames("shop", HOST)
        self.certificates = Certificates(self.paths, names, self.journal, self.own, clock=lambda: NOW)

    def told(self) -> list[str]:
        return [msgspec.json.decode(it)["action"] for it in self.paths.journal.read_bytes().splitlines()]


def test_it_is_shown_and_a_new_one_is_taken_over(tmp_path: Path) -> None:
    first, second = made(), made()
    put(tmp_path, first.pem, first.key)
    edge = Edge(tmp_path)
    edge.certificates.open()
    assert edge.shown.read_bytes() == first.pem
    assert CertificateFiles(edge.paths.certificates).edge_key.stat().st_mode & 0o777 == 0o600
    assert edge.certificates.renew(()) == ()
    assert edge.shown.read_bytes() == first.pem
    put(tmp_path, second.pem, second.key)
    edge.certificates.renew(())
    assert edge.shown.read_bytes() == second.pem
    assert edge.told().count("own-certificate-taken") == 2


def test_a_broken_new_one_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    first, second = made(), made()
    put(tmp_path, first.pem, first.key)
    edge = Edge(tmp_path)
    edge.certificates.open()
    put(tmp_path, second.pem, made().key)
    for _ in range(2):
        edge.certificates.renew(())
        assert edge.shown.read_bytes() == first.pem
        assert "not the key of the first certificate" in str(edge.own.problem)
    assert edge.told().count("own-certificate-refused") == 1
    edge.start()  # another supervisor
    edge.certificates.open()
    edge.certificates.renew(())
    assert edge.shown.read_bytes() == first.pem
    put(tmp_path, second.pem, second.key)
    edge.certificates.renew(())
    assert (edge.shown.read_bytes(), edge.own.problem) == (second.pem, None)


def test_where_none_was_ever_good_one_of_ours_is_shown(tmp_path: Path) -> None:
    edge = Edge(tmp_path)
    edge.certificates.open()
    assert b"BEGIN CERTIFICATE" in edge.shown.read_bytes()
    assert "One of Evenly's own is shown." in str(edge.own.problem)


def test_its_end_is_told_two_weeks_before(tmp_path: Path) -> None:
    for days, soon in ((13, True), (15, False)):
        leaf = made(days=days)
        put(tmp_path, leaf.pem, leaf.key)
        edge = Edge(tmp_path)
        edge.certificates.open()
        assert (edge.certificates.own_ends_soon() is not None) is soon
