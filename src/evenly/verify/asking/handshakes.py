"""TLS handshakes: what is agreed on, whom the certificate names, and whether it is to be trusted.

Each question is put to OpenSSL alone, so that a certificate with one fault fails one question.
"""

import socket
import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from msgspec import Struct

from evenly.verify.asking.addresses import PATIENCE_S, Place, connect
from evenly.verify.asking.answers import NoAnswerError
from evenly.verify.asking.http1 import told

# OpenSSL's x509_vfy.h: `ssl` has no names for these.
_NO_CHECK_TIME = 0x200000
_WRONG_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


class Agreed(Struct, frozen=True):
    """What a handshake came to. `version` as in `TLSv1.3`; `protocol` is ALPN's, `None` where none was chosen."""

    version: str
    cipher: str
    protocol: str | None
    certificate: bytes


class Life(Struct, frozen=True):
    """A certificate's. `issuer` and `subject` as RFC 4514 writes them."""

    begins: datetime
    ends: datetime
    issuer: str
    names: tuple[str, ...]


def trusting(ca_file: Path | None, *protocols: str) -> ssl.SSLContext:
    """As any client: chain, name and time are verified. `protocols`: for ALPN. Raises OSError."""
    context = ssl.create_default_context(cafile=ca_file)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def believing() -> ssl.SSLContext:
    """Verifies nothing: to look at what is there. Nothing of ours is sent over it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wrap(where: Place, context: ssl.SSLContext, patience_s: float = PATIENCE_S) -> ssl.SSLSocket:
    """A TLS connection. Raises OSError (ssl.SSLError is one)."""
    plain = connect(where, patience_s)
    plain.settimeout(patience_s)
    try:
        return context.wrap_socket(plain, server_hostname=where.host)
    except BaseException:
        plain.close()
        raise


def shake(where: Place, context: ssl.SSLContext) -> Agreed:
    """One handshake, and no request. Raises NoAnswerError; ssl.SSLCertVerificationError as it is."""
    try:
        with wrap(where, context) as made:
            cipher = made.cipher()
            return Agreed(
                made.version() or "",
                cipher[0] if cipher else "",
                made.selected_alpn_protocol(),
                made.getpeercert(binary_form=True) or b"",
            )
    except ssl.SSLCertVerificationError:
        raise
    except OSError as error:
        raise NoAnswerError(asked(where), f"No TLS connection: {told(error)}.") from None


def asked(where: Place) -> str:
    return f"TLS handshake with {where.authority}"


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Offers that version and no other."""
    context = believing()
    context.minimum_version = context.maximum_version = version
    return context


def distrust(where: Place, ca_file: Path | None) -> str | None:
    """Why the chain is not to be trusted, as a clause, whatever name and time say; `None` if it is."""
    context = trusting(ca_file)
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    try:
        shake(where, context)
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message)
    return None


def misnamed(where: Place) -> str | None:
    """Why the certificate is not for this host, as a clause, whoever issued it; `None` if it is."""
    certificate = shake(where, believing()).certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)  # trusted as it is, so that the name alone is judged
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    try:
        shake(where, context)
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message) if error.verify_code in _WRONG_NAME else None
    return None


def life(certificate: bytes) -> Life:
    """Of a certificate in DER. Raises ValueError."""
    read = x509.load_der_x509_certificate(certificate)
    try:
        found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(str(each.value) for each in found)
    except x509.ExtensionNotFound:
        names = ()
    return Life(read.not_valid_before_utc, read.not_valid_after_utc, read.issuer.rfc4514_string(), names)


def first_bytes(where: Place, sent: bytes, count: int) -> bytes:
    """What comes back for raw bytes: up to `count`, fewer where the connection ends. Raises OSError."""
    with connect(where) as made:
        made.settimeout(PATIENCE_S)
        made.sendall(sent)
        return _received(made, count)


def _received(made: socket.socket, count: int) -> bytes:
    came = b""
    while len(came) < count:
        try:
            more = made.recv(count - len(came))
        except ConnectionError:  # a refusal may be a reset
            return came
        if not more:
            return came
        came += more
    return came
