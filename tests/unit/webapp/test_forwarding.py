"""What the balancer's headers make of a request, and that nothing else changes it."""

import pytest

from evenly.webapp.forwarding import Proxies, forwarded, seen

HTTP = {"type": "http", "scheme": "https", "client": ("127.0.0.1", "5"), "server": ("127.0.1.10", "20000")}


def told(**headers: str) -> dict[str, object]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return seen({**HTTP, "headers": pairs})


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("shop.example.com:8443", ("shop.example.com", 8443)),
        ("shop.example.com", ("shop.example.com", 443)),
        ("[::1]:8443", ("::1", 8443)),
        ("[::1]", ("::1", 443)),
    ],
)
def test_the_server_is_the_host_that_was_asked(host: str, server: tuple[str, int]) -> None:
    assert told(host=host)["server"] == server


def test_of_several_addresses_the_last_is_the_balancers_word() -> None:
    assert told(x_forwarded_for="10.9.9.9, 203.0.113.7")["client"] == ("203.0.113.7", 0)


def test_plain_http_at_the_edge_is_told_as_it_is() -> None:
    assert told(x_forwarded_proto="http", host="localhost") == {
        "scheme": "http",
        "client": ("127.0.0.1", 5),
        "server": ("localhost", 80),
    }


def test_without_its_headers_the_connection_counts() -> None:
    assert told() == {"scheme": "https", "client": ("127.0.0.1", 5), "server": ("127.0.1.10", 20000)}
    assert told(x_forwarded_proto="gopher")["scheme"] == "https"


@pytest.mark.parametrize(
    ("said", "count", "client"),
    [
        ("203.0.113.7", 1, "203.0.113.7"),
        ("10.9.9.9, 203.0.113.7", 1, "203.0.113.7"),  # what a client wrote itself stands before
        ("203.0.113.7, 130.176.0.1", 2, "203.0.113.7"),  # CloudFront, then the balancer
        ("10.9.9.9, 203.0.113.7, 130.176.0.1", 2, "203.0.113.7"),
        ("130.176.0.1", 2, "130.176.0.1"),  # somebody came past the first proxy
    ],
)
def test_as_many_addresses_are_believed_as_there_are_proxies(said, count, client):
    pairs = [(b"x-forwarded-for", said.encode())]
    assert seen({**HTTP, "headers": pairs}, Proxies(count))["client"] == (client, 0)


def test_where_the_last_proxy_can_not_tell_the_scheme_it_is_said():
    pairs = [(b"x-forwarded-proto", b"http"), (b"host", b"hello.example.com")]
    found = seen({**HTTP, "headers": pairs}, Proxies(2, "https"))
    assert (found["scheme"], found["server"]) == ("https", ("hello.example.com", 443))


async def test_where_anybody_may_connect_nothing_is_believed():
    passed = []

    async def application(scope, receive, send):
        passed.append(scope)

    pairs = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-proto", b"https")]
    await forwarded(application, None)({**HTTP, "headers": pairs}, None, None)
    assert passed[0]["client"][0] != "203.0.113.7"
