"""Two releases in one fleet: planned each by itself, and given their shares of the traffic."""

import pytest
from msgspec.structs import replace
from tests.unit.core.world import POLICY, ZONES, fleet, four, instance

from evenly.core.fleet import Exited, Fleet, KillSent, ZoneSet, apply
from evenly.core.planning import Drain, Kill, Launch, Stop, plan
from evenly.core.rollout import Failure, Rollout, RolloutSet, weights
from evenly.core.status import InstanceState

NEW = (instance("n1", release=2), instance("n2", "local-b", release=2))


def rolled(rollout: Rollout, *new: object) -> Fleet:
    return replace(four(), instances=(*four().instances, *new), rollout=rollout)  # type: ignore[arg-type]


def rollout(new: int = 2, old: int = 4, share: float | None = 0.0, **more: object) -> Rollout:
    return replace(Rollout(2, new, old, share, 10.0), **more)  # type: ignore[arg-type]


# --- planned


def test_each_zone_gets_one_of_the_new_release() -> None:
    actions = plan(rolled(rollout()), POLICY, 50).actions
    assert [(it.zone, it.release) for it in actions if isinstance(it, Launch)] == [
        ("local-a", 2),
        ("local-b", 2),
    ]
    assert len(actions) == 2


def test_what_dies_of_the_old_release_is_launched_again_as_that() -> None:
    some = rolled(rollout(), *NEW)
    some = replace(some, instances=some.instances[1:])
    assert [it.release for it in plan(some, POLICY, 50).actions if isinstance(it, Launch)] == [1]


def test_as_many_of_the_old_go_as_are_wanted_no_more() -> None:
    actions = plan(rolled(rollout(old=2), *NEW), POLICY, 50).actions
    going = {it.id for it in actions if isinstance(it, Drain)}
    assert len(going) == 2 and {it[0] for it in going} == {"a", "b"}


def test_none_of_the_new_release_is_left_when_none_is_wanted() -> None:
    actions = plan(rolled(rollout(new=0), *NEW), POLICY, 50).actions
    assert {it.id for it in actions if isinstance(it, Drain)} == {"n1", "n2"}
    starting = instance("n1", state=InstanceState.LAUNCHING, release=2)
    assert plan(rolled(rollout(new=0), starting), POLICY, 5).actions == (
        Stop("n1", "local-a holds more than its share"),
    )


def test_the_new_release_has_its_own_grace_period() -> None:
    late = instance("n1", state=InstanceState.LAUNCHING, release=2)
    assert not [it for it in plan(rolled(rollout(), late), POLICY, 9.9).actions if isinstance(it, Kill)]
    assert [it.id for it in plan(rolled(rollout(), late), POLICY, 10).actions if isinstance(it, Kill)] == [
        "n1"
    ]


def test_failures_of_the_new_release_do_not_slow_the_old_one() -> None:
    failing = rolled(rollout(failures=5), *NEW)
    one_less = replace(failing, instances=failing.instances[1:])
    assert [it.release for it in plan(one_less, POLICY, 50).actions if isinstance(it, Launch)] == [1]


def test_the_new_release_backs_off_by_its_own_failures() -> None:
    failed = rolled(rollout(failures=2, failed=Failure("n0", "local-a", 50.0, "exited with code 9")))
    assert len([it for it in plan(failed, POLICY, 50.5).actions if isinstance(it, Launch)]) == 0
    assert len([it for it in plan(failed, POLICY, 51.0).actions if isinstance(it, Launch)]) == 1


# --- what ends


def test_an_end_that_nobody_asked_for_is_counted_however_long_it_had_served() -> None:
    after = apply(rolled(rollout(), *NEW), Exited("n1", "exited with code 9"), 500)
    assert after.rollout is not None and after.rollout.failed is not None
    assert (after.rollout.failures, after.rollout.failed.why, after.failures) == (1, "exited with code 9", 0)


@pytest.mark.parametrize("state", [InstanceState.DRAINING, InstanceState.STOPPING])
def test_an_end_that_was_asked_for_is_not(state: InstanceState) -> None:
    after = apply(rolled(rollout(), instance("n1", state=state, release=2)), Exited("n1", "ended"), 500)
    assert after.rollout is not None and after.rollout.failures == 0


def test_nor_is_one_in_a_zone_that_is_lost() -> None:
    lost = apply(rolled(rollout(), *NEW), ZoneSet(ZONES[0], False), 500)
    after = apply(lost, Exited("n1", "was killed"), 500)
    assert after.rollout is not None and after.rollout.failures == 0


def test_one_that_never_became_healthy_is() -> None:
    late = instance("n1", state=InstanceState.LAUNCHING, release=2)
    killed = apply(rolled(rollout(), late), KillSent("n1"), 30)
    after = apply(killed, Exited("n1", "was not healthy"), 31)
    assert after.rollout is not None and after.rollout.failures == 1


def test_another_stage_remembers_what_failed_and_another_release_does_not() -> None:
    failed = rolled(rollout(failures=1))
    assert apply(failed, RolloutSet(rollout(new=4)), 0).rollout == rollout(new=4, failures=1)
    assert apply(failed, RolloutSet(replace(rollout(), release=3)), 0).rollout == replace(
        rollout(), release=3
    )
    assert apply(failed, RolloutSet(None), 0).rollout is None


# --- the traffic


def shares(some: Fleet) -> tuple[float, float]:
    """Percent of the traffic: of the old release, of the new one."""
    found = weights(some)
    total = sum(found.values())
    new = sum(weight for id, weight in found.items() if id.startswith("n"))
    return 100 * (total - new) / total, 100 * new / total


def test_without_a_rollout_all_are_equal() -> None:
    assert set(weights(four()).values()) == {1}


def test_by_count_all_are_equal() -> None:
    assert set(weights(rolled(rollout(share=None), *NEW)).values()) == {1}


@pytest.mark.parametrize("share", [0.0, 10.0, 33.0, 50.0, 99.0, 100.0])
def test_a_share_is_that_share_whatever_the_counts(share: float) -> None:
    assert shares(rolled(rollout(share=share), *NEW)) == pytest.approx((100 - share, share), abs=0.1)


def test_nobody_is_held_back_where_nobody_else_could_answer() -> None:
    assert shares(rolled(rollout(share=100.0))) == (100, 0)
    ill = [instance(f"n{n}", state=InstanceState.UNHEALTHY, release=2) for n in (1, 2)]
    assert shares(rolled(rollout(share=100.0), *ill)) == (100, 0)
    only_new = fleet(*NEW, desired=4, rollout=rollout(share=0.0))
    assert shares(only_new) == (0, 100)
