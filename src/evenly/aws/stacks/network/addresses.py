"""How the network's addresses are shared out: which belong to which subnet. Pure.

Of a /16: a /20 in each zone for what runs (a task takes an address of its own), a /24 for the balancer and the ways
out, a /24 for the database. A zone that is added later takes what is free, and moves nobody.
"""

from enum import StrEnum
from ipaddress import IPv4Network

MOST_ZONES = 12  # /20s below the first /24


class Tier(StrEnum):
    """What a subnet can reach, and who can reach it."""

    PUBLIC = "Public"  # the internet, both ways: the balancer, and the ways out
    PRIVATE = "Private"  # out alone: hosts, tasks, functions
    ISOLATED = "Isolated"  # nothing but the network: the database


_PLACE = {Tier.PRIVATE: (20, 0), Tier.PUBLIC: (24, 192), Tier.ISOLATED: (24, 224)}


def subnet(network: str, tier: Tier, zone: int) -> str:
    """The addresses of the tier's subnet in the zone, counted from 0. `network`: a /16. Raises ValueError beyond."""
    whole = IPv4Network(network)
    if whole.prefixlen != 16 or not 0 <= zone < MOST_ZONES:
        raise ValueError(f"{network} has no subnet for zone {zone}")
    length, first = _PLACE[tier]
    start = int(whole.network_address) + (first + zone << 32 - length)
    return str(IPv4Network((start, length)))


def letter(zone: int) -> str:
    """The zone as logical ids tell it: A, B, ..."""
    return chr(ord("A") + zone)
