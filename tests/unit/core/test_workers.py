"""What differs for workers: a process serves once it has run for a while, and nobody asks after it."""

from msgspec.structs import replace

from evenly.core.fleet import Exited, Failure, Fleet, Launched, ProcessRef, Started, ZoneFact, apply
from evenly.core.planning import FleetPolicy, Launch, plan
from evenly.core.status import InstanceState
from evenly.core.workers import LOOK_S, RUNNING_AFTER_S, look_at, running, worker_fleet

ZONES = (ZoneFact("local-a"), ZoneFact("local-b"))


def started(at: float) -> Fleet:
    """A worker of one process that was started then."""
    launched = apply(worker_fleet(1, 1, ZONES), Launched("w-1", "local-a", "", 1, ""), at)
    return apply(launched, Started("w-1", ProcessRef(7, "t")), at)


def test_nothing_runs_yet() -> None:
    launches = [
        it.zone for it in plan(worker_fleet(3, 1, ZONES), FleetPolicy(), 0).actions if isinstance(it, Launch)
    ]
    assert launches == ["local-a", "local-a", "local-b"]


def test_it_runs_when_it_has_for_a_while() -> None:
    fleet = started(100)
    assert running(fleet, 100 + RUNNING_AFTER_S - 0.01).health == {}
    assert running(fleet, 100 + RUNNING_AFTER_S).health.keys() == {"w-1"}
    seen = apply(fleet, running(fleet, 101), 101)
    assert seen.instances[0].state is InstanceState.HEALTHY


def test_what_has_no_process_does_not_run() -> None:
    fleet = started(100)
    without = replace(fleet, instances=(replace(fleet.instances[0], process=None),))
    assert running(without, 200).health == {}


def test_it_is_looked_at_only_while_something_is_on_its_way() -> None:
    fleet = started(100)
    assert look_at(fleet, 100.5) == 100.5 + LOOK_S
    seen = apply(fleet, running(fleet, 101), 101)
    assert look_at(seen, 101) is None
    failed = replace(seen, failed=Failure("w-0", "local-a", 99, "ended"), failures=1)
    assert look_at(failed, 101) == 101 + LOOK_S
    assert look_at(replace(failed, instances=()), 101) is None


def test_one_that_ends_soon_has_failed_and_one_that_ends_later_has_not() -> None:
    soon = apply(started(100), Exited("w-1", "exited with code 0"), 100.5)
    assert soon.failures == 1
    seen = apply(started(100), running(started(100), 101), 101)
    assert apply(seen, Exited("w-1", "exited with code 0"), 110).failures == 0
