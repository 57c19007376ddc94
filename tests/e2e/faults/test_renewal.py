"""Certificates renewed while requests come, and every failed one counted: the leaves, then the authority itself.

A lower rate than for other faults: renewal starts more processes, and each is once in a life of certificates.
"""

import os
import signal
import ssl
from contextlib import closing

import pytest
from cryptography.x509 import load_pem_x509_certificates
from tests.e2e.faults.aging import age_authority, age_leaves


@pytest.fixture(scope="module")
def renewed(make_shared):
    made = make_shared()
    made.up()
    return made


RATE = 100.0


def folder(made):
    return made.home / "certificates"


def told(made) -> list[str]:
    return [it["action"] for it in made.journal()]


def all_replaced(made, gone) -> bool:
    return made.look().state == "healthy" and len(made.serving) == 2 and not set(gone) & set(made.serving)


def asked(connection) -> tuple[int, bytes]:
    """The port of this end, and the certificate of the other, on a connection that goes on."""
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, bool(answer.read())) == (200, True)
    return connection.sock.getsockname()[1], connection.sock.getpeercert(binary_form=True)


def assert_none_failed(result, capsys) -> None:
    assert result.requests > 500
    assert not result.failed, f"{len(result.failed)} of {result.requests} failed: {result.failed[:3]}"
    with capsys.disabled():
        print(f"\n0 of {result.requests} failed; the sender was {result.void or 'in time'}")


def another_supervisor(made) -> None:
    before = made.part_pids["supervisor"]
    os.kill(before, signal.SIGKILL)
    made.wait_for(lambda: made.look().supervisor.pid not in (None, before), 30)


def test_leaves_that_are_about_to_end(renewed, under_load, capsys):
    """An open connection stays; edge and client are issued anew, instances are replaced; nothing fails."""
    with closing(renewed.connection()) as connection:
        shown = asked(connection)
        balancer = renewed.part_pids["balancer"]

        def fault() -> None:
            gone = renewed.serving
            age_leaves(folder(renewed), "hello", 89)
            renewed.wait_for(lambda: all_replaced(renewed, gone), 30, "other instances")

        assert_none_failed(under_load(renewed, fault, RATE, once=True), capsys)
        assert asked(connection) == shown
    assert renewed.connection().certificate() != shown[1]
    assert renewed.part_pids["balancer"] == balancer
    whys = [it["why"] for it in renewed.journal() if it["action"] == "drain"]
    assert whys
    assert all(it.startswith("replaced because its certificate ends on ") for it in whys)


def test_the_authority_is_announced_and_then_takes_over(renewed, under_load, capsys):
    def announced() -> None:
        gone = renewed.serving
        age_authority(folder(renewed), "hello", 100)
        another_supervisor(renewed)
        renewed.wait_for(lambda: all_replaced(renewed, gone), 30, "instances that trust the next authority")

    assert_none_failed(under_load(renewed, announced, RATE, once=True), capsys)
    (notice,) = renewed.wait_for(lambda: renewed.look().notices, 10, "the notice")
    assert "evenly trust" in notice
    assert "authority-switched" not in told(renewed)
    ca, following = (folder(renewed) / "ca.pem").read_bytes(), (folder(renewed) / "next.pem").read_bytes()
    assert renewed.run("trust").stdout.count("SHA-256") == 2

    def taken_over() -> None:
        gone = renewed.serving
        age_authority(folder(renewed), "hello", 20)
        another_supervisor(renewed)
        renewed.wait_for(lambda: all_replaced(renewed, gone), 40, "instances of the next authority")

    assert_none_failed(under_load(renewed, taken_over, RATE, ca=ca + following, once=True), capsys)
    renewed.wait_for(lambda: "authority-forgotten" in told(renewed), 20, "the end of the old authority")
    assert (folder(renewed) / "ca.pem").read_bytes() == following
    assert len(load_pem_x509_certificates((folder(renewed) / "trusted.pem").read_bytes())) == 1
    assert renewed.look().notices == ()
    assert renewed.get("/").status == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        renewed.connection(ca).certificate()
