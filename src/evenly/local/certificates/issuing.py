"""Makes and judges certificates: pure functions of keys, names and the time that is passed in. No files.

EC P-256 throughout: every browser, BoringSSL, OpenSSL and rustls speak it. cryptography is imported where it
is used, because it costs more to import than all else that a command needs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from evenly.local.certificates.names import CertificateNames, instance_name

if TYPE_CHECKING:
    from cryptography.x509 import (
        Certificate,
        CertificateBuilder,
        ExtendedKeyUsage,
        GeneralName,
        KeyUsage,
        Name,
    )

    from evenly.local.certificates.keys import Key

AUTHORITY_LIFETIME = timedelta(days=3652)
LEAF_LIFETIME = timedelta(days=90)  # as Mozilla's guidelines recommend; they renew themselves
RENEW_AT = 2 / 3  # of its life
JITTER = 1 / 12  # of its life, before that: what was issued together is not renewed together
CLOCK_SKEW = timedelta(minutes=5)


class Issued(NamedTuple):
    """A certificate with the key that it is for."""

    certificate: Certificate
    key: Key


def make_authority(key: Key, names: CertificateNames, now: datetime) -> Issued:
    """An authority that signs itself, for the `permitted` names and loopback addresses alone."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    subject = _subject(f"Evenly authority of {names.name} ({_fingerprint(key)})"[:64])
    built = (
        _builder(subject, subject, key, now, AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Issued(built.sign(key, hashes.SHA256()), key)


def make_edge(authority: Issued, key: Key, names: CertificateNames, now: datetime) -> Issued:
    """What browsers see: serves under the names of the edge, and under no other."""
    return _leaf(authority, key, names.edge[1], _edge_names(names), _purpose(server=True), now)


def make_client(authority: Issued, key: Key, now: datetime) -> Issued:
    """What the balancer shows to instances: a client, and never a server."""
    from cryptography import x509

    name = instance_name("balancer")
    return _leaf(authority, key, name, (x509.DNSName(name),), _purpose(server=False), now)


def make_instance(authority: Issued, key: Key, instance_id: str, now: datetime) -> Issued:
    """What an instance shows to the balancer: a server, and never a client of another instance."""
    from cryptography import x509

    name = instance_name(instance_id)
    return _leaf(authority, key, name, (x509.DNSName(name),), _purpose(server=True), now)


def authority_serves(authority: Issued, names: CertificateNames, now: datetime) -> bool:
    """Whether this authority is whole, valid, and may vouch for all of `names`."""
    from cryptography import x509

    try:
        constraints = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    allowed = constraints.value.permitted_subtrees or []
    return (
        authority.certificate.not_valid_before_utc <= now < authority.certificate.not_valid_after_utc
        and _belong(authority)
        and constraints.critical
        and set(_permitted(names)) <= set(allowed)
    )


def permitted_names(authority: Certificate) -> tuple[str, ...]:
    """The names and networks that it may vouch for, as text."""
    from cryptography import x509

    try:
        found = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(str(it.value) for it in found.permitted_subtrees or ())


def edge_serves(authority: Issued, leaf: Issued, names: CertificateNames, now: datetime) -> bool:
    """Whether this edge certificate is the authority's, lasts, and has exactly the names of the edge."""
    from cryptography import x509

    try:
        said = leaf.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return client_serves(authority, leaf, now) and set(said) == set(_edge_names(names))


def client_serves(authority: Issued, leaf: Issued, now: datetime) -> bool:
    """Whether this certificate is the authority's, belongs to its key, and need not be renewed yet."""
    certificate = leaf.certificate
    lasts = certificate.not_valid_before_utc <= now < renew_at(certificate)
    return lasts and _belong(leaf) and is_issued_by(authority.certificate, certificate)


def is_issued_by(authority: Certificate, leaf: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        leaf.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def renew_at(leaf: Certificate) -> datetime:
    """When to renew it: at two thirds of its life, or a little before, as its serial number has it."""
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    return begins + (ends - begins) * (RENEW_AT - JITTER * (leaf.serial_number % 1000) / 1000)


def _leaf(
    authority: Issued,
    key: Key,
    common_name: str,
    names: tuple[GeneralName, ...],
    purpose: ExtendedKeyUsage,
    now: datetime,
) -> Issued:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    issuer = authority.certificate.subject
    built = (
        _builder(_subject(common_name[:64]), issuer, key, now, _lifetime(authority, now))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(by, critical=False)
    )
    return Issued(built.sign(authority.key, hashes.SHA256()), key)


def _lifetime(authority: Issued, now: datetime) -> timedelta:
    """Of a leaf from `now` on: it does not outlive its authority."""
    return min(LEAF_LIFETIME - CLOCK_SKEW, authority.certificate.not_valid_after_utc - now)


def _builder(subject: Name, issuer: Name, key: Key, now: datetime, lifetime: timedelta) -> CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + lifetime)
    )


def _subject(common_name: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _fingerprint(key: Key) -> str:
    """8 hex digits: two authorities of one name must differ, or a browser takes the one for the other."""
    from cryptography import x509

    return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]


def _edge_names(names: CertificateNames) -> tuple[GeneralName, ...]:
    from cryptography import x509

    dns = tuple(x509.DNSName(name) for name in names.edge)
    return (*dns, *(x509.IPAddress(address) for address in names.addresses))


def _permitted(names: CertificateNames) -> tuple[GeneralName, ...]:
    from cryptography import x509

    dns = tuple(x509.DNSName(name) for name in names.permitted)
    return (*dns, *(x509.IPAddress(network) for network in names.networks))


def _purpose(*, server: bool) -> ExtendedKeyUsage:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

    return x509.ExtendedKeyUsage([Purpose.SERVER_AUTH if server else Purpose.CLIENT_AUTH])


def _usage(*, signs_certificates: bool) -> KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _belong(issued: Issued) -> bool:
    return issued.certificate.public_key() == issued.key.public_key()
