"""What the picture is drawn with: boxes with a title and lines, frames, arrows. Pure: places in, SVG out.

All lengths are the drawing's own units, a pixel at its own size.
"""

from itertools import accumulate

from msgspec import Struct

from evenly.cli.architecture.parts import Box
from evenly.verify.report.markup import Markup, element
from evenly.verify.report.svg import box as rectangle
from evenly.verify.report.svg import label, path

TITLE_H, LINE_H, INSET = 24.0, 15.0, 10.0
PAD, GAP, HEADING = 14.0, 12.0, 28.0
# How wide letters are at the most in the fonts of systems (DejaVu Sans has the widest), of their size.
NARROW, USUAL, CAPITAL, WIDE = 0.42, 0.64, 0.8, 1.01
HEAD = 5.0  # of an arrow

STYLE = """
svg { --paper: #ffffff; --ink: #1c1b19; --soft: #55524a; --line: #a7a296; --card: #ffffff; --mark: #1f6f5c;
  --global: #f1eefa; --region: #f7f6f2; --public: #fdf0dc; --private: #e3f1ec; --isolated: #e2ebf7; --task: #cfe8df }
@media (prefers-color-scheme: dark) {
  svg { --paper: #151513; --ink: #f0eee8; --soft: #b5b1a6; --line: #6d6a61; --card: #232320; --mark: #6fc3ab;
    --global: #24212e; --region: #1c1c19; --public: #352a19; --private: #17302a; --isolated: #1a2739; --task: #24493f }
}
.paper { fill: var(--paper) }
text { fill: var(--ink); font: 12px system-ui, sans-serif }
.title { font-weight: 600; font-size: 13px } .soft { fill: var(--soft) } .stack { fill: var(--mark); font-size: 11px }
.global, .region, .network, .zone { stroke: var(--line) }
.global { fill: var(--global) } .region { fill: var(--region) } .network { fill: var(--paper) }
.zone { fill: none; stroke-dasharray: 5 4 }
.public { fill: var(--public) } .private { fill: var(--private) } .isolated { fill: var(--isolated) }
.card { fill: var(--card); stroke: var(--line) } .task { fill: var(--task) }
.way { fill: none; stroke: var(--mark); stroke-width: 1.5 } .head { fill: var(--mark) } .sync { stroke-dasharray: 4 3 }
"""


class Place(Struct, frozen=True):
    """A rectangle."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


def fitted(text: str, width: float, size: float = 12.0) -> str:
    """`text`, cut where it would be wider."""
    if width_of(text, size) <= width:
        return text
    ends = accumulate(_width(it) * size for it in text)
    kept = sum(end <= width - WIDE * size for end in ends)
    return f"{text[:kept].rstrip()}…"


def width_of(text: str, size: float = 12.0) -> float:
    """At the most, about."""
    return sum(map(_width, text)) * size


def _width(letter: str) -> float:
    if letter in " .,:;'|/()-iljtfrI·":
        return NARROW
    if letter in "mwMW@%…":
        return WIDE
    return CAPITAL if letter.isupper() or not letter.isascii() else USUAL


def height_of(box: Box) -> float:
    return TITLE_H + LINE_H * len(box.lines) + 8.0


def area(at: Place, class_: str) -> Markup:
    return rectangle(at.left, at.top, at.right, at.bottom, class_, rx=6)


def card(box: Box, at: Place) -> Markup:
    """A part with its words. What made it stands in its corner."""
    room = at.width - 2 * INSET
    beside = width_of(box.stack, 11.0)
    return element(
        "g",
        area(at, "card"),
        label(at.left + INSET, at.top + 18, fitted(box.title, room - beside - 6, 13.0), class_="title"),
        label(at.right - INSET, at.top + 18, box.stack, anchor="end", class_="stack"),
        [
            label(at.left + INSET, at.top + TITLE_H + 10 + LINE_H * row, fitted(line, room), class_="soft")
            for row, line in enumerate(box.lines)
        ],
        data_part=box.kind,
        data_stack=box.stack,
        data_of=box.of or None,
    )


def chip(text: str, at: Place, class_: str, **more: str) -> Markup:
    """A small part with one word."""
    shown = fitted(text, at.width - 8)
    written = label(at.middle, at.top + at.height / 2 + 4, shown, anchor="middle")
    return element("g", area(at, class_), written, **more)


def frame(at: Place, class_: str, title: str, *inside: Markup, **more: str) -> Markup:
    """What others stand in, with its name in the corner."""
    named = label(at.left + INSET, at.top + 18, fitted(title, at.width - 2 * INSET, 13.0), class_="title")
    return element("g", area(at, class_), named, *inside, **more)


def arrow(points: tuple[tuple[float, float], ...], said: str = "", *, class_: str = "way") -> Markup:
    """Along the points, down into the last, with what is spoken beside its end."""
    x, y = points[-1]
    line = "M" + "L".join(f"{left:g},{top:g}" for left, top in (*points[:-1], (x, y - HEAD)))
    head = f"M{x:g},{y:g}L{x - HEAD:g},{y - 1.6 * HEAD:g}H{x + HEAD:g}Z"
    words = label(x + 8, (points[-2][1] + y) / 2 + 4, said, class_="soft") if said else None
    return element("g", path(line, class_), path(head, "head"), words)
