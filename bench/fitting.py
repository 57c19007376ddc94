"""Lines and powers through measured points, by least squares. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

EXPONENTS = tuple(it / 20 for it in range(2, 61))  # 0.1 to 3
FLAT = 0.1  # what grows by less than so much of itself over the whole is not said to grow


@dataclass(frozen=True, slots=True)
class Line:
    """`at(x) = start + slope * x`."""

    start: float
    slope: float

    def at(self, x: float) -> float:
        return self.start + self.slope * x


def line(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Through at least two points of different x."""
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread
    return Line(middle_y - slope * middle_x, slope)


def exponent(ns: Sequence[float], costs: Sequence[float]) -> float:
    """Of `cost = constant + factor * n ** exponent`, with neither below nothing: the one that fits best, each cost
    weighing in proportion to its size; 0 for what hardly grows."""
    found = min(EXPONENTS, key=lambda it: _misfit(it, ns, costs))
    fitted = _power(found, ns, costs)
    first, last = fitted.at(ns[0] ** found), fitted.at(ns[-1] ** found)
    return found if last - first > FLAT * last else 0.0


def _misfit(power: float, ns: Sequence[float], costs: Sequence[float]) -> float:
    fitted = _power(power, ns, costs)
    return sum(((fitted.at(n**power) - cost) / cost) ** 2 for n, cost in zip(ns, costs, strict=True))


def _power(power: float, ns: Sequence[float], costs: Sequence[float]) -> Line:
    raised = [n**power for n in ns]
    weights = [1 / cost**2 for cost in costs]
    fitted = _weighted(raised, costs, weights)
    if fitted.slope < 0:
        return Line(_mean(costs, weights), 0.0)
    if fitted.start < 0:
        along = sum(w * x * y for w, x, y in zip(weights, raised, costs, strict=True))
        return Line(0.0, along / sum(w * x * x for w, x in zip(weights, raised, strict=True)))
    return fitted


def _weighted(xs: Sequence[float], ys: Sequence[float], weights: Sequence[float]) -> Line:
    middle_x, middle_y = _mean(xs, weights), _mean(ys, weights)
    spread = sum(w * (x - middle_x) ** 2 for w, x in zip(weights, xs, strict=True))
    together = sum(w * (x - middle_x) * (y - middle_y) for w, x, y in zip(weights, xs, ys, strict=True))
    return Line(middle_y - together / spread * middle_x, together / spread)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(w * it for w, it in zip(weights, values, strict=True)) / sum(weights)
