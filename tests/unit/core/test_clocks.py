"""A clock that jumps, a machine that stood still: what was decided before it holds, and nothing is replaced for it.

The time of day is not in here: the core measures with the monotonic clock, which no setting of the clock moves and
which stands while the machine sleeps. Where it does jump, all processes were stopped, or a virtual machine was.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.core.test_deploying import begun, cohort
from tests.unit.core.world import POLICY, World, any_fleet, four, instance, settle

from evenly.core.deploying import OVER, Phase, Seen, Work, advance, wanted
from evenly.core.fleet import Fleet, Health, HealthSeen, RolloutSet, apply
from evenly.core.parts import Part, ended, restart_delay_s, started
from evenly.core.planning import backoff_s, plan
from evenly.core.rollout import Failure
from evenly.core.status import LEAVING, InstanceState
from evenly.core.strategy import reload_steps

GAPS = st.sampled_from([0.0, 1.0, 60.0, 3600.0, 86_400.0 * 30])


@given(GAPS)
def test_those_that_served_before_it_serve_after_it(gap: float) -> None:
    world = World(four())
    settle(world)
    before = world.fleet
    world.now += gap
    assert plan(world.fleet, POLICY, world.now).actions == ()
    assert [it.id for it in world.fleet.instances] == [it.id for it in before.instances]


@given(st.integers(0, 4), GAPS)
def test_a_health_check_that_was_caught_by_it_has_all_its_patience_afterwards(sick: int, gap: float) -> None:
    """After it the balancer finds some unhealthy for a moment: its own checks stood still too."""
    world = World(four())
    settle(world)
    world.now += gap
    ids = [it.id for it in world.fleet.instances]
    world.tell(HealthSeen({id: Health(healthy=at >= sick) for at, id in enumerate(ids)}))
    assert plan(world.fleet, POLICY, world.now).actions == ()
    world.now += POLICY.patience - 0.1
    assert plan(world.fleet, POLICY, world.now).actions == ()
    world.tell(HealthSeen({id: Health(healthy=True) for id in ids}))
    world.now += 1
    assert plan(world.fleet, POLICY, world.now).actions == ()


@given(any_fleet(), GAPS)
@settings(max_examples=60, deadline=None)
def test_wherever_it_comes_the_fleet_settles_as_wanted(fleet: Fleet, gap: float) -> None:
    world = World(fleet, now=1.0)
    world.tick()
    world.now += gap
    settle(world)
    available = any(zone.available for zone in world.fleet.zones)
    assert not available or world.healthy() == world.fleet.desired


@given(GAPS)
def test_no_backoff_outlasts_it(gap: float) -> None:
    failed = replace(four(), instances=(), failures=9, failed=Failure("i-0", "local-a", 100.0, "exited"))
    assert plan(failed, POLICY, 100.0 + backoff_s(9) - 0.1).actions == ()
    assert plan(failed, POLICY, 100.0 + backoff_s(9) + gap).actions != ()


def test_a_part_that_ran_through_it_has_not_died_early() -> None:
    ran = started(Part(failures=5), None, 0.0)  # type: ignore[arg-type]
    assert restart_delay_s(ended(ran, "was killed", 3600.0).failures) == 0


@given(
    st.sampled_from([{}, {"steps": reload_steps(4), "gated": False}]),
    st.integers(0, 60),
    GAPS,
)
@settings(max_examples=60, deadline=None)
def test_a_deploy_that_is_caught_by_it_ends_with_one_release_and_enough_that_serve(how, at, gap) -> None:
    world = World(four())
    deploy = begun(**how)
    for tick in range(800):
        if deploy.phase in OVER:
            break
        if tick == at:
            world.now += gap
        world.tell(RolloutSet(wanted(deploy)))
        world.tick()
        seen = Seen(cohort(world, new=False), cohort(world, new=True), work=Work())
        deploy = advance(deploy, seen, world.now)
    staying = {it.release for it in world.fleet.instances if it.state not in LEAVING}
    assert staying == {deploy.release if deploy.phase is Phase.DONE else deploy.before}
    assert world.fewest_healthy >= 2


@pytest.mark.parametrize("now", [0.0, 5.0, 99.0])
def test_times_of_another_boot_that_lie_ahead_keep_nothing_from_serving(now: float) -> None:
    """What a record says is brought before the present when it is adopted; and the plan bears it if it is not."""
    ahead = four()
    ahead = replace(ahead, instances=tuple(replace(it, since=1e6, launched_at=1e6) for it in ahead.instances))
    assert plan(ahead, POLICY, now).actions == ()
    lost = apply(ahead, HealthSeen({"a1": Health(healthy=False)}), now)
    assert next(it for it in lost.instances if it.id == "a1").since == now


def test_what_was_being_started_is_given_up_after_it_and_started_again() -> None:
    new = instance("a2", state=InstanceState.LAUNCHING, since=0.0)
    world = World(replace(four(), instances=(new, *(it for it in four().instances if it.id != "a2"))))
    world.now = 3600.0
    settle(world)
    assert world.healthy() == 4
    assert world.fewest_healthy == 3
