"""The authorities that RDS's certificates are proved by: who is in the bundle, and who is not."""

import datetime
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from evenly.aws.roots import FILE, regions

ROOT = Path(__file__).resolve().parents[3]
FOUND = x509.load_pem_x509_certificates(FILE.read_bytes())


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("roots_script", ROOT / "scripts/roots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_signed_itself_and_may_sign_others():
    for it in FOUND:
        it.verify_directly_issued_by(it)
        constraints = it.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical and constraints.value.ca


def test_none_ends_soon():
    assert min(it.not_valid_after_utc for it in FOUND) > datetime.datetime(2060, 1, 1, tzinfo=datetime.UTC)


def test_the_file_is_what_the_script_makes_of_it(script):
    assert script.roots(FOUND) == FILE.read_text("ascii")


def test_regions_are_those_with_the_authority_that_databases_are_given():
    assert {"eu-west-1", "us-east-1", "eu-central-1", "ap-southeast-2"} <= regions()
    assert len(regions()) == len(FOUND) / 3


def test_what_is_no_root_of_a_region_is_left_out(script):
    for title in ("Amazon RDS Root 2019 CA", "Amazon RDS Beta us-east-1 Root CA RSA2048 G1", "Some Root CA"):
        assert not script.NAME.fullmatch(title)


def test_one_that_did_not_sign_itself_is_refused(script):
    """One byte of the signature changed."""
    raw = bytearray(FOUND[0].public_bytes(Encoding.DER))
    raw[-1] ^= 1
    forged = x509.load_der_x509_certificate(bytes(raw))
    with pytest.raises(InvalidSignature):
        script.roots([forged])
