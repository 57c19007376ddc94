"""Outdated instances: replaced a few at once, the new before the old, and kept where the new ones fail."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.core.world import POLICY, ZONES, World, fleet, four, instance, launches, settle

from evenly.core.fleet import Fleet, Outdated, apply
from evenly.core.forecast import Step, fleet_forecast
from evenly.core.planning import Drain, Launch, is_balanced, plan
from evenly.core.replacing import surge
from evenly.core.spread import shares
from evenly.core.status import InstanceState

WHY = "its certificate ends on 2027-01-24"


def even(count: int, zones: int) -> Fleet:
    names = ZONES[:zones]
    held = shares(count, names, {})
    return fleet(
        *(instance(f"{zone}-{n}", zone) for zone in names for n in range(held[zone])),
        desired=count,
        zones=names,
    )


def all_outdated(some: Fleet) -> Fleet:
    return apply(some, Outdated(tuple(it.id for it in some.instances), WHY), 0)


def test_the_new_one_comes_before_the_old_goes() -> None:
    planned = plan(apply(four(), Outdated(("b1",), WHY), 50), POLICY, 50)
    assert planned.actions == (Launch("local-b", f"another is to be replaced: {WHY}", release=1),)


def test_the_old_one_goes_when_the_new_one_serves() -> None:
    five = fleet(*four().instances, instance("b3", "local-b", since=60), desired=4)
    planned = plan(apply(five, Outdated(("b1",), WHY), 50), POLICY, 100)
    assert planned.actions == (Drain("b1", f"replaced because {WHY}"),)


def test_what_still_finishes_its_requests_keeps_its_place() -> None:
    leaving = instance("a1", state=InstanceState.DRAINING, since=99, active_requests=1, outdated=WHY)
    waiting = instance("b1", "local-b", outdated=WHY)
    some = fleet(leaving, instance("a2"), waiting, desired=2)
    assert plan(some, POLICY, 100).actions == ()
    gone = fleet(instance("a2"), waiting, desired=2)
    assert launches(plan(gone, POLICY, 100).actions) == ["local-b"]


def test_the_first_reason_stays() -> None:
    once = apply(four(), Outdated(("b1",), WHY), 50)
    assert apply(once, Outdated(("b1",), "another"), 60) == once


def test_a_loss_is_made_good_before_anything_is_replaced() -> None:
    three = fleet(*four().instances[:3], desired=4, failures=2)
    assert launches(plan(all_outdated(three), POLICY, 100).actions) == ["local-b"]


@pytest.mark.parametrize(("count", "most"), [(1, 1), (2, 1), (4, 1), (8, 2), (12, 2)])
def test_one_a_zone_at_once_and_no_more_than_a_quarter(count: int, most: int) -> None:
    assert len(launches(plan(all_outdated(even(count, 2)), POLICY, 50).actions)) == most


@given(st.integers(1, 12), st.integers(1, 3), st.randoms(use_true_random=False))
@example(3, 2, None)
@settings(max_examples=150, deadline=None)
def test_all_are_replaced_within_the_bounds(count: int, zones: int, random: Any) -> None:
    start = even(count, zones)
    some = [it.id for it in start.instances if random is None or random.random() < 0.7]
    world = World(apply(start, Outdated(tuple(some), WHY), 0))
    settle(world)
    assert is_balanced(world.fleet)
    assert not set(some) & {it.id for it in world.fleet.instances}
    assert (
        len(some) <= world.launched <= len(some) + 1
    )  # a zone more or less can change which zone is the fuller
    assert world.fewest_healthy >= count
    assert world.most <= count + surge(count, zones)
    assert world.most_uneven <= 1


@given(st.integers(1, 9), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_old_stay_where_the_new_ones_fail(count: int, zones: int) -> None:
    world = World(all_outdated(even(count, zones)), broken=True)
    for _ in range(400):
        world.tick()
    assert world.healthy() == count
    assert {it.id for it in world.fleet.instances} >= {it.id for it in even(count, zones).instances}
    assert world.launched <= 20  # in 200 s: 2 at first, then after 1, 2, 4 ... and every 30 s
    assert world.fleet.failures == world.launched


def test_it_is_foreseen_with_its_reason() -> None:
    two = all_outdated(even(2, 2))
    assert fleet_forecast(two, POLICY, 0).steps == (
        Step("launch 1 instance in local-a", f"another is to be replaced: {WHY}"),
        Step("drain local-a-0 in local-a, then stop it", f"replaced because {WHY}"),
        Step("launch 1 instance in local-b", f"another is to be replaced: {WHY}"),
        Step("drain local-b-0 in local-b, then stop it", f"replaced because {WHY}"),
    )
