"""Listening beyond loopback, which has to be asked for: addresses of this machine, and what hosts they answer to."""

import ipaddress
import socket
from collections.abc import Iterable, Sequence

import psutil

from evenly.errors import UsageError
from evenly.local import ports
from evenly.manifest.names import is_host_name

ALL = "all"


def listen_addresses(asked: Sequence[str]) -> tuple[str, ...]:
    """The addresses of `--listen`, beyond those that an environment always listens on. `all`: every address that
    this machine has now. Raises UsageError for what is none of its addresses."""
    found = [each for it in asked for each in (own_addresses() if it == ALL else (_checked(it),))]
    always = {"127.0.0.1", "::1"}
    return tuple(it for it in dict.fromkeys(found) if it not in always)


def own_addresses() -> tuple[str, ...]:
    """Every address of this machine that others may reach it by: no loopback, none that needs a scope."""
    families = (socket.AF_INET, socket.AF_INET6)
    told = (it.address for each in psutil.net_if_addrs().values() for it in each if it.family in families)
    return tuple(sorted(it for it in told if is_beyond_loopback(it)))


def is_beyond_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_link_local or found.is_unspecified)


def listen_hosts(addresses: Iterable[str]) -> tuple[str, ...]:
    """The host names that the edge answers to for these addresses: this machine's own, if others reach it."""
    name = socket.gethostname().lower()
    reachable = any(map(is_beyond_loopback, addresses))
    return (name,) if reachable and is_host_name(name) and name != "localhost" else ()


def present(addresses: Iterable[str]) -> tuple[str, ...]:
    """Those that this machine still has: a network may be gone since."""
    return tuple(it for it in addresses if ports.can_bind(it))


def _checked(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise UsageError(
            f"{text} is not an IP address", where="--listen", try_=f"Write one, or {ALL}. {_choice()}"
        ) from None
    if address.is_unspecified:
        raise UsageError(f"{text} is every address", where="--listen", try_=f"Write it out: --listen {ALL}")
    if address.is_link_local:
        raise UsageError(f"{text} works on one link alone", where="--listen", try_=_choice())
    if not ports.can_bind(str(address)):
        raise UsageError(f"{text} is no address of this machine", where="--listen", try_=_choice())
    return str(address)


def _choice() -> str:
    found = ", ".join(own_addresses())
    return f"It has {found}." if found else "It has none beyond loopback."
