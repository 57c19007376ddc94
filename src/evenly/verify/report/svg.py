"""Small pieces of plots: scales, ticks at round numbers, and the paths of steps. Pure: numbers in, SVG out."""

import math
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from evenly.verify.report.markup import Attribute, Child, Markup, element, number

MOST_LEVELS = 8
_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


class Scale(Protocol):
    """From a value to a place in the drawing, in its units."""

    def at(self, value: float) -> float: ...


class Linear(Struct, frozen=True):
    """`low` is drawn at `start`, `high` at `end`; what lies outside, at the nearer of them."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))


class Logarithmic(Struct, frozen=True):
    """As `Linear`, for values above 0: equal ratios are equally far apart."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        straight = Linear(math.log(self.low), math.log(self.high), self.start, self.end)
        return straight.at(math.log(max(value, self.low)))


class Step(Struct, frozen=True):
    """A level that holds from `left` to `right`, in the units of the drawing. `y` `None`: there is none."""

    left: float
    right: float
    y: float | None


def ticks(high: float, most: int) -> tuple[float, ...]:
    """Round numbers from 0 on, about `most` and two at the least; the last is `high`, or the next above it."""
    return _up_to(max(high, 1e-6), most, (1, 2, 2.5, 5, 10), least=0.0)


def whole_ticks(high: int, most: int) -> tuple[float, ...]:
    """As `ticks`, of what is counted: whole numbers."""
    return _up_to(float(max(high, 1)), most, (1, 2, 5, 10), least=1.0)


def _up_to(high: float, most: int, steps: Sequence[float], least: float) -> tuple[float, ...]:
    wanted = max(high / max(1, most - 1), least)
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(it * power for it in steps if it * power >= wanted * (1 - 1e-9))
    return tuple(round(step * it, 9) for it in range(math.ceil(high / step - 1e-9) + 1))


def time_ticks(high_s: float, most: int) -> tuple[int, ...]:
    """Seconds from 0 to at most `high_s`, in steps that clocks know."""
    step = next((it for it in _TIME_STEPS if high_s / it < most), _TIME_STEPS[-1])
    return tuple(range(0, int(high_s) + 1, step))


def levels(low: float, high: float) -> tuple[float, float, tuple[float, ...]]:
    """Where a logarithmic axis for values from `low` to `high` begins and ends, a factor of ten apart at the least, and
    its ticks: 1, 2 and 5 times powers of ten, or those powers alone where that would be many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 3)
    round_ones = [round(10.0**power * it, 9) for power in powers for it in (1, 2, 5)]
    first = max(it for it in round_ones if it <= low * (1 + 1e-9))
    last = min(it for it in round_ones if it >= max(high, first * 10) * (1 - 1e-9))
    shown = tuple(it for it in round_ones if first <= it <= last)
    if len(shown) > MOST_LEVELS:
        shown = tuple(it for it in shown if math.log10(it) == round(math.log10(it)))
    return first, last, shown


def line_of(steps: Sequence[Step]) -> str:
    """The path along the tops of `steps`; it is broken where there is no level, or a gap."""
    drawn: list[str] = []
    end: float | None = None
    for it in steps:
        if it.y is None:
            end = None
            continue
        joins = end is not None and abs(it.left - end) < 0.01
        drawn.append(f"V{number(it.y)}" if joins else f"M{number(it.left)},{number(it.y)}")
        drawn.append(f"H{number(it.right)}")
        end = it.right
    return "".join(drawn)


def area_of(steps: Sequence[Step], floors: Sequence[float]) -> str:
    """The path around what lies between each step and its floor."""
    return "".join(
        f"M{number(it.left)},{number(floor)}V{number(it.y)}H{number(it.right)}V{number(floor)}Z"
        for it, floor in zip(steps, floors, strict=True)
        if it.y is not None and abs(it.y - floor) > 0.001
    )


def label(x: float, y: float, *text: Child, anchor: str = "start", class_: str | None = None) -> Markup:
    return element("text", *text, x=x, y=y, text_anchor=None if anchor == "start" else anchor, class_=class_)


def rule(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(left: float, top: float, right: float, bottom: float, class_: str, **more: Attribute) -> Markup:
    return element(
        "rect",
        x=left,
        y=top,
        width=max(0.0, right - left),
        height=max(0.0, bottom - top),
        class_=class_,
        **more,
    )


def path(d: str, class_: str) -> Markup | None:
    return element("path", d=d, class_=class_) if d else None
