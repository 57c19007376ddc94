"""All of Evenly's own stacks on MiniStack, by its commands: made, planned again without a difference, deleted. Left out
is what MiniStack does not know, by name (`leaving_out`)."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.functional.aws.lifecycle.conftest import Project
from tests.functional.aws.lifecycle.leaving_out import BEYOND, LEFT_OUT, Beyond, left_out

MANIFESTS = {
    "small": {},
    "full": {
        "database": "{engine: postgres, version: 18}",
        "workers": "{mail: {command: [python, -m, mail]}}",
        "jobs": '{clean: {command: [python, -m, clean], schedule: "0 3 * * *"}}',
        "secrets": "{API_KEY: API_KEY}",
        "observability": "{alarms: ops@example.com, budget: 100}",
    },
    "fargate": {"compute": "{type: fargate}", "network": "{egress: endpoints}"},
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_stack_is_made_stays_as_it_is_and_goes(project: Project, name: str) -> None:
    project.manifest(**MANIFESTS[name])
    bodies = project.leave_out()
    first = project.evenly("deploy", "-e", "staging", "--yes")
    if "secrets" in MANIFESTS[name]:  # it stops before the service, whatever else is there by then
        assert first.code == 3, first.err
        assert "service" not in project.stacks()
        assert project.evenly("secrets", "set", "API_KEY", "-e", "staging", typed="s3cr3t\n").code == 0
        first = project.evenly("deploy", "-e", "staging", "--yes")
    assert first.code == 0, first.err
    assert set(project.stacks()) == set(bodies)
    assert set(project.stacks().values()) == {"CREATE_COMPLETE"}
    again = project.evenly("plan", "-e", "staging", "--no-drift")
    assert "Nothing to do" in again.out, again.out
    print("\n  ".join([f"left out of {name}:", *left_out(bodies)]))
    gone = project.evenly("down", "-e", "staging", "--confirm", "staging", "--empty-buckets")
    assert gone.code == 0, gone.err
    assert project.stacks() == {}


# --- the list of what is left out


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_nothing_is_left_out_that_need_not_be(project: Project, kind: str) -> None:
    formation = project.client("cloudformation")
    body = json.dumps({"Resources": {"It": {"Type": kind, "Properties": {}}}})
    with pytest.raises(ClientError, match=f"Unrecognized resource types: .*{kind}"):
        formation.create_stack(StackName=f"{project.name}-it", TemplateBody=body)


@pytest.mark.parametrize("beyond", BEYOND, ids=lambda it: f"{it.kind} {it.what}")
def test_no_kind_is_left_out_that_need_not_be(project: Project, beyond: Beyond) -> None:
    assert beyond.has(beyond.example)
    assert beyond.refusal in refused(project, beyond.kind, beyond.example)


def refused(project: Project, kind: str, properties: Any) -> str:
    """Why a stack of one could not be made."""
    formation, name = project.client("cloudformation"), f"{project.name}-it"
    body = json.dumps({"Resources": {"It": {"Type": kind, "Properties": properties}}})
    formation.create_stack(StackName=name, TemplateBody=body)
    while formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS"):
        time.sleep(0.05)
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    return " ".join(it.get("ResourceStatusReason", "") for it in events if "FAILED" in it["ResourceStatus"])
