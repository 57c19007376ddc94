"""Properties of fleet planning over any fleet and any order of events."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.core.world import POLICY, ZONES, World, any_fleet, launches, settle

from evenly.core.fleet import (
    DesiredSet,
    Drained,
    Event,
    Exited,
    Fleet,
    Health,
    HealthSeen,
    KillSent,
    Outdated,
    ZoneSet,
)
from evenly.core.planning import Launch, is_balanced, plan, zone_counts
from evenly.core.replacing import surge
from evenly.core.spread import shares
from evenly.core.status import InstanceState


@given(st.integers(0, 60), st.integers(1, 6), st.lists(st.integers(0, 20), min_size=6, max_size=6))
def test_shares_add_up_and_differ_by_at_most_one(count: int, zones: int, held: list[int]) -> None:
    names = [f"z{n}" for n in range(zones)]
    share = shares(count, names, dict(zip(names, held, strict=False)))
    assert sum(share.values()) == count
    assert max(share.values()) - min(share.values()) <= 1


@given(any_fleet())
@settings(max_examples=300, deadline=None)
def test_from_any_fleet_it_converges_within_its_bounds(start: Fleet) -> None:
    world = World(start)
    at_first = world.healthy()
    settle(world)
    if any(zone.available for zone in start.zones):
        assert world.healthy() == start.desired
        available = [zone.name for zone in start.zones if zone.available]
        counts = [zone_counts(world.fleet)[name] for name in available]
        assert max(counts) - min(counts) <= 1
        assert world.healthy() == sum(counts)
        assert is_balanced(world.fleet)
        assert not any(it.outdated for it in world.fleet.instances)
    assert world.fewest_healthy >= min(at_first, start.desired)
    assert world.most <= max(len(start.instances), 2 * start.desired) + start.desired


@given(any_fleet(), st.lists(st.integers(1, 9), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_scaling_never_goes_under_the_smaller_of_both_counts(start: Fleet, counts: list[int]) -> None:
    world = World(replace(start, zones=tuple(replace(z, available=True) for z in start.zones)))
    settle(world)
    for count in counts:
        least = min(world.fleet.desired, count)
        world.fewest_healthy = 10_000
        world.tell(DesiredSet(count))
        settle(world)
        assert world.healthy() == count
        assert world.fewest_healthy >= least


@given(any_fleet())
@settings(max_examples=300, deadline=None)
def test_the_last_healthy_instance_is_never_stopped(start: Fleet) -> None:
    stopped = {it.id for it in plan(start, POLICY, 0).actions if not isinstance(it, Launch)}
    healthy = {it.id for it in start.instances if it.state is InstanceState.HEALTHY}
    assert not healthy or healthy - stopped


@given(any_fleet())
@settings(max_examples=200, deadline=None)
def test_a_plan_never_launches_into_a_lost_zone_nor_beyond_what_is_desired(start: Fleet) -> None:
    planned = plan(start, POLICY, 0)
    lost = {zone.name for zone in start.zones if not zone.available}
    assert not lost & set(launches(planned.actions))
    assert len(launches(planned.actions)) <= start.desired + surge(start.desired, len(start.zones))
    assert planned.wake_at is None or planned.wake_at > 0


EVENTS = st.one_of(
    st.builds(Exited, st.sampled_from([f"i{n}" for n in range(12)]), st.just("ended")),
    st.builds(Drained, st.sampled_from([f"i{n}" for n in range(12)])),
    st.builds(KillSent, st.sampled_from([f"i{n}" for n in range(12)])),
    st.builds(Outdated, st.tuples(st.sampled_from([f"i{n}" for n in range(12)])), st.just("it is old")),
    st.builds(ZoneSet, st.sampled_from(ZONES), st.booleans()),
    st.builds(DesiredSet, st.integers(1, 9)),
    st.builds(
        HealthSeen,
        st.dictionaries(st.sampled_from([f"i{n}" for n in range(12)]), st.builds(Health, st.booleans())),
    ),
)


@given(any_fleet(), st.lists(EVENTS, max_size=30))
@settings(max_examples=200, deadline=None)
def test_after_any_events_it_converges(start: Fleet, events: list[Event]) -> None:
    world = World(start)
    for event in events:
        world.tell(event)
        world.tick()
    world.fleet = replace(world.fleet, zones=tuple(replace(z, available=True) for z in world.fleet.zones))
    settle(world)
    assert is_balanced(world.fleet)
