"""Supervision by replaying events through fakes: no process, no sleep."""

from collections.abc import Callable
from typing import Any

from evenly.core.fleet import DesiredSet, Exited, Health, HealthSeen, Launched, ZoneSet
from evenly.core.status import InstanceState

Make = Callable[[int], Any]
HEALTHY = InstanceState.HEALTHY


def test_nothing_is_launched_until_it_may(replay: Make) -> None:
    world = replay(2)
    world.keeper.may_launch = False
    world.after(0)
    assert world.hands.launches == 0
    world.keeper.may_launch = True
    world.after(0)
    assert world.zones() == ["local-a", "local-b"]


def test_a_launch_is_recorded_before_it_is_begun(replay: Make) -> None:
    world = replay(1)
    world.after(0)
    assert world.hands.done[:4] == ["note Launch i-1", "record 1", "start i-1", "record 1"]
    assert world.hands.recorded[0].instances[0].process is None
    assert world.hands.recorded[1].instances[0].process is not None


def test_an_instance_is_published_only_when_it_listens(replay: Make) -> None:
    world = replay(2)
    world.after(0)
    assert world.hands.published[-1] == ()
    world.healthy("i-1", "i-2")
    assert world.hands.published[-1] == ("i-1:healthy", "i-2:healthy")


def test_a_killed_zone_is_back_after_one_step(replay: Make) -> None:
    world = replay(4)
    world.after(0)
    world.healthy("i-1", "i-2", "i-3", "i-4")
    dead = [it.id for it in world.keeper.fleet.instances if it.zone == "local-b"]
    world.after(60, *(Exited(id, "was killed by SIGKILL") for id in dead))
    assert world.zones() == ["local-a", "local-a", "local-b", "local-b"]
    assert not any(id in published for id in dead for published in world.hands.published[-1])


def test_a_lost_zone_and_its_return_never_cost_capacity(replay: Make) -> None:
    world = replay(4)
    world.after(0)
    world.healthy("i-1", "i-2", "i-3", "i-4")
    lost = [it.id for it in world.keeper.fleet.instances if it.zone == "local-b"]
    world.after(60, ZoneSet("local-b", False), *(Exited(id, "was killed by SIGKILL") for id in lost))
    assert world.zones() == ["local-a"] * 4
    world.healthy("i-5", "i-6")
    world.after(30, ZoneSet("local-b", True))
    assert world.zones() == ["local-a"] * 4 + ["local-b"] * 2
    assert list(world.states().values()).count(HEALTHY) == 4
    world.healthy("i-7", "i-8")
    assert sorted(world.states().values()).count(InstanceState.DRAINING) == 2
    assert list(world.states().values()).count(HEALTHY) == 4


def test_draining_then_stop_then_kill_in_time(replay: Make) -> None:
    world = replay(2)
    world.after(0)
    world.healthy("i-1", "i-2")
    world.after(60, DesiredSet(1))
    gone = next(id for id, state in world.states().items() if state is InstanceState.DRAINING)
    world.keeper.handle(HealthSeen({gone: Health(True, active_requests=3)}))
    wake_at = world.after(0.3)
    assert f"stop {gone}" not in world.hands.done
    assert wake_at is not None
    world.clock.now = wake_at
    world.after(0)
    assert world.hands.done[-1] == f"stop {gone}"
    world.after(10)
    assert world.hands.done[-1] == f"kill {gone}: did not stop within 10 s"


def test_the_balancer_knows_of_the_drain_before_the_stop(replay: Make) -> None:
    world = replay(2)
    world.after(0)
    world.healthy("i-1", "i-2")
    world.after(60, DesiredSet(1))
    gone = next(id for id, state in world.states().items() if state is InstanceState.DRAINING)
    assert f"{gone}:draining" in world.hands.published[-1]
    assert f"stop {gone}" not in world.hands.done


def test_a_program_that_is_not_there_backs_off(replay: Make) -> None:
    world = replay(2)
    world.hands.broken = True
    world.after(0)
    first = world.hands.launches
    wake_at = world.after(0)
    assert world.hands.launches <= first + 1
    assert world.keeper.fleet.failed is not None
    assert "No such file" in world.keeper.fleet.failed.why
    assert wake_at is not None
    assert wake_at > world.clock.now


def test_what_never_answers_is_killed_and_tried_again_later(replay: Make) -> None:
    world = replay(1)
    world.after(0)
    world.after(30)
    assert "kill i-1: not healthy within its grace period of 30 s" in world.hands.done
    world.after(0, Exited("i-1", "did not listen"))
    assert world.keeper.fleet.failures == 1
    assert world.hands.launches == 2


def test_an_event_about_what_is_gone_changes_nothing(replay: Make) -> None:
    world = replay(1)
    world.after(0)
    before = world.keeper.fleet
    world.keeper.handle(Exited("i-99", "ended"), HealthSeen({"i-99": Health(False)}))
    assert world.keeper.fleet == before


def test_health_alone_is_not_written_to_disk(replay: Make) -> None:
    world = replay(1)
    world.after(0)
    world.healthy("i-1")
    written = len(world.hands.recorded)
    for requests in range(50):
        world.after(1, HealthSeen({"i-1": Health(True, requests)}))
    assert len(world.hands.recorded) == written


def test_a_supervisor_that_died_before_the_start_is_gone_on_from(replay: Make) -> None:
    """The record holds the intent; the process never came to be. Adoption drops it, planning launches anew."""
    world = replay(1)
    world.keeper.handle(Launched("i-0", "local-a", "127.0.0.1:1", 1, "2026-01-01T00:00:00Z"))
    world.after(0, Exited("i-0", "was never started"))
    assert world.zones() == ["local-a"]
    assert world.hands.launches == 1
