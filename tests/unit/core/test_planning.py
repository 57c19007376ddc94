"""Fleet planning: examples of each rule."""

from msgspec.structs import replace
from tests.unit.core.world import POLICY, fleet, four, instance, launches

from evenly.core.fleet import (
    Drained,
    Exited,
    Failure,
    Health,
    HealthSeen,
    KillSent,
    StopSent,
    ZoneSet,
    apply,
)
from evenly.core.planning import Drain, Kill, Launch, Stop, backoff_s, plan
from evenly.core.status import InstanceState


def test_an_empty_fleet_is_launched_evenly() -> None:
    assert launches(plan(fleet(), POLICY, 0).actions) == ["local-a", "local-a", "local-b", "local-b"]


def test_a_full_fleet_needs_nothing() -> None:
    assert plan(four(), POLICY, 100).actions == ()
    assert plan(four(), POLICY, 100).wake_at is None


def test_a_death_is_replaced_in_its_zone_at_once() -> None:
    after = apply(four(), Exited("b2", "was killed"), 50)
    assert launches(plan(after, POLICY, 50).actions) == ["local-b"]


def test_an_odd_one_stays_where_it_is() -> None:
    three = fleet(instance("a1"), instance("b1", "local-b"), instance("b2", "local-b"), desired=3)
    assert plan(three, POLICY, 100).actions == ()


def test_a_lost_zone_starts_its_share_elsewhere() -> None:
    lost = apply(four(), ZoneSet("local-b", False), 10)
    for id in ("b1", "b2"):
        lost = apply(lost, Exited(id, "was killed"), 10)
    assert launches(plan(lost, POLICY, 10).actions) == ["local-a", "local-a"]


def test_a_zone_that_returns_gets_its_share_before_anything_is_retired() -> None:
    crowded = fleet(*(instance(f"a{n}") for n in range(4)), desired=4)
    planned = plan(crowded, POLICY, 100)
    assert launches(planned.actions) == ["local-b", "local-b"]
    assert not [it for it in planned.actions if isinstance(it, Drain)]


def test_after_the_return_the_surplus_is_drained() -> None:
    more = fleet(
        *(instance(f"a{n}") for n in range(4)),
        instance("b0", "local-b"),
        instance("b1", "local-b"),
        desired=4,
    )
    assert [type(it) for it in plan(more, POLICY, 100).actions] == [Drain, Drain]


def test_no_available_zone_keeps_what_there_is() -> None:
    lost = apply(apply(four(), ZoneSet("local-a", False), 0), ZoneSet("local-b", False), 0)
    assert plan(lost, POLICY, 100).actions == ()


def test_an_unhealthy_instance_has_patience_then_a_replacement_then_goes() -> None:
    sick = apply(four(), HealthSeen({"a1": Health(False)}), 100)
    assert plan(sick, POLICY, 104).actions == ()
    assert plan(sick, POLICY, 104).wake_at == 105
    assert [type(it) for it in plan(sick, POLICY, 105).actions] == [Launch]
    replaced = replace(sick, instances=(*sick.instances, instance("a3", since=106)))
    assert [
        (type(it), it.id) for it in plan(replaced, POLICY, 107).actions if not isinstance(it, Launch)
    ] == [(Drain, "a1")]


def test_unhealthy_ones_that_cannot_be_replaced_are_kept() -> None:
    sick = fleet(*(instance(f"a{n}", state=InstanceState.UNHEALTHY) for n in range(2)), desired=2)
    assert not [it for it in plan(sick, POLICY, 100).actions if not isinstance(it, Launch)]


def test_what_never_becomes_healthy_is_killed_and_counts_as_failed() -> None:
    slow = fleet(instance("a1", state=InstanceState.LAUNCHING), desired=1)
    assert plan(slow, POLICY, 29).actions == ()
    killed = plan(slow, POLICY, 30).actions
    assert [(type(it), it.id) for it in killed if not isinstance(it, Launch)] == [(Kill, "a1")]
    after = apply(apply(slow, KillSent("a1"), 30), Exited("a1", "never answered"), 30)
    assert after.failures == 1
    assert after.failed == Failure("a1", "local-a", 30, "never answered")


def test_an_asked_for_end_is_no_failure() -> None:
    ended = apply(apply(four(), Drained("a1"), 10), StopSent("a1"), 11)
    assert apply(ended, Exited("a1", "exited with code 0"), 12).failures == 0


def test_a_death_long_after_the_start_is_no_failed_launch() -> None:
    assert apply(four(), Exited("a1", "was killed"), 50).failures == 0


def test_a_crash_loop_backs_off_and_tries_one_at_a_time() -> None:
    failing = fleet(desired=4, failures=3, failed=Failure("x", "local-a", 100.0, "exited with code 1"))
    assert backoff_s(3) == 2
    assert plan(failing, POLICY, 101).actions == ()
    assert plan(failing, POLICY, 101).wake_at == 102
    assert len(plan(failing, POLICY, 102).actions) == 1


def test_a_launch_that_holds_ends_the_backoff() -> None:
    failing = fleet(
        instance("a1", state=InstanceState.LAUNCHING, since=101),
        failures=3,
        failed=Failure("x", "local-a", 100.0, "exited with code 1"),
    )
    healthy = apply(failing, HealthSeen({"a1": Health(True)}), 102)
    assert healthy.failures == 3
    assert apply(healthy, HealthSeen({"a1": Health(True)}), 104).failures == 0


def test_while_one_is_tried_no_other_is() -> None:
    failing = fleet(
        instance("a1", state=InstanceState.LAUNCHING, since=103),
        failures=3,
        failed=Failure("x", "local-a", 100.0, "exited with code 1"),
    )
    assert plan(failing, POLICY, 110).actions == ()


def test_an_old_success_does_not_end_the_backoff() -> None:
    failing = fleet(instance("a1", since=50), failures=3, failed=Failure("x", "local-b", 100.0, "exited"))
    assert apply(failing, HealthSeen({"a1": Health(True)}), 110).failures == 3


def test_what_is_given_up_is_replaced_at_once() -> None:
    slow = fleet(instance("a1", state=InstanceState.LAUNCHING), desired=1)
    assert [type(it) for it in plan(slow, POLICY, 30).actions] == [Kill, Launch]


def test_what_does_not_serve_yet_goes_first() -> None:
    coming = instance("a1", state=InstanceState.LAUNCHING, since=1)
    three = fleet(coming, instance("a2", since=2), instance("b1", "local-b"), desired=2)
    assert [(type(it), it.id) for it in plan(three, POLICY, 3).actions if not isinstance(it, Launch)] == [
        (Stop, "a1")
    ]


def test_to_begin_twice_begins_once() -> None:
    once = apply(four(), Drained("a1"), 10)
    assert apply(once, Drained("a1"), 20) == once


def test_draining_ends_when_idle_or_when_its_time_is_over() -> None:
    busy = fleet(
        instance("a1", state=InstanceState.DRAINING, since=100, active_requests=1),
        instance("a2"),
        instance("b1", "local-b"),
        desired=2,
    )
    assert plan(busy, POLICY, 101).actions == ()
    assert [type(it) for it in plan(busy, POLICY, 110).actions] == [Stop]
    idle = apply(busy, HealthSeen({"a1": Health(True, 0)}), 101)
    assert [type(it) for it in plan(idle, POLICY, 101).actions] == [Stop]


def test_what_does_not_stop_is_killed_once() -> None:
    stuck = fleet(
        instance("a1", state=InstanceState.STOPPING, since=100), *four().instances[1:], instance("a9")
    )
    assert plan(stuck, POLICY, 109.9).actions == ()
    assert [type(it) for it in plan(stuck, POLICY, 110).actions] == [Kill]
    assert plan(apply(stuck, KillSent("a1"), 110), POLICY, 130).actions == ()
