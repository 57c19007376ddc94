"""Draws the simulated runs for docs/scaling.md: `python -m tests.scaling.plots` writes them anew."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench import drawing
from bench.drawing import FOOT, LEFT, RIGHT, Panel, from_zero
from tests.scaling.simulation import BEARS, MINUTE, Second, Simulation, day, sine, spike, step

from evenly.core.scalingfacts import ScalingPolicy
from evenly.verify.report.markup import Markup, element
from evenly.verify.report.svg import Linear, Logarithmic, Scale, label, levels, time_ticks, whole_ticks

FOLDER = Path(__file__).parents[2] / "docs" / "images"
MOST_DRAWN = 360
TARGET_MS = 200.0
LATENCY = ScalingPolicy(2, 12, p95_ms=TARGET_MS)
WITH_REQUESTS = ScalingPolicy(2, 12, p95_ms=TARGET_MS, requests=35)


@dataclass(frozen=True, slots=True)
class Run:
    """A shape of traffic: for how many seconds it is simulated."""

    name: str
    title: str
    rate: Callable[[float], float]
    seconds: int

    def simulated(self, policy: ScalingPolicy = LATENCY) -> tuple[Second, ...]:
        return Simulation(policy, self.rate).run(self.seconds)


RUNS = (
    Run("step", "A step from 50 to 150 requests a second", step, 4 * MINUTE),
    Run("spike", "A spike of 300 requests a second, for 30 s", spike, 8 * MINUTE),
    Run("sine", "A sine between 50 and 250 requests a second", sine, 15 * MINUTE),
    Run("day", "A day of traffic, an hour a minute", day, 24 * MINUTE),
)


def drawn(run: Run, seconds: Sequence[Second]) -> str:
    """The run as an SVG file."""
    shown = _fewer(seconds)
    panels = (_came(shown), _latency(shown), _instances(shown))
    return drawing.drawn(run.title, told(seconds), len(shown), panels, partial(_times, run.seconds))


def _fewer(seconds: Sequence[Second]) -> tuple[Second, ...]:
    """A second for each few, so that no more than 360 are drawn: what came on average, the slowest p95."""
    each = math.ceil(len(seconds) / MOST_DRAWN)
    groups = [seconds[at : at + each] for at in range(0, len(seconds), each)]
    return tuple(
        replace(
            them[-1],
            rate=round(sum(it.rate for it in them) / len(them)),
            p95_ms=max((it.p95_ms for it in them if it.p95_ms is not None), default=None),
        )
        for them in groups
    )


def told(seconds: Sequence[Second]) -> str:
    """The run in words."""
    slow = sum(it.p95_ms is not None and it.p95_ms > TARGET_MS for it in seconds)
    counts = [it.desired for it in seconds]
    return (
        f"p95 was over {TARGET_MS:g} ms in {slow} of {len(seconds)} seconds, with {min(counts)} to {max(counts)} "
        f"instances, {sum(counts) / len(counts):.1f} on average."
    )


def table() -> list[str]:
    """The rows for docs/scaling.md."""
    return [
        f"| {run.title} | {_figures(run.simulated())} | {_figures(run.simulated(WITH_REQUESTS))} |"
        for run in RUNS
    ]


def _figures(seconds: Sequence[Second]) -> str:
    slow = [it.at for it in seconds if it.p95_ms is not None and it.p95_ms > TARGET_MS]
    counts = [it.desired for it in seconds]
    return f"{len(slow)} s of {len(seconds)} s | {sum(counts) / len(counts):.1f}, at most {max(counts)}"


def _came(seconds: Sequence[Second]) -> Panel:
    rates = [float(it.rate) for it in seconds]
    return Panel("Requests a second", from_zero(max(rates)), (("line", rates),))


def _latency(seconds: Sequence[Second]) -> Panel:
    p95 = [it.p95_ms for it in seconds]

    def y(bottom: float, top: float) -> tuple[Scale, Sequence[float]]:
        low, high, shown = levels(10.0, max(it for it in p95 if it is not None))
        return Logarithmic(low, high, bottom, top), shown

    name = f"p95, ms (logarithmic); dashed: the target of {TARGET_MS:g} ms"
    return Panel(name, y, (("line", p95),), TARGET_MS)


def _instances(seconds: Sequence[Second]) -> Panel:
    held = [float(it.desired) for it in seconds]
    needed = [max(1.0, it.rate / BEARS) for it in seconds]

    def y(bottom: float, top: float) -> tuple[Scale, Sequence[float]]:
        shown = whole_ticks(int(max(*held, *needed)), 4)
        return Linear(0.0, shown[-1], bottom, top), shown

    return Panel("Instances; dashed: the least that could bear it", y, (("least", needed), ("line", held)))


def _times(seconds: int, height: float) -> Markup:
    x = Linear(0.0, float(seconds), LEFT, RIGHT)
    shown = time_ticks(seconds, 10)
    at = height - FOOT + 16
    numbers = [
        label(x.at(it), at, f"{it // 60}:{it % 60:02}", anchor="middle", class_="tick") for it in shown
    ]
    return element("g", numbers, label(RIGHT, at + 15, "minutes and seconds", anchor="end", class_="tick"))


def files() -> dict[Path, str]:
    return {FOLDER / f"scaling-{run.name}.svg": drawn(run, run.simulated()) for run in RUNS}


if __name__ == "__main__":
    for file, text in files().items():
        file.write_text(text)
    print("\n".join(table()))
