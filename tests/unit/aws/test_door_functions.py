"""The two functions of the door, with the code that runs on Lambda and clients in memory."""

import pytest
from tests.aws_door import DATABASE, MIGRATION, OTHER_RUN, RUN, World

from evenly.aws.assets.door.door import DoorBusyError, StillOpenError


def test_open_is_one_rule_that_says_whose_it_is():
    world = World()
    world.open(RUN)
    (rule,) = (it for it in world.ec2.rules if it["Description"] == RUN)
    assert (rule["GroupId"], rule["ReferencedGroupInfo"]["GroupId"]) == (DATABASE, MIGRATION)


def test_opened_twice_is_open_once():
    world = World()
    world.open(RUN)
    world.open(RUN)
    assert [it["Description"] for it in world.ec2.rules].count(RUN) == 1


def test_nobody_opens_it_beside_another_run():
    world = World()
    world.open(OTHER_RUN)
    with pytest.raises(DoorBusyError, match="another run"):
        world.open(RUN)


def test_closing_takes_away_that_rule_alone():
    world = World()
    before = list(world.ec2.rules)
    world.open(RUN)
    assert world.close(RUN) == {"rules": 1, "tasks": 0}
    assert world.ec2.rules == before


def test_closing_what_is_closed_changes_nothing():
    world = World()
    before = list(world.ec2.rules)
    assert world.close() == {"rules": 0, "tasks": 0}
    assert world.ec2.rules == before


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"])
def test_a_run_that_has_ended_is_closed_by_anybody(state):
    world = World()
    world.open(RUN)
    world.ecs.start(RUN)
    world.executions.known[RUN] = state
    assert world.close() == {"rules": 1, "tasks": 1}
    assert not world.is_open


def test_a_run_that_nobody_knows_is_closed():
    world = World()
    world.open(RUN)
    assert world.close(OTHER_RUN)["rules"] == 1


def test_a_rule_made_by_hand_is_taken_away():
    world = World()
    world.ec2._add(DATABASE, MIGRATION, "for a moment, says Bob")
    assert world.close()["rules"] == 1
    assert not world.is_open


def test_it_is_not_called_closed_while_a_task_is_at_work():
    world = World()
    world.ecs.stops_at_once = False
    world.ecs.start(RUN)
    with pytest.raises(StillOpenError, match="task"):
        world.close()
    for task in world.ecs.tasks.values():
        task["lastStatus"] = "STOPPED"
    assert world.close() == {"rules": 0, "tasks": 0}


def test_it_is_not_called_closed_while_the_rule_is_there():
    world = World()
    world.open(RUN)
    world.ec2.revoke_security_group_ingress = lambda **_: None
    with pytest.raises(StillOpenError, match="rule"):
        world.close(RUN)
