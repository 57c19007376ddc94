"""Plots for the documents: panels below each other over one axis, as an SVG that is legible by day and by night."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.figures import Curve, Plot
from evenly.verify.report.markup import Markup, element, together
from evenly.verify.report.svg import Linear, Scale, Step, label, line_of, path, rule, ticks

WIDTH, LEFT, RIGHT = 800.0, 48.0, 776.0
TITLE, PANEL, FOOT = 30.0, 100.0, 34.0
STYLE = """
svg { --paper: #ffffff; --ink: #1c1b19; --soft: #615e56; --line: #dfdcd3; --mark: #1f6f5c; --bad: #a8321c }
@media (prefers-color-scheme: dark) {
  svg { --paper: #151513; --ink: #f0eee8; --soft: #aaa69b; --line: #35332e; --mark: #6fc3ab; --bad: #f28b72 }
}
.paper { fill: var(--paper) }
text { fill: var(--ink); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums }
.tick { fill: var(--soft) } .panel { font-weight: 600 }
.grid, .axis { stroke: var(--line) } .axis { stroke: var(--soft) }
.target { stroke: var(--bad); stroke-dasharray: 5 3 }
.line, .least { fill: none; stroke: var(--mark); stroke-width: 2 }
.least { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 4 2 }
"""

Axis = Callable[[float, float], tuple[Scale, Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Panel:
    """`y`: the scale between a bottom and a top, and its ticks. `lines`: class, and a level for each step. `target`: a
    level that is marked."""

    name: str
    y: Axis
    lines: tuple[tuple[str, Sequence[float | None]], ...]
    target: float | None = None


def drawn(title: str, told: str, steps: int, panels: Sequence[Panel], foot: Callable[[float], Markup]) -> str:
    """The file. `told`: the same in words; `steps`: how many each line has; `foot`: the axis, for the drawing's
    height."""
    height = len(panels) * (TITLE + PANEL) + FOOT
    x = Linear(0.0, steps, LEFT, RIGHT)
    return element(
        "svg",
        element("title", title, id="title"),
        element("desc", told, id="desc"),
        element("style", Markup(STYLE)),
        element("rect", width=WIDTH, height=height, class_="paper"),
        [_panel(x, number, each) for number, each in enumerate(panels)],
        foot(height),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_labelledby="title desc",
    ).text


def plotted(plot: Plot) -> str:
    """The file of a benchmark's plot."""
    steps = max(len(it.values) for it in plot.curves)
    panels = [_of(it) for it in plot.curves]
    return drawn(plot.title, plot.told, steps, panels, lambda height: _foot(plot, steps, height))


def _of(curve: Curve) -> Panel:
    known = [it for it in (*curve.values, *curve.fitted) if it is not None]
    return Panel(curve.name, from_zero(max(known)), (("least", curve.fitted), ("line", curve.values)))


def _foot(plot: Plot, steps: int, height: float) -> Markup:
    x, at = Linear(0.0, steps, LEFT, RIGHT), height - FOOT + 16
    numbers = [label(x.at(step), at, said, anchor="middle", class_="tick") for step, said in plot.ticks]
    return element("g", numbers, label(RIGHT, at + 15, plot.axis, anchor="end", class_="tick"))


def from_zero(highest: float) -> Axis:
    """An axis from 0 to the next round number."""

    def y(bottom: float, top: float) -> tuple[Scale, Sequence[float]]:
        shown = ticks(highest, 4)
        return Linear(0.0, shown[-1], bottom, top), shown

    return y


def _panel(x: Linear, number: int, panel: Panel) -> Markup:
    top = number * (TITLE + PANEL) + TITLE
    y, shown = panel.y(top + PANEL, top)
    return element(
        "g", label(0, top - 10, panel.name, class_="panel"), [*_grid(y, shown), *_lines(x, y, panel)]
    )


def _grid(y: Scale, shown: Sequence[float]) -> Iterator[Markup]:
    for number, value in enumerate(shown):
        yield rule(LEFT, y.at(value), RIGHT, y.at(value), "grid" if number else "axis")
        yield label(LEFT - 6, y.at(value) + 4, f"{value:g}", anchor="end", class_="tick")


def _lines(x: Linear, y: Scale, panel: Panel) -> Iterator[Markup]:
    if panel.target is not None:
        yield rule(LEFT, y.at(panel.target), RIGHT, y.at(panel.target), "target")
    for class_, values in panel.lines:
        steps = [
            Step(x.at(at), x.at(at + 1), None if value is None else y.at(value))
            for at, value in enumerate(values)
        ]
        yield together(path(line_of(steps), class_))
