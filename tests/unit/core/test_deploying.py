"""Deploys replayed: from what is seen of two releases, phase by phase, in good and in bad weather."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.core.world import World, four

from evenly.core.deploying import (
    OVER,
    Cohort,
    Deploy,
    Phase,
    Seen,
    Work,
    advance,
    has_traffic,
    wanted,
)
from evenly.core.rollout import Failure, RolloutSet, parted
from evenly.core.status import LEAVING, InstanceState
from evenly.core.strategy import LOOK_S, Step, reload_steps, return_steps, steps
from evenly.core.summary import is_evenly_full
from evenly.manifest.types import CanaryStep, Deployment, Seconds

ROLLING = Deployment(bake=Seconds(10.0))
BLUE_GREEN = Deployment(strategy="blue-green", bake=Seconds(10.0))
CANARY = Deployment(
    strategy="canary",
    bake=Seconds(10.0),
    steps=(CanaryStep(weight=10, time=Seconds(30.0)), CanaryStep(weight=50, time=Seconds(60.0))),
)
WELL = Seen(Cohort(4, 4, full=True), Cohort(2, 2, full=True), work=Work())


def begun(how: Deployment = ROLLING, count: int = 4, zones: int = 2, **more: object) -> Deploy:
    made = Deploy(
        release=2,
        before=1,
        by="ada",
        started_at="2026-01-01T00:00:00.000Z",
        count=count,
        steps=steps(how, count, zones),
        grace_period=5.0,
        since=0.0,
    )
    return replace(made, **more)  # type: ignore[arg-type]


# --- the steps of each strategy


def test_a_rolling_deploy_brings_one_more_a_zone_and_lets_as_many_go() -> None:
    assert steps(ROLLING, 4, 2) == (
        Step(2, 4, None, LOOK_S),
        Step(4, 2, None, LOOK_S),
        Step(4, 0, None, 10.0),
    )


def test_blue_green_brings_all_shifts_all_and_lets_the_old_go_after_the_bake() -> None:
    assert steps(BLUE_GREEN, 4, 2) == (Step(4, 4, 100.0, 10.0), Step(4, 0, None, 0.0))


def test_a_canary_has_enough_instances_for_its_share_and_one_a_zone_at_least() -> None:
    assert steps(CANARY, 8, 2) == (
        Step(2, 8, 10.0, 30.0),
        Step(4, 8, 50.0, 60.0),
        Step(8, 8, 100.0, 10.0),
        Step(8, 0, None, 0.0),
    )


def test_a_reload_brings_all_and_shifts_all_at_once_and_is_watched_for_no_time() -> None:
    assert reload_steps(2) == (Step(2, 2, 100.0, 0.0), Step(2, 0, None, 0.0))


@given(st.sampled_from([ROLLING, BLUE_GREEN, CANARY]), st.integers(1, 40), st.integers(2, 6), st.booleans())
def test_every_step_has_enough_and_the_last_one_is_the_new_release_alone(how, count, zones, back):
    found = return_steps(count) if back else steps(how, count, zones)
    assert (found[-1].new, found[-1].old) == (count, 0)
    serving = [0, *(it.new for it in found)]
    for before, step in zip(serving, found, strict=False):
        assert before <= step.new <= count
        assert before + step.old >= count  # what serves while the step's own are launched
    assert found[0].new >= min(zones, count)
    assert found[0].old == count


# --- phase by phase


def test_nothing_is_launched_before_the_migrations_are_applied() -> None:
    preparing = begun()
    assert wanted(preparing).new == 0
    assert advance(preparing, replace(WELL, work=None), 1.0) == preparing
    assert advance(preparing, WELL, 1.0).phase is Phase.GROWING


def test_the_first_ones_get_no_traffic_before_they_have_passed_the_gate() -> None:
    growing = begun(phase=Phase.GROWING)
    assert (wanted(growing).new, wanted(growing).share) == (2, 0.0)
    checking = advance(growing, WELL, 1.0)
    assert (checking.phase, wanted(checking).share) == (Phase.CHECKING, 0.0)
    holding = advance(checking, WELL, 2.0)
    assert (holding.phase, wanted(holding).share) == (Phase.HOLDING, None)


def test_a_step_waits_until_its_instances_serve_in_every_zone() -> None:
    growing = begun(phase=Phase.GROWING)
    assert advance(growing, replace(WELL, new=Cohort(1, 2, full=False)), 1.0) == growing


def test_later_steps_have_no_gate_and_keep_the_traffic_as_it_was_until_they_serve() -> None:
    second = begun(CANARY, phase=Phase.GROWING, step=1)
    assert wanted(second).share == 10.0
    held = advance(second, WELL, 1.0)
    assert (held.phase, wanted(held).share) == (Phase.HOLDING, 50.0)


def test_a_step_is_watched_for_its_time() -> None:
    holding = begun(phase=Phase.HOLDING, since=10.0)
    assert advance(holding, WELL, 10.0 + LOOK_S - 0.01) == holding
    after = advance(holding, WELL, 10.0 + LOOK_S)
    assert (after.phase, after.step) == (Phase.GROWING, 1)


def test_it_is_done_after_the_last_steps_bake() -> None:
    last = begun(phase=Phase.HOLDING, step=2, since=10.0)
    assert advance(last, WELL, 19.9) == last
    assert advance(last, WELL, 20.0).phase is Phase.DONE


def test_the_old_ones_have_to_be_on_their_way_before_the_bake_begins() -> None:
    last = begun(phase=Phase.GROWING, step=2)
    assert advance(last, replace(WELL, old=Cohort(1, 1, full=False)), 1.0) == last
    assert advance(last, replace(WELL, old=Cohort(0, 0, full=True)), 1.0).phase is Phase.HOLDING


def test_a_reload_has_the_traffic_as_soon_as_it_serves_and_is_done_as_soon_as_the_old_ones_go() -> None:
    growing = begun(phase=Phase.GROWING, steps=reload_steps(4), gated=False)
    assert advance(growing, replace(WELL, new=Cohort(3, 4, full=False)), 1.0) == growing
    serving = advance(growing, replace(WELL, new=Cohort(4, 4, full=True)), 1.0)
    assert (serving.phase, wanted(serving).share) == (Phase.HOLDING, 100.0)
    leaving = advance(serving, WELL, 1.0)
    assert (leaving.phase, wanted(leaving).old) == (Phase.GROWING, 0)
    gone = replace(WELL, old=Cohort(0, 0, full=True))
    assert advance(advance(leaving, gone, 1.0), gone, 1.0).phase is Phase.DONE


# --- each gate


CRASH = Failure("i-1", "local-a", 1.0, "exited with code 9 after 5.0 s")


@pytest.mark.parametrize(
    ("deploy", "seen", "words"),
    [
        (begun(), replace(WELL, work=Work("0002_x.sql: PostgreSQL says: no.")), "0002_x.sql: PostgreSQL says: no."),
        (begun(phase=Phase.CHECKING), replace(WELL, work=Work("The gate is not passed.")), "The gate is not"),
        (begun(phase=Phase.GROWING), replace(WELL, failures=2, failed=CRASH), "i-1, exited with code 9"),
        (begun(phase=Phase.HOLDING), replace(WELL, failures=2, failed=CRASH), "i-1, exited with code 9"),
        (begun(phase=Phase.HOLDING), replace(WELL, new=Cohort(1, 2, False, "i-2")), "i-2 of release 2 fails"),
        (begun(phase=Phase.HOLDING), replace(WELL, alarm="5XX is 3 %."), "5XX is 3 %."),
        (begun(phase=Phase.GROWING, step=1), replace(WELL, alarm="5XX is 3 %."), "5XX is 3 %."),
        (begun(phase=Phase.HOLDING), replace(WELL, stop="It was stopped by ada."), "It was stopped by ada."),
    ],
)  # fmt: skip
def test_a_gate_that_fails_turns_it_back_and_says_why(deploy, seen, words):
    back = advance(deploy, seen, 1.0)
    assert back.phase is Phase.RETURNING
    assert words in (back.why or "")
    assert back.failed == (CRASH.id if seen.failed else None)


def test_one_crash_may_be_an_accident() -> None:
    holding = begun(phase=Phase.HOLDING)
    assert advance(holding, replace(WELL, failures=1, failed=CRASH), 1.0) == holding


def test_what_never_becomes_healthy_is_not_waited_for_any_longer() -> None:
    growing = begun(phase=Phase.GROWING)
    some = replace(WELL, new=Cohort(1, 2, full=False))
    assert advance(growing, some, 19.9) == growing
    back = advance(growing, some, 20.0)
    assert back.why == "Only 1 of 2 instances of release 2 became healthy within 20 s."


def test_figures_do_not_count_before_there_is_traffic() -> None:
    checking = begun(phase=Phase.CHECKING)
    assert not has_traffic(checking)
    assert advance(checking, replace(WELL, alarm="slow", work=None), 1.0) == checking


# --- back


def test_a_failed_first_step_takes_the_traffic_back_at_once() -> None:
    back = advance(begun(phase=Phase.HOLDING), replace(WELL, alarm="slow"), 1.0)
    assert (wanted(back).share, wanted(back).old) == (0.0, 4)


def test_where_the_old_ones_have_gone_they_come_back_before_the_new_ones_go() -> None:
    back = begun(phase=Phase.RETURNING, step=2, why="slow")
    none = replace(WELL, old=Cohort(1, 3, full=False))
    assert (wanted(back).new, wanted(back).old, wanted(back).share) == (4, 4, None)
    assert advance(back, none, 1.0) == back
    undoing = advance(back, replace(none, old=Cohort(2, 4, full=False)), 1.0)
    assert (undoing.phase, wanted(undoing).new, wanted(undoing).share) == (Phase.UNDOING, 0, 0.0)


def test_it_is_undone_when_the_old_ones_serve_in_full_and_no_new_one_stays() -> None:
    undoing = begun(phase=Phase.UNDOING, why="slow")
    assert advance(undoing, replace(WELL, new=Cohort(0, 1, full=False)), 1.0) == undoing
    assert (
        advance(undoing, replace(WELL, old=Cohort(3, 4, full=False), new=Cohort(0, 0, True)), 1.0) == undoing
    )
    assert advance(undoing, replace(WELL, new=Cohort(0, 0, full=True)), 1.0).phase is Phase.UNDONE


# --- with the planner, to the end


def cohort(world: World, new: bool) -> Cohort:
    rollout = world.fleet.rollout
    assert rollout is not None
    own = parted(world.fleet, rollout)[new]
    desired = rollout.new if new else rollout.old
    return Cohort(
        sum(it.state is InstanceState.HEALTHY for it in own),
        sum(it.state not in LEAVING for it in own),
        is_evenly_full(replace(world.fleet, instances=own, desired=desired)),
    )


@given(
    st.sampled_from([{}, {"how": BLUE_GREEN}, {"how": CANARY}, {"steps": reload_steps(4), "gated": False}]),
    st.one_of(st.none(), st.integers(0, 60)),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_whenever_it_fails_all_serve_throughout_and_one_release_is_left(how, fails_at, random):
    """Half-second ticks; at one of them a figure is past its limit, or never."""
    world = World(four())
    deploy = begun(**how)
    for tick in range(800):
        if deploy.phase in OVER:
            break
        world.tell(RolloutSet(wanted(deploy)))
        world.tick()
        seen = Seen(
            cohort(world, new=False),
            cohort(world, new=True),
            work=Work() if random.random() < 0.5 else None,
            stop="It was stopped." if fails_at is not None and tick >= fails_at else None,
        )
        deploy = advance(deploy, seen, world.now)
    failed = deploy.why is not None
    assert deploy.phase is (Phase.UNDONE if failed else Phase.DONE)
    assert failed or fails_at is not None or deploy.step == len(deploy.steps) - 1
    staying = [it.release for it in world.fleet.instances if it.state not in LEAVING]
    assert staying == [deploy.before if failed else deploy.release] * 4
    assert world.fewest_healthy >= (2 if failed else 4)  # half of them are better than a bad release
