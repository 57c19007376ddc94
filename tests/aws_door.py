"""The door's surroundings in memory: security group rules, tasks, executions, the record. And a run of its machine."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests import aws_states
from tests.aws_states import Ended, TaskError

from evenly.aws.assets.door.door import Place, close_door, open_door

DATABASE, MIGRATION, APP = "sg-database", "sg-migration", "sg-app"
PLACE = Place(DATABASE, MIGRATION, "shop-door")
RESOURCE, DATABASE_ID = "${Database.DbiResourceId}", "db-present"
SUBSTITUTED = re.compile(r'{"Fn::Sub": ("[^"]*")}')
RUN, OTHER_RUN = (
    f"arn:aws:states:eu-west-1:123456789012:execution:shop-door:{it}" for it in ("one", "other")
)


class Pages:
    """Every call in pages of one, so that nobody reads the first page alone."""

    def __init__(self, key: str, items: Callable[..., list[Any]]) -> None:
        self._key, self._items = key, items

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        found = self._items(**asked)
        return iter([{self._key: [it]} for it in found] or [{self._key: []}])


@dataclass
class Ec2:
    """The rules of all groups. The app may always reach the database."""

    rules: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self._add(DATABASE, APP, "The app")
        self._add("sg-somewhere", MIGRATION, "Not the database")

    def get_paginator(self, name: str) -> Pages:
        assert name == "describe_security_group_rules"
        return Pages("SecurityGroupRules", self._of)

    def _of(self, Filters: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N803
        ((group,),) = (it["Values"] for it in Filters if it["Name"] == "group-id")
        return [it for it in self.rules if it["GroupId"] == group]

    def authorize_security_group_ingress(self, GroupId: str, IpPermissions: list[dict[str, Any]]) -> None:  # noqa: N803
        (permission,) = IpPermissions
        assert (permission["IpProtocol"], permission["FromPort"], permission["ToPort"]) == ("tcp", 5432, 5432)
        (pair,) = permission["UserIdGroupPairs"]
        self._add(GroupId, pair["GroupId"], pair["Description"])

    def revoke_security_group_ingress(self, GroupId: str, SecurityGroupRuleIds: list[str]) -> None:  # noqa: N803
        known = {it["SecurityGroupRuleId"] for it in self._of([{"Name": "group-id", "Values": [GroupId]}])}
        assert SecurityGroupRuleIds and set(SecurityGroupRuleIds) <= known
        self.rules = [it for it in self.rules if it["SecurityGroupRuleId"] not in SecurityGroupRuleIds]

    def _add(self, group: str, whom: str, description: str) -> None:
        self.made += 1
        self.rules.append(
            {
                "SecurityGroupRuleId": f"sgr-{self.made}",
                "GroupId": group,
                "IsEgress": False,
                "ReferencedGroupInfo": {"GroupId": whom},
                "Description": description,
            }
        )


@dataclass
class Ecs:
    """Tasks of the door's cluster. `stops_at_once`: otherwise one that was told to stop is still there."""

    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    stops_at_once: bool = True

    def start(self, run: str) -> str:
        arn = f"task-{len(self.tasks)}"
        told = [{"name": "EVENLY_EXECUTION", "value": run}]
        self.tasks[arn] = {
            "taskArn": arn,
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "overrides": {"containerOverrides": [{"name": "migration", "environment": told}]},
        }
        return arn

    def get_paginator(self, name: str) -> Pages:
        assert name == "list_tasks"
        return Pages("taskArns", self._list)

    def _list(self, cluster: str, desiredStatus: str) -> list[str]:  # noqa: N803
        assert cluster == PLACE.cluster
        return [arn for arn, it in self.tasks.items() if it["desiredStatus"] == desiredStatus]

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert cluster == PLACE.cluster and tasks
        return {"tasks": [self.tasks[it] for it in tasks]}

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        assert cluster == PLACE.cluster and reason
        self.tasks[task]["desiredStatus"] = "STOPPED"
        if self.stops_at_once:
            self.tasks[task]["lastStatus"] = "STOPPED"

    @property
    def left(self) -> list[str]:
        return [arn for arn, it in self.tasks.items() if it["lastStatus"] != "STOPPED"]


class ExecutionDoesNotExistError(Exception):
    pass


@dataclass
class Executions:
    known: dict[str, str] = field(default_factory=dict)
    exceptions: Any = field(
        default_factory=lambda: SimpleNamespace(ExecutionDoesNotExist=ExecutionDoesNotExistError)
    )

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        if executionArn not in self.known:
            raise ExecutionDoesNotExistError
        return {"status": self.known[executionArn]}


@dataclass
class World:
    """`applied`: the record. `exit_code`: what the migration task ends with. `ran`: the digests it was run for."""

    applied: str | None = None
    exit_code: int = 0
    stop_code: str = "EssentialContainerExited"
    ec2: Ec2 = field(default_factory=Ec2)
    ecs: Ecs = field(default_factory=Ecs)
    executions: Executions = field(default_factory=Executions)
    ran: list[str] = field(default_factory=list)
    opened: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the migrations may reach the database, or are still at it."""
        let_in = any(
            it["GroupId"] == DATABASE and it["ReferencedGroupInfo"]["GroupId"] == MIGRATION
            for it in self.ec2.rules
        )
        return let_in or bool(self.ecs.left)

    def close(self, run: str | None = None) -> dict[str, int]:
        """What the function does: for a run, or for the schedule."""
        return close_door(self.ec2, self.ecs, self.executions, place=PLACE, run=run)

    def open(self, run: str) -> None:
        open_door(self.ec2, PLACE, run)
        self.opened += 1

    def work(self, state: str, given: dict[str, Any]) -> Any:
        """A task of the machine, done by the code that does it on AWS."""
        match state:
            case "Look":
                found = [{"Value": self.applied}] if self.applied else []
                return {"Parameters": found, "InvalidParameters": []}
            case "Open":
                return self.open(given["Payload"]["execution"])
            case "Run":
                return self._run(given)
            case "Record":
                self.applied = given["Value"]
                return {}
            case _:
                return self.close(given["Payload"]["execution"])

    def _run(self, given: dict[str, Any]) -> Any:
        (container,) = given["Overrides"]["ContainerOverrides"]
        told = {it["Name"]: it["Value"] for it in container["Environment"]}
        task = self.ecs.start(told["EVENLY_EXECUTION"])
        if not self.is_let_in():
            raise TaskError("States.TaskFailed", "it could not connect")
        self.ran.append(told["EVENLY_MIGRATIONS_DIGEST"])
        self.ecs.tasks[task] |= {"lastStatus": "STOPPED", "desiredStatus": "STOPPED"}
        return {"Containers": [{"ExitCode": self.exit_code}], "StopCode": self.stop_code}

    def is_let_in(self) -> bool:
        return any(it["Description"] == RUN for it in self.ec2.rules if it["GroupId"] == DATABASE)


def record(digest: str, database: str = DATABASE_ID) -> str:
    """What is kept where the digest was applied to the database."""
    return f"{database} {digest}"


Break = Callable[[str, Callable[[], Any]], Any]  # the state's name, and what it does


def started(
    definition: Any, world: World, digest: str, *, again: bool = False, broken: Break | None = None
) -> Ended:
    """One run of the machine, from start to end, as RUN."""
    world.executions.known[RUN] = "RUNNING"

    def work(state: str, given: dict[str, Any]) -> Any:
        if broken is None:
            return world.work(state, given)
        return broken(state, lambda: world.work(state, given))

    given = {"migrations": digest, "again": again}
    ended = aws_states.run(definition, given, {"Execution": {"Id": RUN, "Name": "one"}}, work)
    world.executions.known[RUN] = "FAILED" if ended.error else "SUCCEEDED"
    return ended


def definition_of(template: Any) -> dict[str, Any]:
    """The door's machine in a template of the data stack, for the database `DATABASE_ID`."""
    made = json.dumps(template.to_dict()["Resources"]["Door"]["Properties"]["Definition"])
    found: dict[str, Any] = json.loads(SUBSTITUTED.sub(lambda it: it[1].replace(RESOURCE, DATABASE_ID), made))
    return found
