"""SCRAM-SHA-256 verifiers, made here, so that PostgreSQL is never sent a password that it could log. Pure.

The form is that of `pg_authid.rolpassword` (RFC 5803); 4096 iterations is PostgreSQL's own default, and ample
for random passwords.
"""

import base64
import hashlib
import hmac

from evenly.core.secret import Secret

ITERATIONS = 4096
SALT_BYTES = 16


def verifier(password: Secret, salt: bytes, iterations: int = ITERATIONS) -> str:
    """What the server keeps in place of `password` (ASCII: others would need RFC 4013). `salt`: random bytes."""
    salted = hashlib.pbkdf2_hmac("sha256", password.reveal().encode("ascii"), salt, iterations)
    stored = hashlib.sha256(_signed(salted, b"Client Key")).digest()
    server = _signed(salted, b"Server Key")
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(server)}"


def matches(password: Secret, kept: str | None) -> bool:
    """Whether `kept` (a verifier, or anything else that a role may have) is one of `password`."""
    try:
        mechanism, count_and_salt, _ = (kept or "").split("$")
        count, salt = count_and_salt.split(":")
        made = verifier(password, base64.b64decode(salt, validate=True), int(count))
    except ValueError:
        return False
    return mechanism == "SCRAM-SHA-256" and hmac.compare_digest(made, kept or "")


def _signed(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
