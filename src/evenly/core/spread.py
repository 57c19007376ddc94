"""How a count is shared out over zones. Pure."""

from collections.abc import Mapping, Sequence


def shares(count: int, zones: Sequence[str], held: Mapping[str, int]) -> dict[str, int]:
    """Each zone's share of `count` instances; any two differ by at most 1.

    What doesn't divide evenly goes to the zones that hold the most already, so that as little as
    possible moves; then by the order of `zones`. Without a zone there is no share.
    """
    if not zones:
        return {}
    each, left_over = divmod(count, len(zones))
    by_holding = sorted(zones, key=lambda zone: -held.get(zone, 0))  # stable: keeps the order of zones
    favoured = frozenset(by_holding[:left_over])
    return {zone: each + (zone in favoured) for zone in zones}
