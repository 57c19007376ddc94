"""Runs drills: load, a fault, a watch until all is as good as before, and what was broken put right again, always.

Asks the target by its protocol, in threads, since targets wait for others. Clock and load are passed in.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct

from evenly.core.facts import NotPossibleError
from evenly.core.status import EnvironmentStatus
from evenly.errors import EvenlyError, StateError
from evenly.verify._outcomes import LoadResult, Outcome
from evenly.verify.drill import (
    SLOW_FOR_S,
    SLOW_MS,
    Drill,
    choose,
    is_full_again,
    is_settled,
    refuse_unless_healthy,
    what_happens,
)
from evenly.verify.drillresult import Cause, DrillResult, Kind, Moment, SkippedDrill, phases
from evenly.verify.drillverdict import bounds_of, missed, verdict
from evenly.verify.drillwatch import Watch
from evenly.verify.target import Target

BEFORE_S = (
    3.0  # longer than core.fleet.STABLE_AFTER_S: what serves that long is no failed launch when it dies
)
AFTER_S = 3.0
CAP_S = 60.0  # for capacity to be full again, and for the environment to settle
LOOK_S = 0.1

T = TypeVar("T")
Tell = Callable[[Moment], None]


class Sent(Struct, frozen=True):
    """A load that has ended, and each of its requests."""

    load: LoadResult
    outcomes: tuple[Outcome, ...]


class Flow(Protocol):
    """A load that runs."""

    async def finish(self) -> Sent:
        """Send nothing more, and wait for the answers."""


class Clock(Protocol):
    def now(self) -> float:
        """Monotonic seconds, the same as the load's."""

    def wall(self) -> datetime:
        """Aware."""

    async def sleep(self, seconds: float) -> None: ...


class Range(Struct, frozen=True):
    """Where drills take place. `load` begins the one for a drill of that kind; it lasts that many seconds at most, or
    until it is finished."""

    target: Target
    load: Callable[[Kind, float], AbstractAsyncContextManager[Flow]]
    clock: Clock
    rate: float


class Done(Struct, frozen=True):
    """See `Drills`."""

    results: tuple[DrillResult, ...]
    skipped: tuple[SkippedDrill, ...]
    broken_off: str | None


async def run_drills(
    kinds: Sequence[Kind], place: Range, *, begins: Callable[[Drill], None], tell: Tell
) -> Done:
    """One after the other. `begins` hears of each before its load, `tell` of what happens in it.

    Raises StateError when the environment is not healthy to begin with, and, for a single kind, NotPossibleError.
    """
    refuse_unless_healthy(await _ask(place.target.status))
    results: list[DrillResult] = []
    skipped: list[SkippedDrill] = []
    for kind in kinds:
        try:
            results.append(await _Run(kind, place, tell).whole(begins))
        except NotPossibleError as error:
            skipped.append(SkippedDrill(kind, error.why))
        except StateError as error:
            if not results:
                raise
            return Done(tuple(results), tuple(skipped), f"{error.what[:1].upper()}{error.what[1:]}.")
    return Done(tuple(results), tuple(skipped), None)


class _Run:
    """One drill."""

    def __init__(self, kind: Kind, place: Range, tell: Tell) -> None:
        self._kind = kind
        self._place = place
        self._target = place.target
        self._clock = place.clock
        self._watch = Watch(place.target, place.clock, tell)
        self._broken = False  # in a way that does not heal by itself

    async def whole(self, begins: Callable[[Drill], None]) -> DrillResult:
        drill = choose(self._kind, await self._settled())
        begins(drill)
        try:
            await self._prepare(drill)
            sent = await self._under_load(drill)
        finally:
            await self._restore(drill)
        return self._result(drill, sent, await self._is_as_before())

    async def _under_load(self, drill: Drill) -> Sent:
        started_at = self._clock.wall()
        async with self._place.load(self._kind, BEFORE_S + CAP_S + AFTER_S) as flow:
            self._watch.begin(drill, started_at)
            await self._look_for(BEFORE_S)
            self._refuse_if_changed(drill)
            await self._break(drill)
            await self._until_full(drill)
            await self._look_for(AFTER_S)
            return await flow.finish()

    # --- the fault

    async def _prepare(self, drill: Drill) -> None:
        """A zone can only return when it is out."""
        if drill.kind is Kind.ZONE_RETURN:
            self._broken = True
            lost = Drill(Kind.ZONE, drill.victim, drill.status)
            await _ask(self._target.lose_zone, _name(drill))
            await self._until(lambda it: is_full_again(lost, it), "without that zone, full capacity")

    async def _break(self, drill: Drill) -> None:
        self._watch.note(Cause.FAULT, what_happens(drill))
        match drill.kind:
            case Kind.INSTANCE:
                await _ask(self._target.kill_instance, _name(drill))
            case Kind.ZONE:
                self._broken = True
                await _ask(self._target.lose_zone, _name(drill))
            case Kind.ZONE_RETURN:
                await _ask(self._target.return_zone, _name(drill))
                self._broken = False
            case Kind.HANG:
                self._broken = True
                await _ask(self._target.hang_instance, _name(drill))
            case Kind.SLOW:
                self._broken = True
                await _ask(self._target.slow_instance, _name(drill), SLOW_MS)
                await self._look_for(SLOW_FOR_S)
                await self._restore(drill)
            case Kind.DATABASE:
                await _ask(self._target.restart_database)
            case Kind.DATABASE_FAILOVER:
                await _ask(self._target.fail_database_over)
            case Kind.BALANCER:
                await _ask(self._target.kill_balancer)
            case Kind.SUPERVISOR:
                await _ask(self._target.kill_supervisor)

    async def _restore(self, drill: Drill) -> None:
        if not self._broken:
            return
        match drill.kind:
            case Kind.ZONE | Kind.ZONE_RETURN:
                await _ask(self._target.return_zone, _name(drill))
            case Kind.HANG:
                await _ask(self._target.resume_instance, _name(drill))
            case Kind.SLOW:
                await _ask(self._target.slow_instance, _name(drill), 0)
        self._broken = False
        self._watch.note(Cause.UNDONE, "What was broken is put right.")

    # --- what is waited for

    async def _settled(self) -> EnvironmentStatus:
        return await self._until(is_settled, "the environment, healthy and at rest")

    async def _is_as_before(self) -> bool:
        try:
            await self._settled()
        except StateError:
            return False
        return True

    async def _until_full(self, drill: Drill) -> None:
        with suppress(StateError):
            await self._until(lambda it: is_full_again(drill, it), "full capacity")
            self._watch.note(Cause.FULL, "Capacity is full and balanced again.")

    async def _until(self, holds: Callable[[EnvironmentStatus], bool], what: str) -> EnvironmentStatus:
        """Raises StateError when it does not come to it in time."""
        until = self._clock.now() + CAP_S
        while self._clock.now() < until:
            status = await self._look()
            if status is not None and holds(status):
                return status
            await self._clock.sleep(LOOK_S)
        raise StateError(f"{what}, was waited for in vain, for {CAP_S:g} s", try_="evenly status")

    async def _look_for(self, seconds: float) -> None:
        until = self._clock.now() + seconds
        while self._clock.now() < until:
            await self._look()
            await self._clock.sleep(LOOK_S)

    async def _look(self) -> EnvironmentStatus | None:
        """What the target says now; `None` if it does not, for it may be the one that is broken."""
        try:
            return await _ask(self._watch.look)
        except EvenlyError:
            return None

    def _refuse_if_changed(self, drill: Drill) -> None:
        now = self._watch.status
        if drill.kind is Kind.ZONE_RETURN or now is None:
            return
        if not is_settled(now) or _ids(now) != _ids(drill.status):
            raise StateError("the environment changed by itself, so nothing was broken", try_="evenly status")

    # --- what came of it

    def _result(self, drill: Drill, sent: Sent, as_before: bool) -> DrillResult:
        load, watch = sent.load, self._watch
        bounds = bounds_of(drill.status.target, drill.kind)
        full_s = watch.since_fault(Cause.FULL)
        late = (
            () if as_before else (f"The environment was not as before, {CAP_S:g} s after it was put right.",)
        )
        over = (*missed(bounds, load, full_s), *late)
        fault_at_s = (watch.at(Cause.FAULT) or 0.0) - load.started_s
        before, during, after = phases(
            sent.outcomes, fault_at_s, None if full_s is None else fault_at_s + full_s
        )
        return DrillResult(
            kind=drill.kind,
            sentence=what_happens(drill),
            victim=drill.victim,
            verdict=verdict(load.void, over),
            missed=over,
            void=load.void,
            bounds=bounds,
            rate=self._place.rate,
            started_at=watch.started_at,
            fault_at_s=fault_at_s,
            detected_s=watch.since_fault(Cause.DETECTED),
            full_s=full_s,
            before=before,
            during=during,
            after=after,
            moments=watch.moments(load.started_s),
            load=load,
        )


def _ids(status: EnvironmentStatus) -> set[str]:
    return {it.id for zone in status.zones for it in zone.instances}


def _name(drill: Drill) -> str:
    return drill.victim or ""


async def _ask(function: Callable[..., T], *arguments: object) -> T:
    """In a thread, to its end also when this task is cancelled: what is being broken has to be known to be broken
    before it is put right."""
    asked = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(asked)
    except asyncio.CancelledError:
        await asyncio.wait({asked})
        raise
