"""From readings of the balancer's counters, and of the instances' CPU, to what scaling decides on. Pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from evenly.core.scaling import OUT_PERIODS
from evenly.core.scalingfacts import Observation
from evenly.core.traffic import Answers, quantile

MOST_READINGS = 31  # half a minute, a reading a second
ENOUGH_ANSWERS = 20  # the 95th percentile of fewer is the slowest of them
SHARE = 0.95


class Reading(Struct, frozen=True):
    """Counters at `at` (monotonic seconds). `cpu_s`: CPU seconds of each instance that serves, by id; empty where
    they are not measured."""

    at: float
    answers: Answers
    serving: int
    cpu_s: Mapping[str, float]


def goes_on(before: Reading, now: Reading) -> bool:
    """Whether `now` counts on from `before`: a balancer that was started anew, or beside the one before, counts from
    0."""
    same = now.answers.epoch == before.answers.epoch
    return same and now.answers.count >= before.answers.count and now.answers.timed >= before.answers.timed


def observation(readings: Sequence[Reading]) -> Observation | None:
    """What `readings`, in the order of time, say of their end; `None` for fewer than two. Rates are those of the last
    two periods; the p95 is that of as few of the last periods as hold 20 answers, if they do."""
    if len(readings) < 2:
        return None
    first, last = readings[-OUT_PERIODS - 1 :][0], readings[-1]
    seconds = last.at - first.at
    return Observation(
        at=last.at,
        serving=last.serving,
        requests=max(0, last.answers.came - first.answers.came) / seconds,
        answered=(last.answers.count - first.answers.count) / seconds,
        p95_ms=_p95_ms(readings),
        cpu=_cpu(first, last),
    )


def _p95_ms(readings: Sequence[Reading]) -> float | None:
    last = readings[-1].answers
    before = (it.answers for it in reversed(readings[:-1]))
    enough = next((it for it in before if last.timed - it.timed >= ENOUGH_ANSWERS), None)
    return quantile(enough, last, SHARE) if enough else None


def _cpu(first: Reading, last: Reading) -> float | None:
    """Percent of a core, of all that serve: those that have served all the while stand for the others."""
    both = first.cpu_s.keys() & last.cpu_s.keys()
    if not both:
        return None
    used = sum(max(0.0, last.cpu_s[it] - first.cpu_s[it]) for it in both)
    return 100 * used / (last.at - first.at) / len(both) * last.serving
