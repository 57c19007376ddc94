"""Every limit of the edge, tripped: its own answer, as a page or as problem JSON; just below it, service."""

import socket
import ssl
import time
from collections.abc import Iterator

import pytest
from tests.functional.edge.conftest import Edge, edge_with, get

from evenly.local.balancer.limits import HEADERS_KIB, URI_BYTES
from evenly.manifest.types import Bytes, Limits, Seconds

BODY = 64 * 1024
CONNECTIONS = 16
REQUESTS = 5
HTML = b"Accept: text/html\r\n"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    limits = Limits(body=Bytes(BODY), timeout=Seconds(1.0))
    with edge_with(tmp_path_factory.mktemp("limits"), limits) as made:
        yield made


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    limits = Limits(connections=CONNECTIONS, requests=REQUESTS)
    with edge_with(tmp_path_factory.mktemp("narrow"), limits) as made:
        yield made


def head(first: bytes = b"GET / HTTP/1.1", *more: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (first, b"Host: localhost", *more)) + b"\r\n"


def chunks(*sizes: int) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (size, b"x" * size) for size in (*sizes, 0))


CHUNKED = head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked")
MANY_HEADERS = [b"X-%d: 1" % number for number in range(101)]

REFUSED = {
    "foreign host": (400, b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
    "no request": (400, b"\x16\x03\x01 hello\r\n\r\n"),
    "another port that is none": (400, b"GET / HTTP/1.1\r\nHost: localhost:80@elsewhere\r\n\r\n"),
    "proxying": (400, b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n"),
    "proxying elsewhere": (
        400,
        b"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n",
    ),
    "echoing": (405, head(b"TRACE / HTTP/1.1")),
    "unknown method": (400, head(b"FROB / HTTP/1.1")),
    "old version": (426, head(b"GET / HTTP/1.0")),
    "header name with a space": (400, head(b"GET / HTTP/1.1", b"X Y: 1")),
    "header name with a bracket": (400, head(b"GET / HTTP/1.1", b"X(Y: 1")),
    "header name with an underscore": (400, head(b"GET / HTTP/1.1", b"X_Y: 1")),
    "header value with NUL": (400, head(b"GET / HTTP/1.1", b"X: a\x00b")),
    "escaped slash": (400, get("/a%2fb")),
    "NUL in the path": (400, get("/a%00b")),
    "chunk without a size": (400, CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"),
    "unknown coding": (501, head(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip, chunked") + chunks(2)),
    "body too large, said": (413, head(b"POST / HTTP/1.1", b"Content-Length: %d" % (BODY + 1))),
    "body too large, in chunks": (413, CHUNKED + chunks(BODY // 2, BODY // 2, 1)),
    "address too long": (414, get("/" + "a" * URI_BYTES)),
    "query too long": (414, get("/?" + "a" * URI_BYTES)),
    "headers too large": (431, head(b"GET / HTTP/1.1", b"X: " + b"x" * HEADERS_KIB * 1024)),
    "too many headers": (431, head(b"GET / HTTP/1.1", *MANY_HEADERS)),
    "slow headers": (408, b"GET / HTTP/1.1\r\nHost: loc"),
    "slow body": (408, head(b"POST / HTTP/1.1", b"Content-Length: 2") + b"x"),
    "answer that does not come": (504, get("/never")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_much_gets_its_own_answer(edge: Edge, name: str) -> None:
    status, request = REFUSED[name]
    answers = edge.clients.ask(request)
    assert [answer.status for answer in answers] == [status]
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert f'"status":{status}'.encode() in answers[0].body
    assert b"envoy" not in answers[0].body.lower()


def test_a_browser_gets_a_page_of_it(edge: Edge) -> None:
    for request in (
        b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n" + HTML + b"\r\n",
        head(b"GET / HTTP/1.1", b"Accept: text/html", b"Upgrade: other", b"Connection: upgrade"),
        head(b"POST / HTTP/1.1", b"Accept: text/html", b"Content-Length: %d" % (BODY + 1)),
        get("/" + "a" * URI_BYTES)[:-2] + HTML + b"\r\n",
    ):
        answer = edge.clients.first(request)
        assert answer is not None
        assert answer.headers["content-type"].startswith("text/html")
        assert b"<title>" in answer.body


ACCEPTED = {
    "own host": get("/"),
    "own host with any port": b"GET / HTTP/1.1\r\nHost: localhost:1234\r\n\r\n",
    "IPv6 host": b"GET / HTTP/1.1\r\nHost: [::1]:443\r\n\r\n",
    "body as large as may be": head(b"POST / HTTP/1.1", b"Content-Length: %d" % BODY) + b"x" * BODY,
    "chunks as large as may be": CHUNKED + chunks(BODY // 2, BODY // 2),
    "address as long as may be": get("/" + "a" * (URI_BYTES - 1)),
    "headers as large as may be": head(b"GET / HTTP/1.1", b"X: " + b"x" * (HEADERS_KIB - 1) * 1024),
    "many headers": head(b"GET / HTTP/1.1", *MANY_HEADERS[:90]),
    "late answer": get("/late"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_just_below_a_limit_is_served(edge: Edge, name: str) -> None:
    answer = edge.clients.first(ACCEPTED[name])
    assert answer is not None
    assert (answer.status, answer.body) == (200, b"hello")


def test_http2_has_the_same_limits(edge: Edge) -> None:
    for status, headers, path, body in (
        (413, [("content-length", str(BODY + 1))], "/", b""),
        (413, [], "/", b"x" * 16384 * 5),
        (414, [], "/" + "a" * URI_BYTES, b""),
        (400, [], "/a%2fb", b""),
    ):
        with edge.clients.http2() as wire:
            wire.send(wire.request(1, end=False, headers=headers, path=path, method="POST"))
            wire.send(*(wire.data(1, body[at : at + 16384]) for at in range(0, len(body), 16384)))
            assert (path[:9], wire.status(1)) == (path[:9], status)


def test_http2_headers_have_the_same_limits(edge: Edge) -> None:
    for headers in ([("x", "x" * 66_000)], [(f"x-{number}", "1") for number in range(101)]):
        with edge.clients.http2() as wire:
            wire.send(wire.request(1, headers=headers))
            assert wire.status(1) in (431, None)
    assert edge.clients.first(get()) is not None


def test_a_large_body_is_counted_and_not_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    size = 64 * 1024 * 1024
    with edge_with(tmp_path_factory.mktemp("large"), Limits(body=Bytes(size))) as edge:
        before = edge.memory()
        with edge.clients.http1(patience_s=60) as wire:
            wire.send(head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked"))
            part = b"%x\r\n%b\r\n" % (65536, b"x" * 65536)
            most = before
            for _ in range(size // 65536):
                assert wire.send(part)
                most = max(most, edge.memory())
            wire.send(b"1\r\nx\r\n0\r\n\r\n")
            answer = wire.answer()
        assert answer is not None
        assert answer.status == 413
        assert most - before < 16 * 1024 * 1024


def test_a_websocket_is_held_to_no_body_and_no_request_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    limits = Limits(body=Bytes(1024), timeout=Seconds(1.0))
    with edge_with(tmp_path_factory.mktemp("socket"), limits) as edge, edge.clients.http1() as wire:
        wire.send(head(b"GET /socket HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket"))
        assert b" 101 " in wire.socket.recv(4096)
        for _ in range(6):
            time.sleep(0.3)
            wire.send(b"x" * 1024)
            got = 0
            while got < 1024:
                got += len(wire.socket.recv(4096)) or 10**6
            assert got == 1024


def test_what_stops_in_mid_answer_is_ended(edge: Edge) -> None:
    with edge.clients.http1() as wire:
        wire.send(get("/half"))
        assert wire.is_closed(within_s=5)


def test_a_silent_connection_is_closed(edge: Edge) -> None:
    with edge.clients.http1() as secured, edge.clients.plain() as no_handshake:
        assert secured.is_closed(within_s=5)
        no_handshake.settimeout(5)
        assert no_handshake.recv(1) == b""


def test_a_client_that_asks_too_often_is_told_to_wait(narrow: Edge) -> None:
    answers = [narrow.clients.first(get()) for _ in range(3 * REQUESTS)]
    statuses = [answer.status for answer in answers if answer]
    refused = next(answer for answer in answers if answer and answer.status == 429)
    assert REQUESTS <= statuses.count(200) < 2 * REQUESTS
    assert statuses.count(200) + statuses.count(429) == 3 * REQUESTS
    assert refused.headers["retry-after"] == "1"
    time.sleep(1.1)
    again = narrow.clients.first(get())
    assert again is not None
    assert again.status == 200


def test_another_client_is_not_held_to_it(narrow: Edge) -> None:
    time.sleep(1.1)
    narrow.clients.ask(get() * 3 * REQUESTS)
    other = socket.create_connection(("127.0.0.1", narrow.clients.port), 5, source_address=("127.0.0.9", 0))
    trust = ssl.create_default_context(cafile=narrow.clients.authority)
    with trust.wrap_socket(other, server_hostname="localhost") as secured:
        secured.sendall(get())
        assert secured.recv(12) == b"HTTP/1.1 200"


def test_health_checks_are_never_held_to_it(narrow: Edge) -> None:
    narrow.clients.ask(get() * 10 * REQUESTS)
    time.sleep(1.5)  # longer than an interval: at five a second none would get through
    health = narrow.world.admin.endpoint_health()
    assert all(each.healthy for each in health.values())


def test_a_connection_too_many_is_turned_away_and_the_others_stay(narrow: Edge) -> None:
    time.sleep(1.1)
    opened = [narrow.clients.http1() for _ in range(CONNECTIONS)]
    try:
        with pytest.raises((OSError, ssl.SSLError)):
            narrow.clients.http1(patience_s=2)
        opened[0].send(get())
        answer = opened[0].answer()
        assert answer is not None
        assert answer.status == 200
    finally:
        for each in opened:
            each.close()
    deadline = time.monotonic() + 5
    while not served(narrow):
        assert time.monotonic() < deadline, "the places were not given back"


def served(edge: Edge) -> bool:
    time.sleep(0.05)
    try:
        answer = edge.clients.first(get())
    except OSError:
        return False
    return answer is not None and answer.status == 200


def test_what_was_refused_leaves_no_address_in_the_log(edge: Edge) -> None:
    edge.clients.ask(head(b"POST /?token=secret HTTP/1.1", b"Content-Length: %d" % (BODY + 1)))
    assert "secret" not in edge.log()
