"""What `bench.soak` has seen, and what is made of it: figures, tables and a plot. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.figures import Bound, Curve, Findings, Measure, Of, Plot, Table, Target
from bench.fitting import line

ROLES = ("supervisor", "balancer", "app", "database")
TITLES = {"app": "an instance", "database": "a process of the database"}
CALM_S = 90.0
JUDGED_S = 30.0
WARM_UP = 0.5  # of the time with faults
MOST_GROWTH = 1.1


@dataclass(frozen=True, slots=True)
class Sample:
    """At `at` (seconds from the beginning): of each role, what a process of it holds on the average, memory (MB) and
    open files; and how many main processes there were."""

    at: float
    memory_mb: Mapping[str, float]
    files: Mapping[str, float]
    processes: Mapping[str, int]


@dataclass
class Seen:
    """`calm_s` without faults, `seconds` with them, and again `calm_s` or more. `faults`: when, and which. `failed`:
    of so many requests."""

    seed: int
    seconds: float
    calm_s: float = CALM_S
    samples: list[Sample] = field(default_factory=list)
    faults: list[tuple[float, str]] = field(default_factory=list)
    requests: int = 0
    failed: int = 0
    longest_ms: float = 0.0


def whole(samples: Sequence[Sample], role: str) -> list[Sample]:
    """Those in which nothing of the role was missing, or there beside: a restoring process, say."""
    usual = statistics.mode([it.processes[role] for it in samples] or [0])
    return [it for it in samples if it.processes[role] == usual and it.memory_mb[role] > 0]


def findings(seen: Seen) -> Findings:
    settled = [
        it for it in seen.samples if 0 <= it.at - seen.calm_s - seen.seconds * WARM_UP <= seen.seconds / 2
    ]
    none_failed = Target(Bound.AT_MOST, 0, Of.OURS)
    measures = [
        Measure(f"failed, of {seen.requests} requests", "", (float(seen.failed),), (0.0,), none_failed)
    ]
    for role in ROLES:
        measures += [
            _memory(role, settled),
            _files(role, seen),
        ]
    faults = tuple((f"{at:.0f}", name) for at, name in seen.faults)
    title = f"The faults (seed {seen.seed}, {seen.seconds / 60:g} minutes)"
    return Findings(
        "the same process at the beginning",
        tuple(measures),
        (Table(title, ("s", "fault"), faults),),
        _plot(seen),
    )


def _memory(role: str, samples: Sequence[Sample]) -> Measure:
    known = whole(samples, role)
    fitted = line([it.at for it in known], [it.memory_mb[role] for it in known])
    return _grown("memory", role, "MB", fitted.at(known[-1].at), fitted.at(known[0].at))


def _files(role: str, seen: Seen) -> Measure:
    """At the end of the calm after the faults, and of the one before."""
    known = whole(seen.samples, role)
    last = max(it.at for it in seen.samples)
    after = [it.files[role] for it in known if it.at >= last - JUDGED_S]
    before = [it.files[role] for it in known if seen.calm_s - JUDGED_S <= it.at < seen.calm_s]
    return _grown("open files", role, "", statistics.fmean(after), statistics.fmean(before))


def _grown(what: str, role: str, unit: str, last: float, first: float) -> Measure:
    name = f"{what} of {TITLES.get(role, f'the {role}')}"
    return Measure(name, unit, (last,), (first,), Target(Bound.AT_MOST, MOST_GROWTH, Of.RATIO))


def _plot(seen: Seen) -> Plot:
    curves = [_curve(seen, role, "MB", [it.memory_mb[role] for it in seen.samples]) for role in ROLES]
    curves += [_curve(seen, role, "open files", [it.files[role] for it in seen.samples]) for role in ROLES]
    lasts_s = seen.samples[-1].at
    minutes = round(lasts_s / 60)
    each = len(seen.samples) / max(1.0, lasts_s / 60)
    ticks = tuple((at * each, f"{at}") for at in range(0, minutes + 1, max(1, minutes // 10)))
    told = f"Own memory and open files of a process, {seen.failed} of {seen.requests} requests failed."
    return Plot(f"{minutes} minutes of load and faults", told, "minutes", ticks, tuple(curves))


def _curve(seen: Seen, role: str, unit: str, figures: Sequence[float]) -> Curve:
    complete = {it.at for it in whole(seen.samples, role)}
    values = tuple(
        figure if it.at in complete else None for it, figure in zip(seen.samples, figures, strict=True)
    )
    known = [(at, it) for at, it in enumerate(values) if it is not None]
    fitted = line([at for at, _ in known], [it for _, it in known])
    fit = tuple(fitted.at(at) for at in range(len(values)))
    return Curve(f"{TITLES.get(role, f'the {role}')}, {unit}", values, fit)
