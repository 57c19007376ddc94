"""The user's own certificate for the edge: whether it can serve, and hardly as meant. Reads the two files it names."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from evenly.local.certificates.issuing import is_issued_by
from evenly.local.certificates.keys import read_certificates
from evenly.manifest.linting.findings import Finding, Severity, error, warning
from evenly.manifest.types import Certificate as Files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

CHAIN, KEY = "http.certificate.chain", "http.certificate.key"
SOON = timedelta(days=14)
LEAST_RSA_BITS = 2048
CURVES = ("secp256r1", "secp384r1", "secp521r1")  # those that Envoy serves with
LARGEST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Pair:
    """What the edge may show: PEM text, as it was read."""

    chain: bytes
    key: bytes = field(repr=False)
    ends: datetime


@dataclass(frozen=True, slots=True)
class Examined:
    """`pair` is `None` where a finding is an error."""

    findings: tuple[Finding, ...]
    pair: Pair | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(it for it in self.findings if it.severity is Severity.ERROR)


def examine(files: Files, project: Path, name: str, now: datetime) -> Examined:
    """The certificate of `files`, paths in `project`, for the public host `name`. `now`: aware."""
    read = _Read(project / files.chain, project / files.key)
    found = tuple(read.findings(name, now))
    good = not any(it.severity is Severity.ERROR for it in found)
    pair = Pair(read.chain_pem, read.key_pem, read.chain[0].not_valid_after_utc) if good else None
    return Examined(found, pair)


def is_of_authority(authority: Path, chain: bytes) -> bool:
    """Whether the authority of that file has issued what is the first of `chain`."""
    issuers = read_certificates(authority.read_bytes()) if authority.exists() else ()
    return any(is_issued_by(each, leaf) for each in issuers for leaf in read_certificates(chain)[:1])


class _Read:
    """Both files, read once, so that what is examined is what is taken."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._problems: list[Finding] = []
        self.chain_pem = self._bytes(CHAIN, chain)
        self.key_pem = self._bytes(KEY, key)
        self.chain = read_certificates(self.chain_pem)
        self._key_file = key

    def findings(self, name: str, now: datetime) -> Iterator[Finding]:
        yield from self._problems
        if self._problems:
            return
        yield from _mode(self._key_file)
        if not self.chain:
            yield error(
                CHAIN, "there is no certificate in it.", "Write it in PEM: -----BEGIN CERTIFICATE-----."
            )
            return
        yield from _key_findings(self.key_pem, self.chain)
        yield from _order(self.chain)
        yield from _validity(self.chain, now)
        yield from _purpose(self.chain[0])
        yield from _names(self.chain[0], name)

    def _bytes(self, path: str, file: Path) -> bytes:
        try:
            with file.open("rb") as opened:
                return opened.read(LARGEST_BYTES)
        except FileNotFoundError:
            self._problems.append(
                error(path, f"{file.name} does not exist.", "Put it there, or name another.")
            )
        except OSError as refused:
            what = f"{file.name} can't be read ({refused.strerror})."
            self._problems.append(error(path, what, "Let this user read it."))
        return b""


def _mode(key: Path) -> Iterator[Finding]:
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & 0o077:
        what = f"{key.name} is open to others (mode {mode:04o})."
        yield error(KEY, what, f"Close it: chmod 600 {key.name}")


def _key_findings(pem: bytes, chain: Sequence[Certificate]) -> Iterator[Finding]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        yield error(KEY, "it has a passphrase.", "Take it away: openssl pkey -in KEY -out NEW")
        return
    except (ValueError, UnsupportedAlgorithm):
        yield error(KEY, "there is no private key in it.", "Write it in PEM: -----BEGIN PRIVATE KEY-----.")
        return
    weakness = _weakness(key)
    if weakness:
        yield error(KEY, weakness, "Have one issued for a key of EC P-256, or of RSA with 2048 bits.")
    if key.public_key() != chain[0].public_key():
        what = "it is not the key of the first certificate in the chain."
        yield error(
            KEY, what, "Name the key that the certificate was issued for; the chain begins with its own."
        )


def _weakness(key: PrivateKeyTypes) -> str | None:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    if isinstance(key, RSAPrivateKey):
        return f"RSA with {key.key_size} bits is too weak." if key.key_size < LEAST_RSA_BITS else None
    if isinstance(key, EllipticCurvePrivateKey):
        return None if key.curve.name in CURVES else f"the balancer does not serve with {key.curve.name}."
    return "it is neither an EC nor an RSA key."


def _order(chain: Sequence[Certificate]) -> Iterator[Finding]:
    for number, (lower, upper) in enumerate(pairwise(chain), 1):
        if not is_issued_by(upper, lower):
            what = f"certificate {number} was not issued by certificate {number + 1}."
            yield error(CHAIN, what, "Write your own first, then the one that issued it, and so on.")
            return


def _validity(chain: Sequence[Certificate], now: datetime) -> Iterator[Finding]:
    for number, it in enumerate(chain, 1):
        begins, ends = it.not_valid_before_utc, it.not_valid_after_utc
        if now >= ends:
            yield error(CHAIN, f"certificate {number} has ended on {ends:%Y-%m-%d}.", "Have it renewed.")
        elif now < begins:
            what = f"certificate {number} is valid only from {begins:%Y-%m-%d}."
            yield error(CHAIN, what, "Wait, or set this machine's clock right.")
        elif now >= ends - SOON:
            yield warning(CHAIN, f"certificate {number} ends on {ends:%Y-%m-%d}.", "Have it renewed.")


def _purpose(leaf: Certificate) -> Iterator[Finding]:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

    try:
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if Purpose.SERVER_AUTH not in uses and Purpose.ANY_EXTENDED_KEY_USAGE not in uses:
        yield error(CHAIN, "it is not for a server.", "Have one issued for TLS servers.")


def _names(leaf: Certificate, name: str) -> Iterator[Finding]:
    from cryptography import x509

    try:
        said = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        said = x509.SubjectAlternativeName([])
    names = said.get_values_for_type(x509.DNSName)
    if not any(_covers(pattern.lower(), name) for pattern in names):
        told = ", ".join(names) or "no host"
        yield warning(CHAIN, f"it is for {told}, not for {name}.", f"Have one issued for {name}.")


def _covers(pattern: str, name: str) -> bool:
    """A `*` stands for the first label alone."""
    first, _, rest = name.partition(".")
    return pattern == name or (pattern.startswith("*.") and bool(first) and pattern[2:] == rest)
