"""CloudFormation in one region: facts out, requests in, and no opinion.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

import json
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import UTC, datetime
from typing import Any

from evenly.aws.changes.plan import Drifted
from evenly.aws.changes.reading import read_changes
from evenly.aws.cloud.facts import ChangeSetFacts, Detection, Event, ResourceFacts, SetRequest, StackFacts
from evenly.aws.cloud.session import Asked, telling


class Formation:
    """`asked`: a client of CloudFormation."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    # --- stacks

    def stack(self, name: str) -> StackFacts | None:
        """By name or ARN; `None` where there is none, or by its ARN one that is deleted."""
        said = self._unless_missing(lambda: self._asked.raw("describe_stacks", StackName=name))
        found = said and said["Stacks"] and _stack(said["Stacks"][0])
        return found if found and found.status != "DELETE_COMPLETE" else None

    def template(self, name: str) -> str:
        """As it was given. JSON comes from boto3 as a mapping, and is written as text again."""
        said = self._asked.call("get_template", StackName=name, TemplateStage="Original")["TemplateBody"]
        return said if isinstance(said, str) else json.dumps(said)

    def resources(self, name: str) -> tuple[ResourceFacts, ...]:
        told = self._asked.entries("list_stack_resources", "StackResourceSummaries", StackName=name)
        return tuple(
            ResourceFacts(
                it["LogicalResourceId"],
                it["ResourceType"],
                it.get("PhysicalResourceId", ""),
                it["ResourceStatus"],
            )
            for it in told
        )

    def named(self, prefix: str) -> tuple[str, ...]:
        """The names of the stacks that are there and begin so."""
        told = self._asked.entries("list_stacks", "StackSummaries", StackStatusFilter=list(THERE))
        return tuple(it["StackName"] for it in told if it["StackName"].startswith(prefix))

    def protect(self, name: str, on: bool) -> None:
        self._asked.call("update_termination_protection", StackName=name, EnableTerminationProtection=on)

    def delete(self, stack_id: str, token: str, role: str | None = None) -> None:
        """Begins it."""
        self._asked.call("delete_stack", StackName=stack_id, ClientRequestToken=token, RoleARN=role)

    # --- change sets

    def create_set(self, wanted: SetRequest) -> str:
        """Begins it; the ARN of the change set."""
        said = self._asked.call(
            "create_change_set",
            StackName=wanted.stack,
            ChangeSetName=wanted.name,
            ChangeSetType="CREATE" if wanted.is_new else "UPDATE",
            Description=wanted.description,
            TemplateBody=wanted.body,
            TemplateURL=wanted.url,
            Parameters=[{"ParameterKey": key, "ParameterValue": it} for key, it in wanted.parameters.items()],
            Tags=[{"Key": key, "Value": it} for key, it in wanted.tags.items()],
            Capabilities=list(wanted.capabilities),
            RoleARN=wanted.role,
        )
        return str(said["Id"])

    def described(self, name: str, stack: str) -> ChangeSetFacts | None:
        """A change set by name or ARN, with the changes of all pages; `None` where there is none."""
        first = self._unless_missing(lambda: self._page(name, stack, None))
        if first is None:
            return None
        told, token = list(first.get("Changes", ())), first.get("NextToken")
        while token:
            with telling(self._asked.where, self._asked.profile):
                page = self._page(name, stack, token)
            told, token = [*told, *page.get("Changes", ())], page.get("NextToken")
        return ChangeSetFacts(
            arn=first["ChangeSetId"],
            name=first["ChangeSetName"],
            stack_id=first["StackId"],
            status=first["Status"],
            execution=first.get("ExecutionStatus", "UNAVAILABLE"),
            reason=first.get("StatusReason") or None,
            changes=read_changes(told),
        )

    def _page(self, name: str, stack: str, token: str | None) -> Any:
        return self._asked.raw(
            "describe_change_set",
            ChangeSetName=name,
            StackName=stack,
            NextToken=token,
            IncludePropertyValues=True,
        )

    def sets(self, stack: str) -> tuple[ChangeSetFacts, ...]:
        """All that a stack has, without their changes."""
        return tuple(
            ChangeSetFacts(
                arn=it["ChangeSetId"],
                name=it["ChangeSetName"],
                stack_id=it["StackId"],
                status=it["Status"],
                execution=it.get("ExecutionStatus", "UNAVAILABLE"),
                reason=it.get("StatusReason") or None,
            )
            for it in self._asked.entries("list_change_sets", "Summaries", StackName=stack)
        )

    def delete_set(self, arn: str) -> None:
        """Does nothing where it is gone."""
        self._unless_missing(lambda: self._asked.raw("delete_change_set", ChangeSetName=arn))

    def execute(self, arn: str, token: str) -> None:
        """Begins it. What it newly makes is deleted again when it fails, kept data or not: so it can be tried again."""
        self._asked.call(
            "execute_change_set", ChangeSetName=arn, ClientRequestToken=token, RetainExceptOnCreate=True
        )

    def why_invalid(self, arn: str) -> tuple[str, ...]:
        """What CloudFormation found when it looked at a change set before making it, which it says nowhere else."""
        told = self._asked.entries(
            "describe_events", "OperationEvents", ChangeSetName=arn, Filters={"FailedEvents": True}
        )
        found = (_invalidity(it) for it in told if it.get("EventType") == "VALIDATION_ERROR")
        return tuple(dict.fromkeys(found))

    # --- what happens

    def events(self, stack: str, known: Set[str] = frozenset()) -> tuple[Event, ...]:
        """Those that are not `known` by their ids, oldest first. `stack`: name, or the ARN of one that is deleted."""
        fresh: list[Event] = []
        for page in self._asked.pages("describe_stack_events", StackName=stack):
            told = [_event(it) for it in page["StackEvents"]]
            oldest = max((place for place, it in enumerate(told) if it.id in known), default=None)
            # One may come late, among those that are known.
            fresh += [it for it in told[:oldest] if it.id not in known]
            if oldest is not None:
                break  # the newest come first: what follows was there before
        fresh.reverse()
        return tuple(sorted(fresh, key=lambda it: it.at))

    def recent(self, stack: str) -> frozenset[str]:
        """The ids of the newest events: enough to tell what comes after."""
        page = next(iter(self._asked.pages("describe_stack_events", StackName=stack)))
        return frozenset(it["EventId"] for it in page["StackEvents"])

    def detect_drift(self, stack: str) -> str:
        """Begins it; the id to ask `detection` with."""
        return str(self._asked.call("detect_stack_drift", StackName=stack)["StackDriftDetectionId"])

    def detection(self, found: str, stack: str) -> Detection:
        """How far it is, and when it is complete, what has drifted."""
        said = self._asked.call("describe_stack_drift_detection_status", StackDriftDetectionId=found)
        is_drifted = (
            said["DetectionStatus"] == "DETECTION_COMPLETE" and said.get("StackDriftStatus") == "DRIFTED"
        )
        drifted = tuple(self._drifted(stack)) if is_drifted else ()
        return Detection(said["DetectionStatus"], said.get("DetectionStatusReason"), drifted)

    def _drifted(self, stack: str) -> Iterator[Drifted]:
        told = self._asked.entries(
            "describe_stack_resource_drifts",
            "StackResourceDrifts",
            StackName=stack,
            StackResourceDriftStatusFilters=["MODIFIED", "DELETED"],
        )
        for it in told:
            yield from _drifts(it)

    def _unless_missing(self, ask: Callable[[], Any]) -> Any:
        """`None` where what is asked for is not there: CloudFormation says so by an error, of a stack without a code of
        its own."""
        with telling(self._asked.where, self._asked.profile):
            try:
                return ask()
            except Exception as error:
                said = getattr(error, "response", {}).get("Error", {})
                code, message = said.get("Code"), str(said.get("Message"))
                if code in _GONE or (code == "ValidationError" and "does not exist" in message):
                    return None
                raise


_PHASES = ("IN_PROGRESS", "FAILED", "COMPLETE")
# Every status but DELETE_COMPLETE, which stacks have for months after they are gone.
THERE = (
    *(f"{verb}_{phase}" for verb in ("CREATE", "UPDATE") for phase in _PHASES),
    *(f"{verb}ROLLBACK_{phase}" for verb in ("", "UPDATE_", "IMPORT_") for phase in _PHASES),
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "IMPORT_COMPLETE",
    "IMPORT_IN_PROGRESS",
    "REVIEW_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
)
_GONE = ("ChangeSetNotFound", "ChangeSetNotFoundException", "StackNotFoundException")


def _stack(said: Mapping[str, Any]) -> StackFacts:
    return StackFacts(
        id=said["StackId"],
        name=said["StackName"],
        status=said["StackStatus"],
        reason=said.get("StackStatusReason") or None,
        updated=_rfc3339(said.get("LastUpdatedTime") or said["CreationTime"]),
        parameters={it["ParameterKey"]: it.get("ParameterValue", "") for it in said.get("Parameters", ())},
        outputs={it["OutputKey"]: it["OutputValue"] for it in said.get("Outputs", ())},
        tags={it["Key"]: it["Value"] for it in said.get("Tags", ())},
        change_set=said.get("ChangeSetId"),
        is_protected=bool(said.get("EnableTerminationProtection")),
    )


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _event(said: Mapping[str, Any]) -> Event:
    return Event(
        id=said["EventId"],
        stack_id=said["StackId"],
        resource=said.get("LogicalResourceId", ""),
        physical=said.get("PhysicalResourceId", ""),
        type=said.get("ResourceType", ""),
        status=said.get("ResourceStatus", ""),
        reason=said.get("ResourceStatusReason") or None,
        at=said["Timestamp"].timestamp(),
    )


def _invalidity(said: Mapping[str, Any]) -> str:
    where = " ".join(filter(None, (said.get("LogicalResourceId"), said.get("ValidationPath"))))
    why = said.get("ValidationStatusReason") or said.get("ValidationName") or "no reason was given"
    return f"{where}: {why}" if where else str(why)


def _drifts(said: Mapping[str, Any]) -> Iterator[Drifted]:
    name, kind = said["LogicalResourceId"], said["ResourceType"]
    if said["StackResourceDriftStatus"] == "DELETED":
        yield Drifted(name, kind, None, None, None)
        return
    for it in said.get("PropertyDifferences", ()):
        path = it["PropertyPath"].strip("/").replace("/", ".")
        yield Drifted(name, kind, path, it.get("ExpectedValue"), it.get("ActualValue"))
