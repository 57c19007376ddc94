"""Opens the database for the migrations, and closes it: two functions, each with rights of its own.

Open is one rule: the migration task's security group may reach the database's. Its description is the run that made it,
so that whoever closes knows whether that run is still active, and a run closes nobody's door but its own.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PORT = 5432
EXECUTION = "EVENLY_EXECUTION"  # the variable by which a task knows its run
EXECUTION_ARN = ":states:"
RUNNING, STOPPED = "RUNNING", "STOPPED"
PAGE = 100  # tasks that DescribeTasks takes at once


class DoorBusyError(Exception):
    """Another run has the door open."""


class StillOpenError(Exception):
    """The door is not closed yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """The two security groups, and the cluster in which nothing but the migration task runs."""

    database_group: str
    migration_group: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`run`: the execution that made it, by its ARN."""

    id: str
    run: str


def opened(event: Mapping[str, str], _: object) -> None:
    """What Lambda calls to open. `event`: `execution`, the ARN of the run."""
    import boto3

    open_door(boto3.client("ec2"), _place(os.environ), event["execution"])


def closed(event: Mapping[str, str], _: object) -> dict[str, int]:
    """What Lambda calls to close. `event`: `execution`, or nothing where no run asks for it."""
    import boto3

    clients = (boto3.client(name) for name in ("ec2", "ecs", "stepfunctions"))
    return close_door(*clients, place=_place(os.environ), run=event.get("execution"))


def open_door(ec2: Any, place: Place, run: str) -> None:
    """Lets the migrations in, for `run`. Raises DoorBusyError where it is open for another one."""
    rules = _rules(ec2, place)
    if any(it.run != run for it in rules):
        raise DoorBusyError("The door is open for another run. Wait until that has ended.")
    if not rules:
        ec2.authorize_security_group_ingress(
            GroupId=place.database_group, IpPermissions=[_permission(place, run)]
        )


def close_door(ec2: Any, ecs: Any, states: Any, *, place: Place, run: str | None) -> dict[str, int]:
    """Takes away each rule that is of `run`, or of a run that is not active, ends the tasks that are left of those, and
    looks again. Returns how many of each. Raises StillOpenError where one is still there."""
    mine = _Ours(states, run)
    rules = [it.id for it in _rules(ec2, place) if mine.includes(it.run)]
    if rules:
        ec2.revoke_security_group_ingress(GroupId=place.database_group, SecurityGroupRuleIds=rules)
    tasks = [task for task, of in _tasks(ecs, place) if mine.includes(of)]
    for task in tasks:
        ecs.stop_task(cluster=place.cluster, task=task, reason="The door was closed")
    _verify(ec2, ecs, place, mine)
    return {"rules": len(rules), "tasks": len(tasks)}


class _Ours:
    """Which runs may be closed: our own, and those that have ended."""

    def __init__(self, states: Any, run: str | None) -> None:
        self._states = states
        self._run = run
        self._active: dict[str, bool] = {}

    def includes(self, run: str) -> bool:
        return run == self._run or not self._is_active(run)

    def _is_active(self, run: str) -> bool:
        if run not in self._active:
            self._active[run] = self._asked(run)
        return self._active[run]

    def _asked(self, run: str) -> bool:
        """A rule that names no run was made by none."""
        if EXECUTION_ARN not in run:
            return False
        try:
            return bool(self._states.describe_execution(executionArn=run)["status"] == RUNNING)
        except self._states.exceptions.ExecutionDoesNotExist:
            return False


def _verify(ec2: Any, ecs: Any, place: Place, mine: _Ours) -> None:
    if any(mine.includes(it.run) for it in _rules(ec2, place)):
        raise StillOpenError("The rule that lets the migrations in is still there.")
    if any(mine.includes(run) for _, run in _tasks(ecs, place)):
        raise StillOpenError("A migration task has not ended yet.")


def _rules(ec2: Any, place: Place) -> list[Rule]:
    """Every rule that lets the migrations in, whatever its port."""
    pages = ec2.get_paginator("describe_security_group_rules").paginate(
        Filters=[{"Name": "group-id", "Values": [place.database_group]}]
    )
    return [
        Rule(it["SecurityGroupRuleId"], it.get("Description", ""))
        for page in pages
        for it in page["SecurityGroupRules"]
        if not it["IsEgress"] and it.get("ReferencedGroupInfo", {}).get("GroupId") == place.migration_group
    ]


def _permission(place: Place, run: str) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp",
        "FromPort": PORT,
        "ToPort": PORT,
        "UserIdGroupPairs": [{"GroupId": place.migration_group, "Description": run}],
    }


def _tasks(ecs: Any, place: Place) -> list[tuple[str, str]]:
    """Each task that has not ended, with its run: one that was told to stop is still there for a while."""
    pages = (
        page
        for wanted in (RUNNING, STOPPED)
        for page in ecs.get_paginator("list_tasks").paginate(cluster=place.cluster, desiredStatus=wanted)
    )
    arns = [arn for page in pages for arn in page["taskArns"]]
    found = (
        task
        for first in range(0, len(arns), PAGE)
        for task in ecs.describe_tasks(cluster=place.cluster, tasks=arns[first : first + PAGE])["tasks"]
    )
    return [(it["taskArn"], _run_of(it)) for it in found if it["lastStatus"] != STOPPED]


def _run_of(task: Mapping[str, Any]) -> str:
    containers: Iterable[Mapping[str, Any]] = task.get("overrides", {}).get("containerOverrides", ())
    said = (it for container in containers for it in container.get("environment", ()))
    return next((str(it["value"]) for it in said if it["name"] == EXECUTION), "")


def _place(environ: Mapping[str, str]) -> Place:
    return Place(environ["DATABASE_GROUP"], environ["MIGRATION_GROUP"], environ["CLUSTER"])
