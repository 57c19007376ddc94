"""`--listen`: only addresses of this machine, and only what was asked for."""

import pytest

from evenly.errors import UsageError
from evenly.local.listening import is_beyond_loopback, listen_addresses, listen_hosts, own_addresses, present


def test_nothing_asked_is_nothing_more() -> None:
    assert listen_addresses(()) == ()
    assert listen_addresses(("127.0.0.1", "::1")) == ()


def test_an_address_of_this_machine() -> None:
    assert listen_addresses(("127.0.0.9", "127.0.0.9")) == ("127.0.0.9",)


def test_all_is_every_address_that_others_may_reach() -> None:
    assert listen_addresses(("all",)) == own_addresses()
    assert all(map(is_beyond_loopback, own_addresses()))
    assert present(own_addresses()) == own_addresses()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("192.0.2.77", "is no address of this machine"),
        ("0.0.0.0", "is every address"),  # noqa: S104
        ("::", "is every address"),
        ("fe80::1", "works on one link alone"),
        ("localhost", "is not an IP address"),
        ("", "is not an IP address"),
        ("8443", "is not an IP address"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        listen_addresses((text,))
    assert caught.value.where == "--listen"
    assert caught.value.try_


def test_loopback_is_no_reason_to_answer_to_the_machines_name() -> None:
    assert listen_hosts(("127.0.0.9",)) == ()


def test_an_address_that_is_gone_is_left_out() -> None:
    assert present(("192.0.2.77", "127.0.0.9")) == ("127.0.0.9",)


@pytest.mark.parametrize("address", ["127.0.0.9", "::1", "::", "fe80::1", "fe80::1%eth0", "rubbish"])
def test_what_others_cannot_reach(address: str) -> None:
    assert not is_beyond_loopback(address)
