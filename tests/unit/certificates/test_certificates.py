"""The authority: what it vouches for, when it is renewed, what happens to a damaged one."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from evenly.local.certificates import (
    CertificateNames,
    Change,
    issue_instance,
    open_authority,
    remove_instance,
)
from evenly.local.certificates.issuing import renew_at

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAMES = CertificateNames("hello", "hello.example.com")
ID = "i-00000000000000001"
ALL = (Change.AUTHORITY_MADE, Change.EDGE_ISSUED, Change.CLIENT_ISSUED)
REPLACED = (Change.AUTHORITY_REPLACED, Change.EDGE_ISSUED, Change.CLIENT_ISSUED)


def read(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def test_the_first_time_everything_is_made(tmp_path):
    authority = open_authority(tmp_path / "c", NAMES, NOW)
    assert (authority.changes, authority.kept_aside) == (ALL, ())
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700
    for key in (authority.files.ca_key, authority.files.edge_key, authority.files.client_key):
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
        assert isinstance(load_pem_private_key(key.read_bytes(), None).curve, ec.SECP256R1)


def test_the_second_time_nothing_is_done(tmp_path):
    open_authority(tmp_path, NAMES, NOW)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert open_authority(tmp_path, NAMES, NOW).changes == ()
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


def test_the_authority_can_vouch_for_this_machine_alone(tmp_path):
    certificate = read(open_authority(tmp_path, NAMES, NOW).files.ca)
    limits = extension(certificate, x509.NameConstraints)
    assert limits.critical
    assert [str(name.value) for name in limits.value.permitted_subtrees] == [
        "localhost",
        "evenly.internal",
        "hello.example.com",
        "127.0.0.0/8",
        "::1/128",
    ]
    assert extension(certificate, x509.BasicConstraints).value == x509.BasicConstraints(True, 0)


def test_the_edge_has_its_names_and_a_lifetime_that_browsers_accept(tmp_path):
    certificate = read(open_authority(tmp_path, NAMES, NOW).files.edge)
    names = extension(certificate, x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == [
        "localhost",
        "hello.localhost",
        "hello.example.com",
        "127.0.0.1",
        "::1",
    ]
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert timedelta(days=89) < lifetime <= timedelta(days=90)


def test_each_certificate_is_for_one_purpose(tmp_path):
    authority = open_authority(tmp_path, NAMES, NOW)
    instance = issue_instance(authority, ID, tmp_path / "instances", NOW)
    for path, purpose in (
        (authority.files.edge, Purpose.SERVER_AUTH),
        (authority.files.client, Purpose.CLIENT_AUTH),
        (instance.certificate, Purpose.SERVER_AUTH),
    ):
        assert list(extension(read(path), x509.ExtendedKeyUsage).value) == [purpose]


def test_an_instance_has_a_name_of_its_own(tmp_path):
    authority = open_authority(tmp_path, NAMES, NOW)
    files = issue_instance(authority, ID, tmp_path / "instances", NOW)
    names = extension(read(files.certificate), x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [f"{ID}.evenly.internal"]
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert files.ca.read_bytes() == authority.files.ca.read_bytes()
    remove_instance(ID, tmp_path / "instances")
    remove_instance(ID, tmp_path / "instances")
    assert not files.key.exists()


def test_a_leaf_at_two_thirds_of_its_life_is_issued_again(tmp_path):
    open_authority(tmp_path, NAMES, NOW)
    assert open_authority(tmp_path, NAMES, NOW + timedelta(days=90 * 7 / 12 - 1)).changes == ()
    later = NOW + timedelta(days=60)
    assert open_authority(tmp_path, NAMES, later).changes == (Change.EDGE_ISSUED, Change.CLIENT_ISSUED)


def test_what_was_issued_together_is_not_renewed_together(tmp_path):
    authority = open_authority(tmp_path, NAMES, NOW)
    issued = [issue_instance(authority, f"i-{n}", tmp_path / "instances", NOW) for n in range(8)]
    times = {renew_at(read(it.certificate)).date() for it in issued}
    assert len(times) > 2
    assert max(times) - min(times) <= timedelta(days=8)


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
@pytest.mark.parametrize("file", ["edge.pem", "edge.key"])
def test_a_damaged_leaf_is_issued_again(tmp_path, file, damage):
    open_authority(tmp_path, NAMES, NOW)
    harm(tmp_path / file, damage)
    assert open_authority(tmp_path, NAMES, NOW).changes == (Change.EDGE_ISSUED,)


def test_a_leaf_of_another_name_is_issued_again(tmp_path):
    open_authority(tmp_path, NAMES, NOW)
    assert open_authority(tmp_path, CertificateNames("shop"), NOW).changes == (Change.EDGE_ISSUED,)


def test_a_leaf_with_anothers_key_is_issued_again(tmp_path):
    files = open_authority(tmp_path, NAMES, NOW).files
    files.edge_key.write_bytes(files.client_key.read_bytes())
    assert open_authority(tmp_path, NAMES, NOW).changes == (Change.EDGE_ISSUED,)


def test_a_leaf_of_another_authority_is_issued_again(tmp_path):
    here = open_authority(tmp_path / "here", NAMES, NOW).files
    there = open_authority(tmp_path / "there", NAMES, NOW).files
    for name in ("edge.pem", "edge.key"):
        (here.folder / name).write_bytes((there.folder / name).read_bytes())
    assert open_authority(tmp_path / "here", NAMES, NOW).changes == (Change.EDGE_ISSUED,)


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
@pytest.mark.parametrize("file", ["ca.pem", "ca.key"])
def test_a_damaged_authority_is_kept_aside_and_replaced(tmp_path, file, damage):
    old = open_authority(tmp_path, NAMES, NOW).files.ca.read_bytes()
    harm(tmp_path / file, damage)
    left = {path.name: path.read_bytes() for path in tmp_path.glob("ca.*")}
    authority = open_authority(tmp_path, NAMES, NOW)
    assert authority.changes == REPLACED
    kept = {path.name.split(".old-")[0]: path.read_bytes() for path in authority.kept_aside}
    assert kept == left
    assert authority.files.ca.read_bytes() != old


def test_an_alias_that_the_authority_may_not_vouch_for_needs_another(tmp_path):
    open_authority(tmp_path, CertificateNames("hello"), NOW)
    authority = open_authority(tmp_path, NAMES, NOW)
    assert authority.changes == REPLACED
    assert sorted(path.name for path in authority.kept_aside) == [
        "ca.key.old-20261124T120000Z",
        "ca.pem.old-20261124T120000Z",
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("ca.key*"))


def test_an_authority_that_has_ended_is_replaced(tmp_path):
    open_authority(tmp_path, NAMES, NOW)
    leaves = (Change.EDGE_ISSUED, Change.CLIENT_ISSUED)
    assert open_authority(tmp_path, NAMES, NOW + timedelta(days=3651)).changes == leaves
    assert open_authority(tmp_path, NAMES, NOW + timedelta(days=3652)).changes == REPLACED


def test_no_leaf_outlives_its_authority(tmp_path):
    files = open_authority(tmp_path, NAMES, NOW).files
    open_authority(tmp_path, NAMES, NOW + timedelta(days=3600))
    assert read(files.edge).not_valid_after_utc == read(files.ca).not_valid_after_utc


def test_where_it_can_be_reached_from_elsewhere_it_vouches_for_those_addresses_alone(tmp_path):
    names = CertificateNames("hello", hosts=("laptop",), listen=("192.0.2.7", "2001:db8::7"))
    authority = open_authority(tmp_path, names, NOW)
    said = extension(read(authority.files.edge), x509.SubjectAlternativeName).value
    assert [str(name.value) for name in said] == [
        "localhost",
        "hello.localhost",
        "laptop",
        "127.0.0.1",
        "::1",
        "192.0.2.7",
        "2001:db8::7",
    ]
    limits = extension(read(authority.files.ca), x509.NameConstraints).value.permitted_subtrees
    assert {"192.0.2.7/32", "2001:db8::7/128", "laptop"} < {str(it.value) for it in limits}
    assert open_authority(tmp_path, CertificateNames("hello"), NOW).changes == (Change.EDGE_ISSUED,)


def test_two_authorities_of_one_name_are_told_apart(tmp_path):
    made = [read(open_authority(tmp_path / each, NAMES, NOW).files.ca) for each in "ab"]
    assert made[0].subject != made[1].subject


def test_importing_the_room_does_not_import_cryptography():
    said = "import sys, evenly.local.certificates; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False).returncode == 0


def harm(path, damage):
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
