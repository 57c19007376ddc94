"""Scaling, done: reads the balancer's counters once a second, decides by `core.scaling`, and tells what it decided.

Only where the manifest asks for it. What it has learned is recorded at each decision, so that the next supervisor
goes on with it; its readings are not, so that one has to look for some seconds before it decides.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from msgspec.structs import replace

from evenly.core.fleet import Fleet, Instance
from evenly.core.observing import MOST_READINGS, Reading, goes_on, observation
from evenly.core.scaling import IN_PERIODS, decide
from evenly.core.scalingfacts import Decision, Observation, ScalingPolicy, ScalingState, begin
from evenly.core.status import InstanceState, ScalingStatus
from evenly.local.balancer.admin import AdminClient, AdminError
from evenly.local.supervisor.journal import Journal
from evenly.local.supervisor.recording import Recorder
from evenly.local.usage import cpu_seconds

LOOK_S = 1.0


class Scaling:
    """Of one environment. `hold` is told each new count, with why; `fleet` says what there is."""

    def __init__(
        self,
        policy: ScalingPolicy,
        *,
        admin: AdminClient,
        fleet: Callable[[], Fleet],
        hold: Callable[[int, str], None],
        recorder: Recorder,
        journal: Journal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._admin = admin
        self._fleet = fleet
        self._hold = hold
        self._recorder = recorder
        self._journal = journal
        self._clock = clock
        self._readings: deque[Reading] = deque(maxlen=MOST_READINGS)
        self._seen: deque[Observation] = deque(maxlen=IN_PERIODS)
        self._limited: str | None = None
        self._state = adopted(recorder.record.scaling, clock()) or begin(fleet().desired, clock())

    async def run(self) -> None:
        """For ever: a look a second."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once. A balancer that does not answer is no reason for anything, and a deploy holds the count."""
        if self._fleet().rollout:
            self._forget()
            return
        try:
            self.take(await asyncio.to_thread(self._read, self._serving()))
        except AdminError:
            self._forget()

    def take(self, reading: Reading) -> None:
        """Decide on what was read last, and on what was read before."""
        if self._readings and not goes_on(self._readings[-1], reading):
            self._forget()
        self._readings.append(reading)
        seen = observation(tuple(self._readings))
        if seen is None:
            return
        self._seen.append(seen)
        self._do(decide(self._policy, self._state, self._fleet().desired, tuple(self._seen)))

    @property
    def status(self) -> ScalingStatus:
        last = self._seen[-1] if self._seen else None
        cpu = last.cpu / max(1, last.serving) if last and last.cpu is not None else None
        return ScalingStatus(
            minimum=self._policy.minimum,
            maximum=self._policy.maximum,
            p95_ms=_rounded(last.p95_ms if last else None),
            p95_ms_target=self._policy.p95_ms,
            requests=_rounded(last.each if last else None),
            requests_target=self._policy.requests,
            cpu=_rounded(cpu),
            cpu_target=self._policy.cpu,
            limited=self._limited,
        )

    def _read(self, serving: tuple[Instance, ...]) -> Reading:
        answers = self._admin.answers()
        leaders = {it.id: it.process.pid for it in serving if it.process}
        cpu_s = {} if self._policy.cpu is None else cpu_seconds(leaders)
        return Reading(self._clock(), answers, len(serving), cpu_s)

    def _serving(self) -> tuple[Instance, ...]:
        return tuple(it for it in self._fleet().instances if it.state is InstanceState.HEALTHY)

    def _forget(self) -> None:
        self._readings.clear()
        self._seen.clear()

    def _do(self, decision: Decision) -> None:
        if decision.why is not None:
            self._hold(decision.state.desired, decision.why)
        if decision.limited and not self._limited:
            self._journal.write("scale-limited", count=self._policy.maximum, why=decision.limited)
        self._limited = decision.limited
        self._remember(decision.state)

    def _remember(self, state: ScalingState) -> None:
        if state != self._state:
            self._state = state
            self._recorder.save(scaling=state)


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 1)


def adopted(state: ScalingState | None, now: float) -> ScalingState | None:
    """What was recorded, with no time in the future: the clock begins anew when the machine does."""
    if state is None:
        return None
    return replace(
        state,
        changed_at=min(state.changed_at, now),
        out_at=None if state.out_at is None else min(state.out_at, now),
        whole_at=None if state.whole_at is None else min(state.whole_at, now),
    )
