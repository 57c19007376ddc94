"""The door on MiniStack: our stacks by its CloudFormation, our machine by its Step Functions, our functions.

Its tasks have no container, so the test ends them; that one which fails fails the Run is not its to prove.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests import ministack
from tests.aws_topologies import topology
from tests.ministack import Cloud

from evenly.aws.door import Outcome, outcome, start
from evenly.aws.stacks import data, foundation, network

CLUSTER, RECORD = "shop-production-door", "/shop/production/data/Migrations"
WITHIN_S = 60.0
CREATE, UPDATE = None, "a" * 64  # what was applied before
NEW = "b" * 64
DATABASE_ID = re.compile(r"States\.Format\('(\S+) {}'")


def until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + WITHIN_S
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@dataclass
class Door:
    cloud: Cloud
    arn: str
    group: str
    migrations: str
    definition: dict[str, Any]

    def __post_init__(self) -> None:
        self.states, self.ec2, self.ecs, self.ssm = (
            self.cloud.client(it) for it in ("stepfunctions", "ec2", "ecs", "ssm")
        )

    def begin(self, applied: str | None, broken: str | None = None) -> None:
        """As nobody had run anything since `applied`; the step `broken` does not work."""
        self.ssm.delete_parameters(Names=[RECORD])
        if applied:
            self.ssm.put_parameter(Name=RECORD, Value=f"{self.database} {applied}", Type="String")
        changed = json.loads(json.dumps(self.definition))
        if broken:
            break_step(changed["States"][broken])
        self.states.update_state_machine(stateMachineArn=self.arn, definition=json.dumps(changed))

    @property
    def database(self) -> str:
        """The id that RDS gave the instance."""
        (found,) = DATABASE_ID.findall(json.dumps(self.definition))
        assert "$" not in found
        return str(found)

    def applied(self) -> str | None:
        found = self.ssm.get_parameters(Names=[RECORD])["Parameters"]
        return str(found[0]["Value"]).removeprefix(f"{self.database} ") if found else None

    def rules(self) -> list[str]:
        """The descriptions of what lets the migrations in."""
        asked = [{"Name": "group-id", "Values": [self.group]}]
        found = self.ec2.describe_security_group_rules(Filters=asked)["SecurityGroupRules"]
        return [
            it["Description"]
            for it in found
            if not it["IsEgress"] and it["ReferencedGroupInfo"]["GroupId"] == self.migrations
        ]

    def tasks(self) -> list[str]:
        found: list[str] = self.ecs.list_tasks(cluster=CLUSTER, desiredStatus="RUNNING")["taskArns"]
        return found

    def is_open(self) -> bool:
        return bool(self.rules() or self.tasks())

    def end_task(self) -> None:
        (task,) = until(self.tasks)
        self.ecs.stop_task(cluster=CLUSTER, task=task)

    def outcome(self, run: str) -> Outcome:
        found: Outcome = until(lambda: outcome(self.states, run))
        return found

    def scheduled_close(self) -> None:
        """What the schedule does; MiniStack has no clock for it."""
        done = self.cloud.client("lambda").invoke(FunctionName="shop-production-door-close", Payload=b"{}")
        assert "FunctionError" not in done, done["Payload"].read()


def break_step(state: dict[str, Any]) -> None:
    """What it asks for is not there."""
    given = state["Parameters"]
    for key in given.keys() & {"FunctionName", "TaskDefinition"}:
        given[key] = "nothing-of-that-name"
    if given.keys() & {"Name", "Names"}:
        state["Resource"] = "arn:aws:states:::aws-sdk:ssm:getParameter"
        state["Parameters"] = {"Name": "/nothing/of/that/name"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    here = topology()
    with ministack.running(tmp_path_factory.mktemp("ministack")) as cloud:
        told = cloud.make("foundation", foundation.template(here))
        bucket = told["ArtifactBucket"]
        told |= {
            f"{it.capitalize()}Code": cloud.put_asset(bucket, it) for it in ("network", "door", "rotation")
        }
        told |= cloud.make("network", network.template(here), **told)
        told |= cloud.make("data", data.template(here), **told, Image=ministack.IMAGE)
        machine = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=told["DoorArn"])
        definition = json.loads(machine["definition"])
        yield Door(cloud, told["DoorArn"], told["DatabaseGroup"], told["MigrationGroup"], definition)


@pytest.fixture
def door(made: Door) -> Iterator[Door]:
    yield made
    for task in made.tasks():
        made.ecs.stop_task(cluster=CLUSTER, task=task)
    made.scheduled_close()
    assert not made.is_open()


def test_it_is_open_while_the_migrations_run_and_closed_after(door):
    door.begin(CREATE)
    run = start(door.states, door.arn, NEW)
    until(door.tasks)
    assert door.rules() == [run]
    assert start(door.states, door.arn, NEW) == run
    door.end_task()
    ended = door.outcome(run)
    assert (ended.succeeded, ended.ran, door.applied()) == (True, True, NEW)
    assert not door.is_open()


def test_what_was_applied_opens_nothing(door):
    door.begin(NEW)
    ended = door.outcome(start(door.states, door.arn, NEW))
    assert (ended.succeeded, ended.ran) == (True, False)


@pytest.mark.parametrize("applied", [CREATE, UPDATE], ids=["create", "update"])
@pytest.mark.parametrize("step", ["Look", "CloseBefore", "Open", "Run", "Close", "Record"])
def test_a_failure_at_any_step_leaves_it_closed(door, step, applied):
    door.begin(applied, broken=step)
    run = start(door.states, door.arn, NEW)
    if step in ("Close", "Record"):
        door.end_task()
    ended = door.outcome(run)
    assert not ended.succeeded
    assert ended.may_be_open is (step == "Close")
    if step == "Close":
        assert door.rules() == [run]
        door.scheduled_close()
    assert not door.is_open()
    assert door.applied() == applied


def test_a_run_that_is_broken_off_is_closed_by_the_schedule_and_no_earlier(door):
    door.begin(CREATE)
    run = start(door.states, door.arn, NEW)
    until(door.tasks)
    door.scheduled_close()
    assert door.rules() == [run]
    door.states.stop_execution(executionArn=run)
    assert door.outcome(run).error == "ABORTED"
    assert door.is_open()
    door.scheduled_close()
    assert not door.is_open()
    assert door.applied() is None


def test_the_networks_default_group_was_closed(door):
    (group,) = door.ec2.describe_security_groups(GroupIds=[door.group])["SecurityGroups"]
    asked = [{"Name": "vpc-id", "Values": [group["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = door.ec2.describe_security_groups(Filters=asked)["SecurityGroups"]
    assert default["IpPermissions"] == default["IpPermissionsEgress"] == []
