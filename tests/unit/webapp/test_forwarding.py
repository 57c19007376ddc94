"""What the balancer's headers make of a request, and that nothing else changes it."""

import pytest

from evenly.webapp.forwarding import seen

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
