"""Where each part stands, as one SVG: visitors on top, what is in front of the network, the network, and what stands
beside it and below. Pure.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from evenly.aws.topology import AwsTopology
from evenly.cli.architecture.network import (
    WAY_H,
    balancer_place,
    centre_of,
    network,
    network_height,
    network_width,
)
from evenly.cli.architecture.parts import Box, Parts, parts
from evenly.cli.architecture.shapes import (
    GAP,
    HEADING,
    PAD,
    STYLE,
    Place,
    arrow,
    card,
    chip,
    frame,
    height_of,
)
from evenly.cli.architecture.words import described
from evenly.verify.report.markup import Markup, element
from evenly.verify.report.svg import label

MARGIN, VISITORS_H, SIDE_W, EDGE_W = 12.0, 30.0, 240.0, 196.0


class Front(Struct, frozen=True):
    """What stands before the region. `bottom`: where it ends; `leaves`: where the way to the balancer begins."""

    shown: tuple[Markup, ...]
    bottom: float
    leaves: float


def drawn(topology: AwsTopology) -> str:
    """The file."""
    found = parts(topology)
    width = _region_width(found) + 2 * MARGIN
    front = _front(found)
    region = Place(MARGIN, front.bottom + WAY_H, _region_width(found), _region_height(found))
    height = region.bottom + MARGIN
    return element(
        "svg",
        element("title", f"{found.name} on AWS, in {found.region}", id="title"),
        element("desc", described(found), id="desc"),
        element("style", Markup(STYLE)),
        element("rect", width=width, height=height, class_="paper"),
        *front.shown,
        _region(found, region),
        *_way_in(found, front, region),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_labelledby="title desc",
    ).text


def _region_width(found: Parts) -> float:
    return 3 * PAD + network_width(found) + SIDE_W


def _centre(found: Parts) -> float:
    return MARGIN + PAD + centre_of(found)


def _front(found: Parts) -> Front:
    """Visitors come first where they come in by CloudFront, else right before the region."""
    if not (found.edge or found.told):
        visitors = _visitors(found, MARGIN)
        return Front((_shown(found, visitors),), visitors.bottom, visitors.bottom)
    if found.enters == "cloudfront":
        visitors = _visitors(found, MARGIN)
        band = _band_place(found, visitors.bottom + WAY_H)
        edge = band.top + HEADING
        centre = _centre(found)
        way = arrow(((centre, visitors.bottom), (centre, edge)))
        spoken = label(centre + 8, band.top - 12, "HTTPS", class_="soft")
        shown = (_shown(found, visitors), _band(found, band), way, spoken)
        return Front(shown, band.bottom, edge + _edge_height(found))
    band = _band_place(found, MARGIN)
    visitors = _visitors(found, band.bottom + GAP)
    return Front((_band(found, band), _shown(found, visitors)), visitors.bottom, visitors.bottom)


def _visitors(found: Parts, top: float) -> Place:
    return Place(_centre(found) - 90, top, 180, VISITORS_H)


def _shown(found: Parts, visitors: Place) -> Markup:
    return chip(found.visitors, visitors, "card", data_part="visitors")


def _band_place(found: Parts, top: float) -> Place:
    inside = max(_edge_height(found), _stacked(found.told))
    return Place(MARGIN, top, _region_width(found), HEADING + inside + PAD)


def _band(found: Parts, at: Place) -> Markup:
    boxes = [card(box, place) for box, place in _in_band(found, at)]
    return frame(at, "global", "Everywhere, made in us-east-1", *boxes)


def _edge_height(found: Parts) -> float:
    return max(map(height_of, found.edge), default=0.0)


def _in_band(found: Parts, band: Place) -> Iterator[tuple[Box, Place]]:
    """CloudFront over the middle of the network; the name before it, the pages after, and what tells at the side."""
    top, step, height = band.top + HEADING, EDGE_W + GAP, _edge_height(found)
    places = {"name": -1, "cloudfront": 0, "pages": 1}
    for box in found.edge:
        yield box, Place(_centre(found) - EDGE_W / 2 + places[box.kind] * step, top, EDGE_W, height)
    yield from _pile(found.told, Place(band.right - PAD - SIDE_W, top, SIDE_W, 0))


def _pile(boxes: Sequence[Box], at: Place) -> Iterator[tuple[Box, Place]]:
    """One below the other, from the top of `at`."""
    top = at.top
    for box in boxes:
        yield box, Place(at.left, top, at.width, height_of(box))
        top += height_of(box) + GAP


def _stacked(boxes: Sequence[Box]) -> float:
    return sum(height_of(it) + GAP for it in boxes) - GAP


def _upper_height(found: Parts) -> float:
    return max(network_height(found), _stacked(found.beside))


def _region_height(found: Parts) -> float:
    return HEADING + _upper_height(found) + PAD + max(map(height_of, found.below)) + PAD


def _region(found: Parts, at: Place) -> Markup:
    inside = Place(at.left + PAD, at.top + HEADING, network_width(found), network_height(found))
    return frame(
        at,
        "region",
        f"Region {found.region}",
        network(found, inside),
        *(
            card(box, place)
            for box, place in _pile(found.beside, Place(inside.right + PAD, inside.top, SIDE_W, 0))
        ),
        *_below(found, Place(inside.left, inside.top + _upper_height(found) + PAD, at.width - 2 * PAD, 0)),
        data_part="region",
    )


def _below(found: Parts, at: Place) -> Iterator[Markup]:
    """Side by side."""
    width = (at.width - PAD * (len(found.below) - 1)) / len(found.below)
    for number, box in enumerate(found.below):
        yield card(box, Place(at.left + number * (width + PAD), at.top, width, height_of(box)))


def _way_in(found: Parts, front: Front, region: Place) -> Iterator[Markup]:
    """Down to the balancer, from CloudFront or from the visitors themselves."""
    to = balancer_place(found, Place(region.left + PAD, region.top + HEADING, network_width(found), 0))
    centre = _centre(found)
    yield arrow(((centre, front.leaves), (centre, to.top)))
    said = f"{found.leg_in}, VPC origin" if found.enters == "cloudfront" else found.leg_in
    yield label(centre + 8, region.top - 8, said, class_="soft")
