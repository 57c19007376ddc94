"""The client sends what it is told to, waits no longer than it should, and shows what was asked and answered."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tests.functional.verify.conftest import Serve
from tests.functional.verify.fault import Fault
from tests.functional.verify.issuing import HOST

from evenly.verify.asking.addresses import LOOPBACK, Place, addresses, connect, place
from evenly.verify.asking.answers import LARGEST_BODY, Answer, one_line
from evenly.verify.asking.http1 import Connection
from evenly.verify.client import NoAnswerError, Service

GOOD = Fault("", "nothing is wrong")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@contextlib.contextmanager
def speaking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does as it likes with each connection, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        speak(connection)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def by_http(url: str) -> Service:
    return Service("https://127.0.0.1:1/", plain_url=url)


def test_what_is_sent_is_what_was_told() -> None:
    came: list[bytes] = []

    def keep(connection: socket.socket) -> None:
        came.append(connection.recv(65536))
        connection.sendall(OK)

    with speaking(keep) as url:
        asked = {"Host": "evil.example", "X-Odd": "ü"}
        answer = by_http(url).request("gEt", b"/\xff\\ b", asked, b"\x00\x01", plain=True)
    head, _, body = came[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"gEt /\xff\\ b HTTP/1.1",
        b"host: evil.example",
        b"accept: application/json",
        b"user-agent: evenly-verify",
        b"content-length: 2",
        "x-odd: ü".encode(),
    ]
    assert body == b"\x00\x01"
    assert (answer.status, answer.body, answer.version) == (200, b"hi", "1.1")


@pytest.mark.parametrize("http", ["1.1", "2", "3"])
def test_every_protocol_gives_the_same(serve: Serve, http) -> None:
    with serve(GOOD) as probe:
        found, lost = probe.service.get("/healthz", http=http), probe.service.get("/nowhere", http=http)
    assert (found.status, found.json(), found.version) == (200, {"status": "good"}, http)
    assert (lost.status, lost.media_type) == (404, "application/problem+json")
    assert found.evidence.request.startswith(f"GET https://{HOST}:")
    assert found.evidence.answer.startswith(
        f"HTTP/{http} 200 OK; content-type: application/json; 18 bytes in "
    )


@pytest.mark.parametrize("http", ["1.1", "2", "3"])
@pytest.mark.parametrize("certificate", ["strange", "misnamed", "ended"])
def test_a_certificate_that_is_not_to_be_trusted_is_not(serve: Serve, http, certificate: str) -> None:
    with serve(Fault("", "no trust", certificate=certificate)) as probe:
        with pytest.raises(NoAnswerError) as refused:
            probe.service.get("/", http=http)
        assert probe.target.logged("") is None
    assert refused.value.why.endswith(".")
    assert refused.value.evidence.request.startswith("GET https://")


def test_an_answer_that_drips_ends_in_time() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100:
            connection.sendall(bytes([letter]))
            time.sleep(0.05)

    with speaking(drip) as url:
        asking = Connection(connect(place(url)), patience_s=0.5)
        began = time.monotonic()
        with pytest.raises(NoAnswerError, match=r"No answer came within 0\.5 s\."):
            asking.exchange("GET /", "GET", b"GET / HTTP/1.1\r\n\r\n")
        assert time.monotonic() - began < 3
        asking.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence(answer: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with speaking(speak) as url, pytest.raises(NoAnswerError) as broken:
        by_http(url).request("GET", "/", plain=True)
    assert broken.value.why.startswith("No answer that can be read: ")
    assert broken.value.why.endswith(".")


def test_a_long_answer_is_cut() -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST_BODY + 70000))

    with speaking(speak) as url:
        answer = by_http(url).request("GET", "/", plain=True)
    assert len(answer.body) == LARGEST_BODY


def test_an_early_refusal_is_read_though_the_body_was_not_taken() -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(10)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.2)

    with speaking(speak) as url:
        answer = by_http(url).request("POST", "/", body=b"x" * 300_000, plain=True)
    assert answer.status == 413


def test_a_kept_connection_is_made_anew_once_the_other_side_ends_it() -> None:
    connections = []

    def speak(connection: socket.socket) -> None:
        connections.append(connection.recv(65536))
        connection.sendall(OK)
        connection.recv(65536)
        connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))

    with speaking(speak) as url, by_http(url).connection(plain=True) as asking:
        assert [asking.request("GET", "/").status for _ in range(4)] == [200] * 4
    assert len(connections) == 2


def test_nobody_there_is_told() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(NoAnswerError, match=r"No connection: .*refused\."):
            by_http(url).request("GET", "/", plain=True)


def test_names_below_localhost_are_this_machine() -> None:
    assert addresses("localhost", 1) == addresses("a.b.localhost", 1) == LOOPBACK
    assert addresses("127.0.0.1", 1) == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://localhost:8443/", Place("https", "localhost", 8443)),
        ("https://me:secret@example.com/x", Place("https", "example.com", 443)),
        ("http://[::1]:8080", Place("http", "::1", 8080)),
    ],
)
def test_the_place_of_a_url(url: str, found: Place) -> None:
    assert place(url) == found


def test_an_origin_has_brackets_and_no_usual_port() -> None:
    assert place("https://[::1]:443/").origin == "https://[::1]"
    assert place("http://example.com:8080/").origin == "http://example.com:8080"


@pytest.mark.parametrize(
    ("url", "plain_url", "found"),
    [
        ("https://example.com/", None, Place("http", "example.com", 80)),
        ("https://example.com:8443/", None, None),
        ("https://example.com:8443/", "http://example.com:8080/", Place("http", "example.com", 8080)),
    ],
)
def test_where_http_is_asked(url: str, plain_url: str | None, found: Place | None) -> None:
    assert Service(url, None, plain_url).plain_place == found


@pytest.mark.parametrize("url", ["ftp://example.com/", "example.com", "https:///x", "https://example.com:x/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        place(url)


def test_the_evidence_is_one_short_line_without_secrets() -> None:
    headers = (
        ("location", "https://x/\r\n\x1b[31m"),
        ("set-cookie", "id=secret"),
        ("content-type", "text/html"),
    )
    shown = Answer("GET /", 302, headers, b"secret", "1.1", 0.0021).evidence
    assert shown.answer == (
        "HTTP/1.1 302 Found; location: https://x/\\r\\n\\x1b[31m; content-type: text/html; 6 bytes in 2 ms"
    )
    assert one_line("x" * 1000) == "x" * 199 + "…"


def test_the_request_shows_no_password_and_no_header_that_may_hold_one() -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK)

    with speaking(speak) as url:
        service = by_http(url.replace("127.0.0.1", "me:secret@127.0.0.1"))
        answer = service.request("GET", "/", {"authorization": "secret", "cookie": "secret"}, plain=True)
    assert "secret" not in str(answer.evidence)
    assert answer.evidence.request == f"GET {url}"
