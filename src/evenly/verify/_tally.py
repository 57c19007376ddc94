"""Counts a load as it runs: from one outcome a request to the figures of its seconds, stages and parts. Pure.

What it holds grows with the seconds of a run; of its requests it keeps eight bytes each, when they were answered.
"""

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise

from evenly.verify._outcomes import Failure, Fault, Latency, LoadResult, Outcome, Part, Second, StageResult
from evenly.verify._schedule import Stage, starts
from evenly.verify.histogram import Histogram

FAILURES_KEPT = 1000
MOST_PARTS = 100
MOST_COMPLAINTS = 20
OTHERS = "others"


class Count:
    """Requests, failures, and the latencies of those that succeeded."""

    __slots__ = ("failed", "latencies", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.failed = 0
        self.latencies = Histogram()

    def add(self, outcome: Outcome) -> None:
        self.requests += 1
        if outcome.fault is None:
            self.latencies.record(round((outcome.at_s - outcome.due_s) * 1e6))
        else:
            self.failed += 1

    def merge(self, other: "Count") -> None:
        self.requests += other.requests
        self.failed += other.failed
        self.latencies.merge(other.latencies)

    @property
    def latency(self) -> Latency:
        found = self.latencies.percentiles_us((50, 90, 95, 99, 99.9, 100))
        return Latency(*(each / 1000 for each in found))


class Tally:
    """What came of a run so far. Outcomes come in any order."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._starts = starts(stages)
        self._seconds: defaultdict[int, Count] = defaultdict(Count)
        self._zones: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._of_stage = tuple(Count() for _ in stages)
        self._late = [0.0] * len(stages)
        self._parts: dict[str, Count] = {}
        self._statuses: Counter[int] = Counter()
        self._instances: Counter[str] = Counter()
        self._faults: Counter[Fault] = Counter()
        self._failures: list[Failure] = []
        self._answered = array("d")
        self._complaints: Counter[str] = Counter()
        self.users = 0

    def begun(self, due_s: float, at_s: float) -> None:
        """A request that was due then was sent at `at_s`."""
        stage = self._stage(due_s)
        self._late[stage] = max(self._late[stage], at_s - due_s)

    def add(self, outcome: Outcome) -> None:
        second = int(outcome.due_s)
        self._seconds[second].add(outcome)
        self._of_stage[self._stage(outcome.due_s)].add(outcome)
        if outcome.name:
            self._part(outcome.name).add(outcome)
        if outcome.status is not None:
            self._statuses[outcome.status] += 1
        if outcome.instance is not None:
            self._instances[outcome.instance] += 1
        if outcome.zone is not None:
            self._zones[second][outcome.zone] += 1
        if outcome.fault is None:
            self._answered.append(outcome.at_s)
        else:
            self._fail(outcome, outcome.fault)

    def complain(self, told: str) -> None:
        """What a scenario raised. Beyond a number of different ones they are counted together."""
        known = told in self._complaints or len(self._complaints) < MOST_COMPLAINTS
        self._complaints[told if known else OTHERS] += 1

    def result(self, *, started_s: float, ended_s: float, sent_s: float) -> LoadResult:
        whole = _sum(self._of_stage)
        return LoadResult(
            started_s=started_s,
            ended_s=ended_s,
            sent_s=sent_s,
            requests=whole.requests,
            errors=whole.failed,
            failed=tuple(sorted(self._failures, key=lambda it: (it.at_s, it.due_s, it.what))),
            by_fault=dict(self._faults),
            by_status=dict(self._statuses),
            by_instance=dict(self._instances),
            by_zone=_together(self._zones.values()),
            latency=whole.latency,
            histogram=whole.latencies.compact(),
            longest_gap_s=_longest_gap(self._answered, ended_s),
            lateness_s=max(self._late),
            timeline=tuple(self._second(at_s) for at_s in sorted(self._seconds)),
            stages=tuple(map(self._stage_result, range(len(self._stages)))),
            parts=tuple(_part(name, self._parts[name]) for name in sorted(self._parts)),
            users=self.users,
            complaints=dict(self._complaints),
        )

    def _fail(self, outcome: Outcome, fault: Fault) -> None:
        self._faults[fault] += 1
        if len(self._failures) < FAILURES_KEPT:
            self._failures.append(Failure(outcome.at_s, outcome.due_s, fault, outcome.status))

    def _stage(self, due_s: float) -> int:
        """The stage that it was due in; what a scenario asks for after the last one's end belongs to that."""
        return min(bisect_right(self._starts, due_s), len(self._stages)) - 1

    def _part(self, name: str) -> Count:
        if name not in self._parts and len(self._parts) >= MOST_PARTS:
            name = OTHERS
        return self._parts.setdefault(name, Count())

    def _second(self, at_s: int) -> Second:
        found = self._seconds[at_s]
        return Second(at_s, found.requests, found.failed, found.latency, dict(self._zones.get(at_s, {})))

    def _stage_result(self, number: int) -> StageResult:
        stage, found = self._stages[number], self._of_stage[number]
        return StageResult(
            start_s=self._starts[number],
            duration_s=stage.duration_s,
            rate=stage.rate,
            requests=found.requests,
            failed=found.failed,
            latency=found.latency,
            lateness_s=self._late[number],
        )


def _part(name: str, found: Count) -> Part:
    return Part(name, found.requests, found.failed, found.latency)


def _sum(counts: Iterable[Count]) -> Count:
    whole = Count()
    for each in counts:
        whole.merge(each)
    return whole


def _together(counts: Iterable[Counter[str]]) -> Mapping[str, int]:
    whole: Counter[str] = Counter()
    for each in counts:
        whole += each
    return dict(whole)


def _longest_gap(answered: Iterable[float], ended_s: float) -> float:
    return max(
        later - earlier for earlier, later in pairwise(chain([0.0], sorted(answered), [max(ended_s, 0.0)]))
    )
