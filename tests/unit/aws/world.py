"""CloudFormation, STS and S3 in memory, as boto3's clients show them: enough to plan, deploy, watch and take down, with
the failures that AWS has. What it does not do, it does not pretend to do: it makes no resource."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import yaml
from botocore.exceptions import ClientError

from evenly.aws.cloud.session import Session
from evenly.aws.naming import Names
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.desired import Asset, Desired, DesiredStack

ACCOUNT, REGION = "123456789012", "eu-west-1"
NAMES = Names("shop", "staging")
# Of these another value is another resource.
REPLACING = {"BucketName", "CidrBlock", "LogGroupName", "Name", "TableName"}


def refuse(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def no_stack(name: str) -> ClientError:
    return refuse("DescribeStacks", "ValidationError", f"Stack with id {name} does not exist")


class InterruptedHereError(Exception):
    """Whoever asked was ended at that moment."""


class FakeTime:
    """A clock that goes on when somebody waits, and not otherwise."""

    def __init__(self) -> None:
        self.at = 1_700_000_000.0
        self.waits = 0

    def pause(self, seconds: float) -> None:
        self.at += seconds
        self.waits += 1
        if self.waits > 5000:
            raise AssertionError("it waits without end")

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.at, pause=self.pause)

    def stamp(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


@dataclass
class FakeSet:
    name: str
    arn: str
    stack: str
    template: str
    parameters: dict[str, str]
    changes: list[dict[str, Any]]
    is_new: bool
    status: str = "CREATE_COMPLETE"
    execution: str = "AVAILABLE"
    reason: str = ""
    pending: int = 0  # how often it is described before it is worked out


@dataclass
class FakeStack:
    name: str
    id: str
    status: str
    made: datetime
    updated: datetime | None = None
    template: str = "{}"
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    set_arn: str | None = None
    is_protected: bool = False
    role: str | None = None


@dataclass
class FakeFormation:
    """One region. `fails`: by logical id, the reason for which it can't be made or changed, once. `says`: by stack, the
    changes of its next change set, in place of those that the templates tell. `slow`: how often a change set is
    described before it is worked out. `page`: how many entries a page has. `keeps_set`: whether a stack tells its last
    change set. `denies`: by operation, what is raised. `lost`: the number of the call whose answer nobody gets any
    more."""

    time: FakeTime
    fails: dict[str, str] = field(default_factory=dict)
    fails_set: dict[str, str] = field(default_factory=dict)
    says: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    denies: dict[str, Exception] = field(default_factory=dict)
    drifts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    lost: int = 0
    slow: int = 1
    page: int = 2
    keeps_set: bool = True
    stacks: dict[str, FakeStack] = field(default_factory=dict)
    sets: dict[str, FakeSet] = field(default_factory=dict)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    coming: dict[str, list[Callable[[], None]]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    invalid: list[dict[str, Any]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        if name.startswith("_") or not callable(found):
            return found

        def called(**arguments: Any) -> Any:
            self.calls.append((name, arguments))
            if name in self.denies:
                raise self.denies[name]
            number = len(self.calls)
            try:
                return found(**arguments)
            finally:
                if number == self.lost:
                    raise InterruptedHereError

        return called

    def called(self) -> list[str]:
        return [name for name, _ in self.calls]

    # --- stacks

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803
        return {"Stacks": [_stack_of(self, _find(self, StackName))]}

    def get_template(self, StackName: str, TemplateStage: str) -> Any:  # noqa: N803
        text = _find(self, StackName).template
        return {"TemplateBody": json.loads(text) if text.startswith("{") else text}

    def list_stack_resources(self, StackName: str, NextToken: str | None = None) -> Any:  # noqa: N803
        template = _parsed(_find(self, StackName).template)
        told = [
            {
                "LogicalResourceId": name,
                "ResourceType": it["Type"],
                "PhysicalResourceId": f"{name.lower()}-1",
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for name, it in template.get("Resources", {}).items()
        ]
        return _paged(self, "StackResourceSummaries", told, NextToken)

    def list_stacks(self, StackStatusFilter: list[str], NextToken: str | None = None) -> Any:  # noqa: N803
        told = [{"StackName": it.name} for it in self.stacks.values() if it.status in StackStatusFilter]
        return _paged(self, "StackSummaries", told, NextToken)

    def update_termination_protection(self, StackName: str, EnableTerminationProtection: bool) -> Any:  # noqa: N803
        _find(self, StackName).is_protected = EnableTerminationProtection
        return {}

    def delete_stack(
        self,
        StackName: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        RoleARN: str | None = None,  # noqa: N803
    ) -> Any:
        stack = _find(self, StackName)
        if stack.is_protected:
            raise refuse(
                "DeleteStack", "ValidationError", f"Stack [{stack.name}] cannot be deleted while protected"
            )
        stack.status = "DELETE_IN_PROGRESS"
        _tell(self, stack, None, "DELETE_IN_PROGRESS", "User Initiated")
        names = list(_parsed(stack.template).get("Resources", {})) if stack.set_arn else []
        self.coming[stack.id] = [
            *(_step(self, stack, it, "DELETE") for it in names),
            _ending(self, stack, names),
        ]
        return {}

    # --- change sets

    def create_change_set(self, **said: Any) -> Any:
        name, is_new = said["StackName"], said["ChangeSetType"] == "CREATE"
        stack = self.stacks.get(name)
        if is_new:
            if stack is not None:
                raise refuse("CreateChangeSet", "AlreadyExistsException", f"Stack [{name}] already exists")
            stack = self.stacks[name] = FakeStack(
                name, _arn(self, f"stack/{name}"), "REVIEW_IN_PROGRESS", self.time.stamp()
            )
            _tell(self, stack, None, "REVIEW_IN_PROGRESS", "User Initiated")
        if stack is None:
            raise no_stack(name)
        text = said.get("TemplateBody") or "{}"
        given = {it["ParameterKey"]: it["ParameterValue"] for it in said["Parameters"]}
        changes = self.says.pop(name, None)
        if changes is None:
            changes = _compared(
                _parsed(stack.template) if not is_new else {}, _parsed(text), stack.parameters, given
            )
        made = FakeSet(
            said["ChangeSetName"],
            _arn(self, f"changeSet/{said['ChangeSetName']}"),
            name,
            text,
            given,
            changes,
            is_new,
        )
        made.pending = self.slow
        if any(it.name == made.name and it.stack == name for it in self.sets.values()):
            raise refuse("CreateChangeSet", "AlreadyExistsException", f"ChangeSet {made.name} already exists")
        if name in self.fails_set:
            made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", self.fails_set[name]
        elif not changes and _parsed(text) == _parsed(stack.template) and given == stack.parameters:
            made.status, made.execution = "FAILED", "UNAVAILABLE"
            made.reason = "The submitted information didn't contain changes. Submit different information."
        self.sets[made.arn] = made
        stack.role = said.get("RoleARN")
        stack.tags = {it["Key"]: it["Value"] for it in said["Tags"]}
        return {"Id": made.arn, "StackId": stack.id}

    def describe_change_set(
        self,
        ChangeSetName: str,  # noqa: N803
        StackName: str,  # noqa: N803
        IncludePropertyValues: bool,  # noqa: N803
        NextToken: str | None = None,  # noqa: N803
    ) -> Any:
        found = _find_set(self, ChangeSetName, StackName)
        if found.pending:
            found.pending -= 1
            return {**_set_of(self, found), "Status": "CREATE_IN_PROGRESS", "ExecutionStatus": "UNAVAILABLE"}
        return {**_set_of(self, found), **_paged(self, "Changes", found.changes, NextToken)}

    def list_change_sets(self, StackName: str, NextToken: str | None = None) -> Any:  # noqa: N803
        name = _find(self, StackName).name
        told = [_set_of(self, it) for it in self.sets.values() if it.stack == name]
        return _paged(self, "Summaries", told, NextToken)

    def delete_change_set(self, ChangeSetName: str) -> Any:  # noqa: N803
        if ChangeSetName not in self.sets:
            raise refuse(
                "DeleteChangeSet", "ChangeSetNotFound", f"ChangeSet [{ChangeSetName}] does not exist"
            )
        del self.sets[ChangeSetName]
        return {}

    def execute_change_set(
        self,
        ChangeSetName: str,  # noqa: N803
        ClientRequestToken: str,  # noqa: N803
        RetainExceptOnCreate: bool,  # noqa: N803
    ) -> Any:
        made = self.sets[ChangeSetName]
        if made.execution != "AVAILABLE":
            raise refuse("ExecuteChangeSet", "InvalidChangeSetStatus", f"ChangeSet is {made.execution}")
        stack = self.stacks[made.stack]
        verb = "CREATE" if made.is_new else "UPDATE"
        made.execution, stack.status, stack.set_arn = "EXECUTE_IN_PROGRESS", f"{verb}_IN_PROGRESS", made.arn
        for arn in [it.arn for it in self.sets.values() if it.stack == made.stack and it.arn != made.arn]:
            del self.sets[arn]
        _tell(self, stack, None, f"{verb}_IN_PROGRESS", "User Initiated")
        self.coming[stack.id] = _steps(self, stack, made, verb)
        return {}

    def describe_events(self, ChangeSetName: str, Filters: Any, NextToken: str | None = None) -> Any:  # noqa: N803
        return {"OperationEvents": self.invalid}

    # --- what happens

    def describe_stack_events(self, StackName: str, NextToken: str | None = None) -> Any:  # noqa: N803
        stack_id = StackName if StackName in self.history else _find(self, StackName).id
        if NextToken is None and self.coming.get(stack_id):
            self.coming[stack_id].pop(0)()
        return _paged(self, "StackEvents", self.history[stack_id][::-1], NextToken)

    def detect_stack_drift(self, StackName: str) -> Any:  # noqa: N803
        return {"StackDriftDetectionId": f"drift-{_find(self, StackName).name}"}

    def describe_stack_drift_detection_status(self, StackDriftDetectionId: str) -> Any:  # noqa: N803
        name = StackDriftDetectionId.removeprefix("drift-")
        return {
            "DetectionStatus": "DETECTION_COMPLETE",
            "StackDriftStatus": "DRIFTED" if self.drifts.get(name) else "IN_SYNC",
        }

    def describe_stack_resource_drifts(
        self,
        StackName: str,  # noqa: N803
        StackResourceDriftStatusFilters: list[str],  # noqa: N803
        NextToken: str | None = None,  # noqa: N803
    ) -> Any:
        return _paged(self, "StackResourceDrifts", self.drifts[StackName], NextToken)


# --- of the fake


def _find(fake: FakeFormation, name: str) -> FakeStack:
    for it in fake.stacks.values():
        if name in (it.name, it.id):
            return it
    raise no_stack(name)


def _find_set(fake: FakeFormation, name: str, stack: str) -> FakeSet:
    for it in fake.sets.values():
        if name == it.arn or (name == it.name and it.stack == stack):
            return it
    raise refuse("DescribeChangeSet", "ChangeSetNotFound", f"ChangeSet [{name}] does not exist")


def _arn(fake: FakeFormation, what: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:{what}/uuid-{next(fake.numbers)}"


def _parsed(text: str) -> Any:
    return json.loads(text) if text.startswith("{") else yaml.safe_load(text)


def _paged(fake: FakeFormation, key: str, told: list[Any], token: str | None) -> dict[str, Any]:
    start = int(token or 0)
    more = {"NextToken": str(start + fake.page)} if start + fake.page < len(told) else {}
    return {key: told[start : start + fake.page], **more}


def _stack_of(fake: FakeFormation, it: FakeStack) -> dict[str, Any]:
    outputs = _parsed(it.template).get("Outputs", {})
    return {
        "StackId": it.id,
        "StackName": it.name,
        "StackStatus": it.status,
        "CreationTime": it.made,
        **({"LastUpdatedTime": it.updated} if it.updated else {}),
        **({"ChangeSetId": it.set_arn} if it.set_arn and fake.keeps_set else {}),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in it.parameters.items()
        ],
        "Outputs": [
            {"OutputKey": key, "OutputValue": _output(it, said["Value"])} for key, said in outputs.items()
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in it.tags.items()],
        "EnableTerminationProtection": it.is_protected,
    }


def _output(stack: FakeStack, value: Any) -> str:
    if isinstance(value, dict) and "Ref" in value:
        return stack.parameters.get(value["Ref"], f"{stack.name}-{value['Ref']}".lower())
    return str(value)


def _set_of(fake: FakeFormation, it: FakeSet) -> dict[str, Any]:
    return {
        "ChangeSetId": it.arn,
        "ChangeSetName": it.name,
        "StackId": _find(fake, it.stack).id,
        "StackName": it.stack,
        "Status": it.status,
        "ExecutionStatus": it.execution,
        "StatusReason": it.reason,
    }


def _compared(
    old: Any, new: Any, before: Mapping[str, str], after: Mapping[str, str]
) -> list[dict[str, Any]]:
    """As a change set tells it: with Refs to parameters filled in."""
    held, wanted = old.get("Resources", {}), new.get("Resources", {})
    found = [_told("Add", name, it["Type"]) for name, it in wanted.items() if name not in held]
    found += [_told("Remove", name, it["Type"]) for name, it in held.items() if name not in wanted]
    for name in wanted.keys() & held.keys():
        was, becomes = (
            _filled(held[name].get("Properties", {}), before),
            _filled(wanted[name].get("Properties", {}), after),
        )
        moved = [key for key in {**was, **becomes} if was.get(key) != becomes.get(key)]
        if moved:
            found.append({"ResourceChange": _modified(name, wanted[name]["Type"], moved, was, becomes)})
    return found


def _filled(properties: Any, values: Mapping[str, str]) -> Any:
    return {
        key: values.get(it["Ref"], it) if isinstance(it, dict) and "Ref" in it else it
        for key, it in properties.items()
    }


def _told(action: str, name: str, kind: str) -> dict[str, Any]:
    return {
        "Type": "Resource",
        "ResourceChange": {"Action": action, "LogicalResourceId": name, "ResourceType": kind},
    }


def _modified(name: str, kind: str, moved: list[str], was: Any, becomes: Any) -> dict[str, Any]:
    is_replaced = any(it in REPLACING for it in moved)
    return {
        "Action": "Modify",
        "LogicalResourceId": name,
        "PhysicalResourceId": f"{name.lower()}-1",
        "ResourceType": kind,
        "Replacement": "True" if is_replaced else "False",
        "Details": [
            {
                "Target": {
                    "Attribute": "Properties",
                    "Name": it,
                    "Path": f"/Properties/{it}",
                    "RequiresRecreation": "Always" if it in REPLACING else "Never",
                    "BeforeValue": str(was.get(it)),
                    "AfterValue": str(becomes.get(it)),
                }
            }
            for it in moved
        ],
    }


def _tell(
    fake: FakeFormation, stack: FakeStack, resource: str | None, status: str, reason: str | None = None
) -> None:
    fake.history.setdefault(stack.id, []).append(
        {
            "EventId": f"event-{next(fake.numbers)}",
            "StackId": stack.id,
            "StackName": stack.name,
            "LogicalResourceId": resource or stack.name,
            "PhysicalResourceId": f"{resource.lower()}-1" if resource else stack.id,
            "ResourceType": "AWS::CloudFormation::Stack" if resource is None else "AWS::Any::Thing",
            "ResourceStatus": status,
            **({"ResourceStatusReason": reason} if reason else {}),
            "Timestamp": fake.time.stamp(),
        }
    )


def _step(fake: FakeFormation, stack: FakeStack, resource: str, verb: str) -> Callable[[], None]:
    def happens() -> None:
        _tell(fake, stack, resource, f"{verb}_IN_PROGRESS")
        fake.time.at += 3
        _tell(fake, stack, resource, f"{verb}_COMPLETE")

    return happens


def _steps(fake: FakeFormation, stack: FakeStack, made: FakeSet, verb: str) -> list[Callable[[], None]]:
    names = [it["ResourceChange"]["LogicalResourceId"] for it in made.changes]
    bad = next((it for it in names if it in fake.fails), None)
    if bad is None:
        return [*(_step(fake, stack, it, verb) for it in names), lambda: _succeed(fake, stack, made, verb)]
    reason = fake.fails.pop(bad)
    return [
        lambda: _stumble(fake, stack, names, bad, reason, verb),
        lambda: _go_back(fake, stack, made, verb),
    ]


def _succeed(fake: FakeFormation, stack: FakeStack, made: FakeSet, verb: str) -> None:
    stack.template, stack.parameters, stack.status = made.template, made.parameters, f"{verb}_COMPLETE"
    stack.updated, made.execution = fake.time.stamp(), "EXECUTE_COMPLETE"
    _tell(fake, stack, None, f"{verb}_COMPLETE")


def _stumble(
    fake: FakeFormation, stack: FakeStack, names: list[str], bad: str, reason: str, verb: str
) -> None:
    """The failure, and what follows from it: cancelled neighbours are told in the same moment, and before it."""
    for it in names:
        _tell(fake, stack, it, f"{verb}_IN_PROGRESS")
    for it in names:
        if it != bad:
            _tell(fake, stack, it, f"{verb}_FAILED", "Resource creation cancelled")
    _tell(fake, stack, bad, f"{verb}_FAILED", reason)
    going = "ROLLBACK_IN_PROGRESS" if verb == "CREATE" else "UPDATE_ROLLBACK_IN_PROGRESS"
    stack.status = going
    _tell(
        fake,
        stack,
        None,
        going,
        f"The following resource(s) failed to create: [{bad}]. Rollback requested by user.",
    )


def _go_back(fake: FakeFormation, stack: FakeStack, made: FakeSet, verb: str) -> None:
    stack.status = "ROLLBACK_COMPLETE" if verb == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
    stack.updated, made.execution = fake.time.stamp(), "EXECUTE_FAILED"
    _tell(fake, stack, None, stack.status)


def _ending(fake: FakeFormation, stack: FakeStack, names: list[str]) -> Callable[[], None]:
    """Of a deletion."""

    def happens() -> None:
        bad = next((it for it in names if it in fake.fails), None)
        if bad is not None:
            _tell(fake, stack, bad, "DELETE_FAILED", fake.fails.pop(bad))
            stack.status = "DELETE_FAILED"
            _tell(fake, stack, None, "DELETE_FAILED", f"The following resource(s) failed to delete: [{bad}].")
            return
        del fake.stacks[stack.name]
        for arn in [it.arn for it in fake.sets.values() if it.stack == stack.name]:
            del fake.sets[arn]
        _tell(fake, stack, None, "DELETE_COMPLETE")

    return happens


# --- the other services


@dataclass
class FakeIdentity:
    account: str = ACCOUNT
    denies: Exception | None = None

    def get_caller_identity(self) -> Any:
        if self.denies:
            raise self.denies
        return {"Account": self.account, "Arn": f"arn:aws:iam::{self.account}:user/ann", "UserId": "AIDA"}


@dataclass
class FakeStorage:
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    endpoint: str = f"https://s3.{REGION}.amazonaws.com"

    @property
    def meta(self) -> Any:
        return SimpleNamespace(endpoint_url=self.endpoint)

    def head_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        if (Bucket, Key) not in self.objects:
            raise refuse("HeadObject", "404", "Not Found")
        return {}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ChecksumAlgorithm: str) -> Any:  # noqa: N803
        self.objects[Bucket, Key] = Body
        return {}

    def list_object_versions(self, Bucket: str) -> Any:  # noqa: N803
        held = [key for bucket, key in self.objects if bucket == Bucket]
        return {"Versions": [{"Key": it, "VersionId": "1"} for it in held[:1000]]}

    def delete_objects(self, Bucket: str, Delete: Any) -> Any:  # noqa: N803
        for it in Delete["Objects"]:
            del self.objects[Bucket, it["Key"]]
        return {}


class FakeAws:
    """All of it. `cloud` is what the operations take."""

    def __init__(self) -> None:
        self.time = FakeTime()
        self.identity = FakeIdentity()
        self.storage = FakeStorage()
        self.formations: dict[str, FakeFormation] = {}

    def formation(self, region: str = REGION) -> FakeFormation:
        return self.formations.setdefault(region, FakeFormation(self.time))

    @property
    def cloud(self) -> Cloud:
        return Cloud(Session(make=self._client), REGION)

    def _client(self, service: str, region: str) -> Any:
        return {"sts": self.identity, "s3": self.storage}.get(service) or self.formation(region)


# --- what is to be there


def stack(
    concern: str,
    resources: Mapping[str, Any],
    *,
    takes: Mapping[str, str] | None = None,
    outputs: Mapping[str, Any] | None = None,
    looked_up: tuple[str, ...] = (),
    given: Mapping[str, str] | None = None,
    region: str = REGION,
) -> DesiredStack:
    """`takes`: parameters that are outputs of other stacks, with whose."""
    parameters = {it: {"Type": "String"} for it in (*(takes or {}), *looked_up, *(given or {}))}
    body = {
        **({"Parameters": parameters} if parameters else {}),
        "Resources": dict(resources),
        **({"Outputs": {key: {"Value": value} for key, value in outputs.items()}} if outputs else {}),
    }
    return DesiredStack(
        concern, NAMES.stack(concern), region, body, json.dumps(body), given or {}, takes or {}, looked_up
    )


def desired(
    *stacks: DesiredStack,
    waves: tuple[tuple[str, ...], ...] | None = None,
    account: str | None = None,
    production: bool = False,
    assets: tuple[Asset, ...] = (),
    order: tuple[str, ...] = (),
) -> Desired:
    return Desired(
        NAMES,
        REGION,
        account,
        production,
        {"evenly:service": "shop", "evenly:environment": "staging"},
        stacks,
        waves or tuple((it.concern,) for it in stacks),
        assets,
        (REGION, "us-east-1"),
        order,
    )


def bucket(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def topic(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}
