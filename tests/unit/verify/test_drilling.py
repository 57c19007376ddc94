"""Drills played in a small world: nothing waits, nothing is broken, and what was broken is always put right."""

import asyncio

import pytest
from msgspec.structs import replace
from tests.unit.verify.drillworld import FakeRange, RefusedError, environment, instance, zone

from evenly.core.status import EnvironmentState, PartState, PartStatus
from evenly.errors import StateError
from evenly.verify.drilling import AFTER_S, BEFORE_S, CAP_S, run_drills
from evenly.verify.drillresult import Cause, DrillResult, DrillVerdict, Kind, Moment

UNDONE_BY = {
    Kind.ZONE: ("return", "b"),
    Kind.ZONE_RETURN: ("return", "b"),
    Kind.HANG: ("resume", "i-a1"),
    Kind.SLOW: ("slow", "i-a1", 0),
}
BREAKING = {
    Kind.INSTANCE: ("kill", "i-a1"),
    Kind.ZONE: ("lose", "b"),
    Kind.ZONE_RETURN: ("lose", "b"),
    Kind.HANG: ("hang", "i-a1"),
    Kind.SLOW: ("slow", "i-a1", 300),
    Kind.DATABASE: ("kill", "database"),
    Kind.DATABASE_FAILOVER: ("fail over", "database"),
    Kind.BALANCER: ("kill", "balancer"),
    Kind.SUPERVISOR: ("kill", "supervisor"),
}


@pytest.fixture
def world() -> FakeRange:
    return FakeRange()


async def run(world: FakeRange, *kinds: Kind):
    told: list[Moment] = []
    done = await run_drills(kinds, world.place, begins=lambda drill: None, tell=told.append)
    world.told = told
    return done


async def drill(world: FakeRange, kind: Kind) -> DrillResult:
    done = await run(world, kind)
    return done.results[0]


@pytest.mark.parametrize("kind", Kind)
async def test_each_fault_is_put_in_watched_and_put_right(world, kind):
    result = await drill(world, kind)
    assert (result.verdict, result.missed, result.void) == (DrillVerdict.PASS, (), None)
    assert world.target.calls[0] == BREAKING[kind]
    assert world.target.calls[1:] == ([UNDONE_BY[kind]] if kind in UNDONE_BY else [])
    assert (world.loads, world.open) == (1, 0)
    assert world.target.state.state is EnvironmentState.HEALTHY


@pytest.mark.parametrize("kind", [Kind.INSTANCE, Kind.ZONE, Kind.ZONE_RETURN, Kind.DATABASE, Kind.SUPERVISOR])
async def test_the_figures_are_those_of_what_happened(world, kind):
    world.target.heals_s = 2.0
    result = await drill(world, kind)
    assert result.fault_at_s == pytest.approx(BEFORE_S, abs=0.15)
    assert result.detected_s == pytest.approx(0.0, abs=0.15)
    assert result.full_s == pytest.approx(2.0, abs=0.15)
    assert result.before.requests == pytest.approx(BEFORE_S * 100, abs=20)
    assert result.during.requests == pytest.approx(200, abs=20)
    assert result.after.requests == pytest.approx(AFTER_S * 100, abs=20)


async def test_a_hung_instance_is_detected_when_its_health_shows_it(world):
    world.target.heals_s = 3.0
    result = await drill(world, Kind.HANG)
    assert result.detected_s == pytest.approx(0.5, abs=0.15)
    assert result.full_s == pytest.approx(3.0, abs=0.15)


async def test_a_slow_instance_that_stays_healthy_is_not_detected(world):
    assert (await drill(world, Kind.SLOW)).detected_s is None


async def test_the_timeline_has_the_fault_what_the_target_tells_and_full_capacity_in_their_order(world):
    result = await drill(world, Kind.INSTANCE)
    assert [it.cause for it in result.moments] == [Cause.FAULT, Cause.EVENT, Cause.DETECTED, Cause.FULL]
    assert [it.at_s for it in result.moments] == sorted(it.at_s for it in result.moments)
    assert result.moments[1].instance == result.victim == "i-a1"
    assert [it.cause for it in world.told] == [it.cause for it in result.moments]


async def test_an_event_has_the_time_that_the_target_gives_it(world):
    world.clock.after(1.05, lambda: world.target.happens("something else"))
    result = await drill(world, Kind.INSTANCE)
    assert result.moments[0].what == "something else"
    assert result.moments[0].at_s == pytest.approx(1.05)


async def test_what_happened_before_the_load_is_no_part_of_it(world):
    world.target.happens("long ago")
    world.clock.time += 5
    assert "long ago" not in [it.what for it in (await drill(world, Kind.INSTANCE)).moments]


async def test_failed_requests_fail_the_drill(world):
    world.target.fails_for_s = 0.5
    result = await drill(world, Kind.INSTANCE)
    assert result.verdict is DrillVerdict.FAIL
    assert result.missed == (f"50 of {result.load.requests} requests failed; 0 may.",)
    assert (result.before.failed, result.during.failed, result.after.failed) == (0, 50, 0)


async def test_the_balancer_may_cost_requests_but_no_more_than_a_second(world):
    world.target.fails_for_s = 0.8
    assert (await drill(world, Kind.BALANCER)).verdict is DrillVerdict.PASS
    late = FakeRange()
    late.target.fails_for_s = 1.2
    result = await drill(late, Kind.BALANCER)
    assert result.verdict is DrillVerdict.FAIL
    assert "nothing was answered" in result.missed[0]


async def test_a_sender_that_was_late_proves_nothing():
    world = FakeRange(lateness_s=0.06)
    world.target.fails_for_s = 0.5
    result = await drill(world, Kind.INSTANCE)
    assert result.verdict is DrillVerdict.VOID
    assert result.void == "The sender was 60 ms late; up to 50 ms counts."


async def test_what_does_not_heal_fails_after_the_longest_watch(world):
    world.target.heals_s = None
    result = await drill(world, Kind.DATABASE)
    assert (result.full_s, result.verdict) == (None, DrillVerdict.FAIL)
    assert len(result.missed) == 2  # never full, and not as before when it was over
    assert result.load.ended_s == pytest.approx(BEFORE_S + CAP_S + AFTER_S, abs=0.5)


@pytest.mark.parametrize("state", [EnvironmentState.DEGRADED, EnvironmentState.DOWN])
async def test_an_environment_that_is_not_healthy_is_refused(world, state):
    world.target.state = environment(state=state)
    with pytest.raises(StateError, match=str(state)):
        await run(world, Kind.INSTANCE)
    assert (world.loads, world.target.calls) == (0, [])


async def test_what_is_still_on_its_way_is_waited_for(world):
    world.target.state = environment(desired=5)
    world.clock.after(4.0, lambda: setattr(world.target, "state", environment()))
    assert (await drill(world, Kind.INSTANCE)).verdict is DrillVerdict.PASS


async def test_nothing_is_broken_when_the_environment_changed_before_the_fault(world):
    other = environment(zone("a", instance("a1"), instance("a9")), environment().zones[1])
    world.clock.after(1.0, lambda: setattr(world.target, "state", other))
    with pytest.raises(StateError, match="changed by itself"):
        await run(world, Kind.INSTANCE)
    assert world.target.calls == []
    assert world.open == 0


@pytest.mark.parametrize("kind", UNDONE_BY)
async def test_an_interrupted_drill_puts_right_what_it_broke(world, kind):
    running = asyncio.current_task()
    assert running is not None
    world.clock.after(BEFORE_S + 0.4, running.cancel)
    with pytest.raises(asyncio.CancelledError):
        await run(world, kind)
    running.uncancel()
    assert world.target.calls[0] == BREAKING[kind]
    assert world.target.calls[-1] == UNDONE_BY[kind]
    assert world.open == 0


@pytest.mark.parametrize("kind", [Kind.ZONE, Kind.HANG])
async def test_it_does_so_also_when_the_interruption_comes_while_the_fault_is_put_in(world, kind):
    """The fault runs to its end in its thread, and only then is it put right."""
    loop, running = asyncio.get_running_loop(), asyncio.current_task()
    assert running is not None

    def interrupt() -> None:
        world.target.interrupt = None
        loop.call_soon_threadsafe(running.cancel)

    world.target.interrupt = interrupt
    with pytest.raises(asyncio.CancelledError):
        await run(world, kind)
    running.uncancel()
    assert world.target.calls == [BREAKING[kind], UNDONE_BY[kind]]


async def test_a_fault_that_the_target_refuses_is_put_right_and_ends_the_drill(world):
    def refuse() -> None:
        raise RefusedError("no")

    world.target.interrupt = refuse
    with pytest.raises(StateError, match="no"):
        await run(world, Kind.HANG)
    assert world.target.calls[-1] == UNDONE_BY[Kind.HANG]
    assert world.open == 0


async def test_a_target_that_does_not_answer_for_a_while_is_watched_on(world):
    answer, silent = world.target.status, []

    def status():
        if world.target.calls and len(silent) < 5:
            silent.append(1)
            raise StateError("no answer")
        return answer()

    world.target.status = status
    assert (await drill(world, Kind.SUPERVISOR)).verdict is DrillVerdict.PASS
    assert len(silent) == 5


async def test_all_drills_come_one_after_the_other(world):
    done = await run(world, *Kind)
    assert [it.kind for it in done.results] == list(Kind)
    assert all(it.verdict is DrillVerdict.PASS for it in done.results)
    assert (world.loads, done.skipped, done.broken_off) == (len(Kind), (), None)


async def test_what_is_not_possible_here_is_skipped(world):
    world.target.state = replace(environment(), database=None)
    done = await run(world, Kind.DATABASE, Kind.INSTANCE)
    assert [(it.kind, it.why) for it in done.skipped] == [
        (Kind.DATABASE, "This environment has no database.")
    ]
    assert [it.kind for it in done.results] == [Kind.INSTANCE]


async def test_drills_are_broken_off_when_the_environment_does_not_settle_and_what_was_found_is_kept(world):
    world.target.heals_s = None
    done = await run(world, Kind.BALANCER, Kind.INSTANCE)
    assert [it.kind for it in done.results] == [Kind.BALANCER]
    assert done.broken_off is not None
    assert "waited for in vain" in done.broken_off


async def test_the_part_that_is_down_at_the_end_fails_the_drill(world):
    """Full for a moment, and then not as before."""

    def falls_over() -> None:
        world.target.state = replace(
            world.target.state, database=PartStatus(PartState.DOWN, None), state=EnvironmentState.DEGRADED
        )

    world.clock.after(BEFORE_S + 2.0, falls_over)
    result = await drill(world, Kind.INSTANCE)
    assert result.full_s is not None
    assert result.verdict is DrillVerdict.FAIL
