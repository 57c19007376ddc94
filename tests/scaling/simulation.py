"""Requests come by chance, wait, and are answered; once a second the counters are read and the count is decided on.

An instance answers two at once, each in 40 ms: 50 a second at the most, as `tests/e2e/apps/narrow.py` does. What is
not there is the balancer's second try, and a machine that is busy.
"""

import math
import random
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from evenly.core.observing import MOST_READINGS, Reading, observation
from evenly.core.scaling import IN_PERIODS, decide
from evenly.core.scalingfacts import Observation, ScalingPolicy, begin
from evenly.core.traffic import Answers
from evenly.local.balancer.bootstrap import BUCKETS, LONG_BUCKETS

AT_ONCE, TAKES_S = 2, 0.04
BEARS = AT_ONCE / TAKES_S  # requests a second of one instance
LAUNCH_S = 1.5
MINUTE = 60


@dataclass
class Server:
    """One instance: when each of its places is free, and when what it has is answered."""

    serves_at: float
    free: list[float] = field(default_factory=lambda: [0.0] * AT_ONCE)
    ends: deque[float] = field(default_factory=deque)

    def under_way(self, now: float) -> int:
        while self.ends and self.ends[0] <= now:
            self.ends.popleft()
        return len(self.ends)

    def answer(self, now: float) -> float:
        """When a request that comes now is answered."""
        place = min(range(AT_ONCE), key=self.free.__getitem__)
        end = max(now, self.free[place]) + TAKES_S
        self.free[place] = end
        self.ends.append(end)
        return end


@dataclass(frozen=True, slots=True)
class Second:
    """What a second was like: `rate` came, `p95_ms` of what was answered in it, exactly; how many served, how many
    were wanted at its end, and why if that changed."""

    at: int
    rate: int
    p95_ms: float | None
    serving: int
    desired: int
    why: str | None


class Simulation:
    """One run. `rate`: requests a second at a time, in seconds."""

    def __init__(self, policy: ScalingPolicy, rate: Callable[[float], float], seed: int = 1) -> None:
        self._policy = policy
        self._rate = rate
        self._random = random.Random(seed)  # noqa: S311
        self._fleet = [Server(0.0) for _ in range(policy.minimum)]
        self._bounds = sorted({*map(float, (*BUCKETS, *LONG_BUCKETS)), *filter(None, (policy.p95_ms,))})
        self._counts = [0] * len(self._bounds)
        self._answered: dict[int, list[float]] = {}
        self._at = self._came = self._count = 0
        self._readings: deque[Reading] = deque(maxlen=MOST_READINGS)
        self._seen: deque[Observation] = deque(maxlen=IN_PERIODS)
        self._state = begin(policy.minimum, 0.0)
        self.desired = policy.minimum

    def run(self, seconds: int) -> tuple[Second, ...]:
        """The next `seconds`."""
        began, self._at = self._at, self._at + seconds
        return tuple(self._second(at) for at in range(began, self._at))

    def scale(self, count: int) -> None:
        """As `evenly scale` does."""
        self._hold(count, self._readings[-1].at if self._readings else 0.0)

    def _second(self, at: int) -> Second:
        came = [self._answer(now) for now in self._arrivals(at)]
        flushed = self._buckets()  # the balancer's histograms are those of its last flush
        self._record(at)
        serving = len(self._serving(at + 1))
        self._came += len(came)
        answers = Answers(self._count, self._came - self._count, flushed)
        reading = Reading(at + 1.0, answers, serving, {})
        why = self._decide(reading)
        return Second(at, len(came), self._p95_ms(at), serving, self.desired, why)

    def _arrivals(self, at: int) -> Iterator[float]:
        now = float(at)
        while (now := now + self._random.expovariate(max(self._rate(at), 1e-9))) < at + 1:
            yield now

    def _answer(self, now: float) -> float:
        """As the balancer chooses: of two by chance, the one with less to do."""
        serving = self._serving(now)
        chosen = min(self._random.choices(serving, k=2), key=lambda it: it.under_way(now))
        end = chosen.answer(now)
        self._answered.setdefault(int(end), []).append((end - now) * 1000)
        return end

    def _serving(self, now: float) -> list[Server]:
        return [it for it in self._fleet if it.serves_at <= now]

    def _record(self, at: int) -> None:
        for took_ms in self._answered.get(at, ()):
            self._counts[bisect_left(self._bounds, took_ms)] += 1
            self._count += 1

    def _buckets(self) -> tuple[tuple[float, int], ...]:
        total, grown = 0, []
        for bound, count in zip(self._bounds, self._counts, strict=True):
            total += count
            grown.append((bound, total))
        return tuple(grown)

    def _p95_ms(self, at: int) -> float | None:
        took = sorted(self._answered.pop(at, ()))
        return took[math.ceil(0.95 * len(took)) - 1] if took else None

    def _decide(self, reading: Reading) -> str | None:
        self._readings.append(reading)
        seen = observation(tuple(self._readings))
        if seen is None:
            return None
        self._seen.append(seen)
        decision = decide(self._policy, self._state, self.desired, tuple(self._seen))
        self._state = decision.state
        if decision.why is not None:
            self._hold(decision.state.desired, reading.at)
        return decision.why

    def _hold(self, count: int, now: float) -> None:
        """Launched at once, and serving after a while; drained at once."""
        while len(self._fleet) < count:
            self._fleet.append(Server(now + LAUNCH_S))
        del self._fleet[count:]
        self.desired = count


def step(at: float) -> float:
    return 50.0 if at < 20 else 150.0


def spike(at: float) -> float:
    return 300.0 if 30 <= at < 60 else 50.0


def sine(at: float) -> float:
    return 150.0 - 100.0 * math.cos(2 * math.pi * at / (5 * MINUTE))


def day(at: float) -> float:
    """A day in 24 minutes: quiet at night, busy about noon, busiest in the evening."""
    hour = at / MINUTE % 24
    noon, evening = math.exp(-(((hour - 12) / 3) ** 2)), math.exp(-(((hour - 20) / 2) ** 2))
    return 20.0 + 160.0 * noon + 260.0 * evening
