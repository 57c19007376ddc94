"""The door's machine, step by step: whatever fails, and wherever, the door is closed afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.aws_door import OTHER_RUN, RUN, World, definition_of, record, started
from tests.aws_states import TaskError
from tests.aws_topologies import topology

from evenly.aws.assets.door.door import StillOpenError
from evenly.aws.stacks import data

NEW = "b" * 64
START = ["Expect", "Look", "Applied"]
STEPS = ("Look", "CloseBefore", "Open", "Run", "Close", "Record")
CREATE, UPDATE = None, record("a" * 64)  # what was applied before


@pytest.fixture(scope="module")
def door() -> dict[str, Any]:
    return definition_of(data.template(topology()))


def without_nulls(found: Any) -> Iterator[Any]:
    for it in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield it
        yield from without_nulls(it)


def test_it_opens_runs_closes_and_records(door):
    world = World()
    ended = started(door, world, NEW)
    assert ended.visited == [*START, "CloseBefore", "Open", "Run", "Ended", "Close", "Record", "Done"]
    assert (ended.error, world.ran, world.applied) == (None, [NEW], record(NEW))
    assert not world.is_open


def test_what_was_applied_opens_nothing(door):
    world = World(applied=record(NEW))
    assert started(door, world, NEW).visited == [*START, "Done"]
    assert (world.opened, world.ran) == (0, [])


def test_what_was_applied_to_another_database_is_run_on_this_one(door):
    """The data stack was removed and made anew, or the database restored into another instance."""
    world = World(applied=record(NEW, "db-before"))
    assert started(door, world, NEW).error is None
    assert (world.ran, world.applied) == ([NEW], record(NEW))


def test_it_is_run_again_where_that_is_asked(door):
    world = World(applied=record(NEW))
    assert started(door, world, NEW, again=True).error is None
    assert world.ran == [NEW]
    assert not world.is_open


def before_its_effect(_: str, act: Callable[[], Any]) -> Any:
    raise TaskError("Broken", "before it did anything")


def after_its_effect(_: str, act: Callable[[], Any]) -> Any:
    """It did what it does, and its answer was lost."""
    act()
    raise TaskError("Broken", "after it was done")


@pytest.mark.parametrize("applied", [CREATE, UPDATE], ids=["create", "update"])
@pytest.mark.parametrize("how", [before_its_effect, after_its_effect])
@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_it_closed(door, step, how, applied):
    world = World(applied=applied)

    def broken(state: str, act: Callable[[], Any]) -> Any:
        return how(state, act) if state == step else act()

    ended = started(door, world, NEW, broken=broken)
    assert ended.error == ("DoorStaysOpen" if step == "Close" else "Broken")
    assert step in ended.visited
    if step == "Close" and how is before_its_effect:
        assert world.is_open, "nothing closed it, so this proves what the schedule is for"
        world.close()
    assert not world.is_open
    kept = record(NEW) if step == "Record" and how is after_its_effect else applied
    assert world.applied == kept


@pytest.mark.parametrize("how", [before_its_effect, after_its_effect])
@pytest.mark.parametrize("step", STEPS)
def test_where_nothing_can_close_it_the_schedule_does_as_soon_as_it_can(door, step, how):
    world = World()

    def broken(state: str, act: Callable[[], Any]) -> Any:
        return (
            how(state, act) if state == step else before_its_effect(state, act) if "Close" in state else act()
        )

    assert started(door, world, NEW, broken=broken).error == "DoorStaysOpen"
    world.close()
    assert not world.is_open


@pytest.mark.parametrize("applied", [CREATE, UPDATE], ids=["create", "update"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_works_at_the_second_try_changes_nothing(door, step, applied):
    world = World(applied=applied)
    tries: list[str] = []

    def broken(state: str, act: Callable[[], Any]) -> Any:
        tries.append(state)
        if state == step and tries.count(step) == 1 and step != "Run":
            raise TaskError("Throttled")
        return act()

    assert started(door, world, NEW, broken=broken).error is None
    assert (world.applied, world.ran, world.is_open) == (record(NEW), [NEW], False)


@pytest.mark.parametrize("applied", [CREATE, UPDATE], ids=["create", "update"])
@pytest.mark.parametrize("how", [{"exit_code": 3}, {"stop_code": "UserInitiated"}], ids=["failed", "stopped"])
def test_migrations_that_fail_are_not_recorded(door, applied, how):
    """Also where the Run itself would not tell."""
    world = World(applied=applied, **how)
    ended = started(door, world, NEW)
    assert (ended.error, world.applied, world.is_open) == ("MigrationsFailed", applied, False)


class AbortedError(Exception):
    """Somebody stopped the run, or it took too long: then no state of it follows, and none catches."""


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_broken_off_is_cleared_up_by_the_schedule(door, step):
    world = World()

    def broken(state: str, act: Callable[[], Any]) -> Any:
        if state == "Run" and step == "Run":
            world.ecs.start(RUN)
        if state == step:
            raise AbortedError
        return act()

    with pytest.raises(AbortedError):
        started(door, world, NEW, broken=broken)
    assert world.is_open is (step in ("Run", "Close"))
    world.close()
    assert world.is_open is (step in ("Run", "Close")), "it is still active, as far as anybody knows"
    world.executions.known[RUN] = "ABORTED"
    world.close()
    assert not world.is_open


def test_the_next_run_clears_up_as_well(door):
    world = World()
    world.executions.known[OTHER_RUN] = "TIMED_OUT"
    world.open(OTHER_RUN)
    world.ecs.start(OTHER_RUN)
    assert started(door, world, NEW).error is None
    assert not world.is_open


def test_the_schedule_leaves_an_active_run_alone(door):
    world = World()

    def broken(state: str, act: Callable[[], Any]) -> Any:
        if state == "Run":
            assert world.close() == {"rules": 0, "tasks": 0}
        return act()

    assert started(door, world, NEW, broken=broken).error is None
    assert world.ran == [NEW]


def test_of_two_runs_the_second_is_refused_and_the_first_goes_on(door):
    world = World()
    world.executions.known[OTHER_RUN] = "RUNNING"
    world.open(OTHER_RUN)
    task = world.ecs.start(OTHER_RUN)

    def as_lambda(state: str, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except StillOpenError as error:
            raise TaskError("StillOpenError", str(error)) from error
        except Exception as error:
            if isinstance(error, TaskError):
                raise
            raise TaskError(type(error).__name__, str(error)) from error

    ended = started(door, world, NEW, broken=as_lambda)
    assert (ended.error, world.ran) == ("DoorBusyError", [])
    assert world.ecs.left == [task]
    assert world.is_open


def test_cloudformation_takes_no_null(door):
    assert None not in list(without_nulls(door))


def test_every_task_is_caught(door):
    tasks = {name: it for name, it in door["States"].items() if it["Type"] == "Task"}
    assert tasks.keys() == {*STEPS, "CloseAfterFailure"}
    ends = {name: it["Catch"][0]["Next"] for name, it in tasks.items()}
    assert {name for name, to in ends.items() if to == "StaysOpen"} == {"Close", "CloseAfterFailure"}
    assert set(ends.values()) == {"StaysOpen", "CloseAfterFailure"}
