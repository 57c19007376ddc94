"""What the checks are told of a local environment: the pure parts, and small servers of every kind."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evenly.core.facts import Attempt
from evenly.local.certificates import (
    CertificateFiles,
    CertificateNames,
    issue_instance,
    issuing,
    open_authority,
)
from evenly.local.certificates.authority import instance_files
from evenly.local.certificates.keys import new_key
from evenly.local.certificates.pairs import write_pair
from evenly.local.inspection import access, certificates, instances
from evenly.local.paths import Paths, local_paths

ID = "i-0123456789abcdef0"
OTHER = "i-fedcba98765432100"
NOW = datetime.now(UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = local_paths(tmp_path, tmp_path, os.geteuid())
    made.home.mkdir(parents=True)
    authority = open_authority(made.certificates, CertificateNames("hello"), NOW)
    for id in (ID, OTHER):
        issue_instance(authority, id, made.instance_certificates, NOW)
    return made


@contextmanager
def serving(context: ssl.SSLContext | None, answer: bytes = OK) -> Iterator[str]:
    """A server that gives everybody whom it lets in the same answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, context, answer), daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def _serve(server: socket.socket, context: ssl.SSLContext | None, answer: bytes) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        try:
            connection.settimeout(5)
            made = context.wrap_socket(connection, server_side=True) if context else connection
            with made:
                made.recv(4096)
                made.sendall(answer)
        except OSError:
            connection.close()


def secured(paths: Paths, *, verifies: bool = True) -> ssl.SSLContext:
    folder = paths.instance_certificates / ID
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    if verifies:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def let_in(found: tuple[Attempt, ...]) -> list[str]:
    return [it.tried.partition(f" of {ID} ")[2] for it in found if not it.refused]


def ask(paths: Paths, address: str, protocol: str = "https") -> tuple[Attempt, ...]:
    both = instances.ask(paths, [(ID, address), (OTHER, address)], protocol)  # type: ignore[arg-type]
    return tuple(it for it in both if f" of {ID} " in it.tried)


def test_one_that_verifies_its_clients_answers_nobody(paths: Paths) -> None:
    with serving(secured(paths)) as address:
        found = ask(paths, address)
        assert [it.tried.rpartition(f" of {ID} ")[2] for it in found] == [
            "without TLS",
            "without a certificate",
            "with a stranger's certificate",
            "with an instance's certificate",
        ]
        assert let_in(found) == [], found


def test_one_that_asks_for_no_certificate_answers_everybody(paths: Paths) -> None:
    with serving(secured(paths, verifies=False)) as address:
        found = ask(paths, address)
    assert let_in(found) == [
        "without a certificate",
        "with a stranger's certificate",
        "with an instance's certificate",
    ]
    assert {it.told for it in found if not it.refused} == {"answered: HTTP/1.1 200 OK"}


def test_one_that_takes_every_certificate_of_the_authority_answers_another_instance(paths: Paths) -> None:
    authority = open_authority(paths.certificates, CertificateNames("hello"), NOW)
    passes = issuing.make_client(
        authority.issuer, new_key(), NOW
    )  # to a server that does not look at the purpose
    with serving(secured(paths)) as address:
        files = instance_files(paths.instance_certificates, ID)
        write_pair(files.certificate, files.key, passes)
        assert let_in(ask(paths, address)) == ["with an instance's certificate"]


def test_one_without_tls_answers_everybody(paths: Paths) -> None:
    with serving(None) as address:
        assert let_in(ask(paths, address)) == ["without TLS"]
        assert let_in(ask(paths, address, "http")) == ["without TLS"]


def test_one_that_is_gone_answers_nobody(paths: Paths) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    assert let_in(ask(paths, address)) == []


@pytest.mark.parametrize(
    ("answer", "secured", "refuses"),
    [
        (b"", True, True),
        (b"\x15\x03\x03\x00\x02\x02\x46", False, True),
        (b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.", False, True),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nNo required SSL certificate was sent", True, True),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nInvalid host", True, False),
        (b"HTTP/1.1 404 Not Found\r\n\r\nno certificate", True, False),
        (OK, True, False),
        (OK, False, False),
    ],
)
def test_what_counts_as_a_refusal(answer: bytes, secured: bool, refuses: bool) -> None:
    assert instances.is_refusal(answer, secured=secured) is refuses


@pytest.mark.parametrize(("mode", "closed"), [(0o700, True), (0o710, False), (0o701, False), (0o755, False)])
def test_a_folder_is_closed_by_its_mode(tmp_path: Path, mode: int, closed: bool) -> None:
    folder = tmp_path / "i"
    folder.mkdir()
    folder.chmod(mode)
    assert instances.closed_folder(folder).refused is closed
    assert instances.closed_folder(folder, group=folder.stat().st_gid).refused is (mode in (0o700, 0o710))
    assert instances.closed_folder(folder, group=folder.stat().st_gid + 1).refused is closed


def test_a_link_to_a_closed_folder_is_not_one(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("closed")
    assert not instances.closed_folder(tmp_path / "link").refused


def test_instances_on_sockets_are_closed_by_their_folder(paths: Paths) -> None:
    paths.instance_sockets.mkdir(parents=True, mode=0o700)
    both = [(ID, str(paths.instance_sockets / "a")), (OTHER, str(paths.instance_sockets / "b"))]
    (only,) = instances.ask(paths, both, "http")
    assert only.refused
    paths.instance_sockets.chmod(0o755)
    (only,) = instances.ask(paths, both, "http")
    assert not only.refused


def test_the_edge_s_certificate_is_the_one_on_the_wire(paths: Paths) -> None:
    with serving(secured(paths, verifies=False)) as address:
        found = {it.name: it for it in certificates.lives(paths, int(address.rpartition(":")[2]), [ID])}
    assert set(found) == {"edge", "authority", "balancer", ID}
    assert found["edge"].not_after == found[ID].not_after  # what this server shows
    assert datetime.fromisoformat(found["authority"].not_after) > NOW + timedelta(days=3000)
    assert all(it.renews for it in found.values())


def test_a_certificate_of_a_person_s_own_is_not_renewed(paths: Paths, tmp_path: Path) -> None:
    files = CertificateFiles(paths.certificates)
    assert certificates.is_ours(files)
    stranger = open_authority(tmp_path / "other", CertificateNames("hello"), NOW)
    files.edge.write_bytes(stranger.files.edge.read_bytes())
    assert not certificates.is_ours(files)


def test_a_request_s_line_is_found_by_its_id_alone(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    assert access.line_of(log, "abc") is None
    (tmp_path / "access.log.1").write_text('{"request_id":"old"}\n')
    log.write_text('{"path":"/abc","request_id":"x"}\n{"request_id":"abc","n":1}\n{"request_id":"a\n')
    assert access.line_of(log, "abc") == '{"request_id":"abc","n":1}'
    assert access.line_of(log, "old") == '{"request_id":"old"}'
    assert access.line_of(log, "/abc") is None
