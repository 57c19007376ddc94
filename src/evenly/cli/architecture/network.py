"""The network in the picture: a column for each zone, a row for each tier, and the ways between what stands there.
Pure.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct

from evenly.aws.stacks.network.addresses import Tier
from evenly.cli.architecture.parts import Box, Parts, Subnet, Zone
from evenly.cli.architecture.shapes import (
    GAP,
    HEADING,
    INSET,
    PAD,
    Place,
    area,
    arrow,
    card,
    chip,
    frame,
    height_of,
)
from evenly.verify.report.markup import Markup, element
from evenly.verify.report.svg import label, path

ZONE_W = 290.0
WAY_H, BALANCER_H, CHIP_H, WAY_OUT_H = 34.0, 48.0, 28.0, 28.0
WAY_OUT_W = 116.0
CHIPS = 3  # in a row


class Rows(Struct, frozen=True):
    """Where the tiers begin and end."""

    public: Place
    private: Place
    isolated: Place


def network(found: Parts, at: Place) -> Markup:
    """All of it, in its frame."""
    rows = _rows(found, at)
    inside = [
        *(
            _column(zone, number, _running_place(found, number, rows), rows)
            for number, zone in enumerate(found.zones)
        ),
        card(found.balancer, balancer_place(found, at)),
        *_ways(found, rows),
    ]
    return frame(at, "network", f"Network {found.addresses}", *inside, data_part="network")


def network_width(found: Parts) -> float:
    zones = len(found.zones)
    return 2 * PAD + zones * ZONE_W + (zones - 1) * GAP


def _rows(found: Parts, network: Place) -> Rows:
    inside, width = network.left + PAD, network.width - 2 * PAD
    public = Place(inside, network.top + 2 * HEADING, width, HEADING + WAY_OUT_H + PAD)
    if found.public:
        public = Place(inside, public.top, width, public.height + BALANCER_H + PAD)
    private = Place(inside, public.bottom + GAP, width, _private_height(found))
    isolated = Place(inside, private.bottom + 2 * GAP, width, _isolated_height(found))
    return Rows(public, private, isolated)


def _private_height(found: Parts) -> float:
    balancer = 0.0 if found.public else BALANCER_H
    ways_out = any(it.way_out for zone in found.zones for it in zone.subnets if it.tier is Tier.PRIVATE)
    endpoints = WAY_OUT_H + PAD if ways_out else 0.0
    return HEADING + balancer + WAY_H + _running_height(found) + endpoints + PAD


def _running_height(found: Parts) -> float:
    most = max(len(zone.tasks) + bool(zone.more) for zone in found.zones)
    return HEADING + -(-max(1, most) // CHIPS) * (CHIP_H + 6) + 6


def _isolated_height(found: Parts) -> float:
    boxes = [height_of(zone.database) for zone in found.zones if zone.database]
    return HEADING + (max(boxes) + PAD if boxes else 0.0)


def network_height(found: Parts) -> float:
    rows = _rows(found, Place(0, 0, network_width(found), 0))
    return rows.isolated.bottom + PAD + 8


def centre_of(found: Parts) -> float:
    """Where the way in runs, from the left of the network: between two zones, clear of what stands in them."""
    return network_width(found) / 2 + (len(found.zones) % 2) * (ZONE_W + GAP) / 2


def balancer_place(found: Parts, network: Place) -> Place:
    return _balancer_in(found, _rows(found, network))


def _balancer_in(found: Parts, rows: Rows) -> Place:
    row = rows.public if found.public else rows.private
    top = row.bottom - PAD - BALANCER_H if found.public else row.top + HEADING
    return Place(row.left + 2 * PAD, top, row.width - 4 * PAD, BALANCER_H)


def _zone_place(number: int, row: Place) -> Place:
    return Place(row.left + number * (ZONE_W + GAP), row.top, ZONE_W, row.height)


def _column(zone: Zone, number: int, running: Place, rows: Rows) -> Markup:
    top = rows.public.top - HEADING
    whole = Place(_zone_place(number, rows.public).left, top, ZONE_W, rows.isolated.bottom + 8 - top)
    tiers = dict(zip(Tier, (rows.public, rows.private, rows.isolated), strict=True))
    subnets = [_subnet(it, _zone_place(number, tiers[it.tier])) for it in zone.subnets]
    parts = (*subnets, *_running(zone, running), *_database(zone, number, rows))
    return frame(whole, "zone", zone.name, *parts, data_part="zone")


def _subnet(it: Subnet, at: Place) -> Markup:
    """The way out stands at its foot or, where that is full, below its name."""
    at = Place(at.left + 6, at.top, at.width - 12, at.height)
    top = at.bottom - PAD - WAY_OUT_H if it.tier is Tier.PRIVATE else at.top + HEADING
    out = (
        _way_out(it.way_out, Place(at.left + INSET, top, at.width - 2 * INSET, WAY_OUT_H))
        if it.way_out
        else None
    )
    name = label(at.left + INSET, at.top + 18, f"{it.tier.lower()}  {it.addresses}", class_="soft")
    return element("g", area(at, it.tier.lower()), name, out, data_part="subnet", data_of=it.of)


def _way_out(it: Box, at: Place) -> Markup:
    """Clear of the ways down."""
    place = Place(at.left, at.top, WAY_OUT_W, at.height)
    return chip(it.title, place, "card", data_part=it.kind, data_stack=it.stack, data_of=it.of)


def _running_place(found: Parts, number: int, rows: Rows) -> Place:
    at = _zone_place(number, rows.private)
    top = at.top + HEADING + (0.0 if found.public else BALANCER_H) + WAY_H
    return Place(at.left + 2 * INSET, top, at.width - 4 * INSET, _running_height(found))


def _running(zone: Zone, at: Place) -> Iterator[Markup]:
    yield card(zone.ground, at)
    names = [*zone.tasks, *([f"+ {zone.more}"] if zone.more else [])]
    width = (at.width - 2 * INSET - (CHIPS - 1) * 6) / CHIPS
    for number, name in enumerate(names):
        row, place = divmod(number, CHIPS)
        left, top = at.left + INSET + place * (width + 6), at.top + HEADING + row * (CHIP_H + 6)
        yield chip(name, Place(left, top, width, CHIP_H), "task", data_part="task")


def _database(zone: Zone, number: int, rows: Rows) -> Iterator[Markup]:
    if zone.database:
        yield card(zone.database, _database_place(zone.database, number, rows))


def _database_place(box: Box, number: int, rows: Rows) -> Place:
    at = _zone_place(number, rows.isolated)
    return Place(at.left + 2 * INSET, at.top + HEADING, at.width - 4 * INSET, height_of(box))


def _ways(found: Parts, rows: Rows) -> Iterator[Markup]:
    """From the balancer to what runs, from there to the primary, from that to its standby."""
    balancer = _balancer_in(found, rows)
    for number, zone in enumerate(found.zones):
        at = _running_place(found, number, rows)
        if zone.tasks:
            yield arrow(((_line(at), balancer.bottom), (_line(at), at.top)), found.leg_out)
    members = [
        _database_place(it.database, number, rows) for number, it in enumerate(found.zones) if it.database
    ]
    if members:
        yield from _to_database(found, rows, members)


def _line(at: Place) -> float:
    """Where the ways run, clear of the names of the subnets."""
    return at.left + at.width * 0.68


def _to_database(found: Parts, rows: Rows, members: Sequence[Place]) -> Iterator[Markup]:
    across = rows.private.bottom + GAP
    primary = _line(members[0])
    for number, zone in enumerate(found.zones):
        at = _running_place(found, number, rows)
        start = primary if number == 0 else _line(at)
        if zone.tasks:
            points = ((start, at.bottom), (start, across), (primary, across), (primary, members[0].top))
            yield arrow(points if number else (points[0], points[-1]), class_="way")
    yield label(primary + 8, members[0].top - 8, "TLS 5432", class_="soft")
    for one, other in pairwise(members):
        line = f"M{one.right:g},{one.top + one.height / 2:g}H{other.left:g}"
        yield element("g", path(line, "way sync"), data_part="in-sync")
