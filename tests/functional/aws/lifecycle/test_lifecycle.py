"""An environment's life on MiniStack, by Evenly's own commands: made, changed, replaced, failed and undone, drifted,
deleted. What it proves is our handling of CloudFormation's answers, and nothing of AWS's services.

It is about two small stacks of the project's own. Of Evenly's, which `test_catalogue` makes whole, all but the first
are bare (`leaving_out.BARE`): they are there, in their order, and hold nothing."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.functional.aws.lifecycle.conftest import Project
from tests.functional.aws.lifecycle.leaving_out import BARE

CATALOGUE = ("foundation", *BARE)
QUEUE = """
from troposphere import Ref, sqs, ssm
from evenly.aws.stacks.common import Stack

def template(topology):
    stack = Stack(topology, "queue", "work to do")
    stack.add(sqs.Queue("Work", QueueName={name!r}, VisibilityTimeout={timeout}))
    {more}
    stack.output("WorkName", {name!r}, "The name of the queue")
    return stack.finished()
"""
TAKER = """
from troposphere import Ref, ssm
from evenly.aws.stacks.common import Stack

def template(topology):
    stack = Stack(topology, "taker", "whoever takes the work")
    work = stack.parameter("WorkName", "The name of the queue")
    stack.add(ssm.Parameter("Note", Name="/{service}/note", Type="String", Value=work))
    return stack.finished()
"""
BAD = """from troposphere import cloudformation
    stack.add(cloudformation.WaitConditionHandle("Bell"))
    stack.add(cloudformation.WaitCondition("Guest", Handle=Ref("Bell"), Timeout="1", Count=1, DependsOn="Work"))"""


@pytest.fixture(autouse=True)
def _bare(project: Project) -> None:
    project.leave_out(BARE)


def queue(project: Project, name: str = "work", timeout: int = 30, more: str = "pass") -> None:
    text = QUEUE.format(name=f"{project.name}-{name}", timeout=timeout, more=more)
    project.write("stacks/queue.py", text)


def taker(project: Project) -> None:
    project.write("stacks/taker.py", TAKER.format(service=project.name))


def planned(project: Project, *more: str) -> Any:
    ran = project.evenly("plan", "-e", "staging", "--json", *more)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def changes(plan: Any, concern: str) -> dict[str, tuple[str, str]]:
    [stack] = [it for it in plan["stacks"] if it["concern"] == concern]
    return {it["resource"]: (it["action"], it["replacement"]) for it in stack["changes"]}


def made(project: Project) -> dict[str, str]:
    """By stack of the project's own, how the first deploy ended for it."""
    return ended(project, "made")


def deployed(project: Project, *more: str) -> dict[str, str]:
    """The same of a later one, which leaves Evenly's own as they are."""
    return ended(project, "left as it is", *more)


def ended(project: Project, catalogue: str, *more: str) -> dict[str, str]:
    ran = project.evenly("deploy", "-e", "staging", "--json", "--yes", *more)
    assert ran.code == 0, ran.err
    told = {it["concern"]: it["how"] for it in json.loads(ran.out)["stacks"]}
    assert {it: told.pop(it) for it in CATALOGUE} == dict.fromkeys(CATALOGUE, catalogue)
    return told


def test_from_nothing_to_there_and_back(project: Project) -> None:
    assert project.evenly("status", "-e", "staging").code == 3
    plan = planned(project)
    assert {it["certainty"] for it in plan["stacks"]} == {"provisional"}
    assert project.stacks() == {}  # a plan makes nothing
    ran = project.evenly("deploy", "-e", "staging", "--plan", ".evenly/staging/plan.json")
    assert ran.code == 0, ran.err
    assert "Artifacts made" in ran.err
    assert project.stacks() == dict.fromkeys(CATALOGUE, "CREATE_COMPLETE")
    shown = project.evenly("status", "-e", "staging")
    assert "CREATE_COMPLETE" in shown.out
    assert "Nothing to do" in project.evenly("plan", "-e", "staging").out
    ran = project.evenly("down", "-e", "staging", "--confirm", "staging")
    assert ran.code == 0, ran.err
    assert project.stacks() == {}
    bucket = f"{project.name}-staging-artifacts-000000000000-eu-west-1"
    assert bucket in ran.out  # it stays, and is named
    project.client("s3").head_bucket(Bucket=bucket)
    assert project.evenly("status", "-e", "staging").code == 3


def test_an_update_is_exact_and_what_follows_from_it_provisional(project: Project) -> None:
    queue(project)
    taker(project)
    assert made(project) == {"queue": "made", "taker": "made"}
    queue(project, timeout=60)
    plan = planned(project)
    # Taker too: it takes the queue's name, which stays.
    assert {it["concern"]: it["certainty"] for it in plan["stacks"]} == dict.fromkeys(
        (*CATALOGUE, "queue", "taker"), "exact"
    )
    assert changes(plan, "queue")["Work"] == ("modify", "no")
    assert deployed(project) == {"queue": "changed", "taker": "left as it is"}
    url = project.client("sqs").get_queue_url(QueueName=f"{project.name}-work")["QueueUrl"]
    found = project.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert found["Attributes"]["VisibilityTimeout"] == "60"


def test_an_update_that_replaces_is_said_to_lose_data_and_asks_for_the_name(project: Project) -> None:
    queue(project)
    taker(project)
    made(project)
    queue(project, name="other")
    plan = planned(project)
    assert changes(plan, "queue")["Work"] == ("modify", "yes")
    [taker_plan] = [it for it in plan["stacks"] if it["concern"] == "taker"]
    assert taker_plan["certainty"] == "provisional"  # the name that it takes is another one afterwards
    assert taker_plan["parameters"] == {"WorkName": None}
    page = project.evenly("plan", "-e", "staging").out
    assert "THIS LOSES DATA" in page
    assert "Work (AWS::SQS::Queue) is replaced" in page
    refused = project.evenly("deploy", "-e", "staging", "--yes")
    assert refused.code == 2  # yes alone deletes no data
    queues = project.client("sqs").list_queues(QueueNamePrefix=project.name)["QueueUrls"]
    assert [it.rpartition("/")[2] for it in queues] == [f"{project.name}-work"]
    assert deployed(project, "--confirm", "staging") == {"queue": "changed", "taker": "changed"}
    queues = project.client("sqs").list_queues(QueueNamePrefix=project.name)["QueueUrls"]
    assert [it.rpartition("/")[2] for it in queues] == [f"{project.name}-other"]
    note = project.client("ssm").get_parameter(Name=f"/{project.name}/note")["Parameter"]["Value"]
    assert note == f"{project.name}-other"


def test_one_that_fails_is_undone_and_its_cause_is_told_first(project: Project) -> None:
    queue(project)
    made(project)
    queue(project, timeout=90, more=BAD)
    ran = project.evenly("deploy", "-e", "staging", "--yes")
    assert ran.code == 4
    cause = ran.err[ran.err.index("evenly: ") :].splitlines()
    stack, kind = f"{project.name}-staging-queue", "AWS::CloudFormation::WaitCondition"
    assert cause[0] == f"evenly: {stack} could not be changed: Guest ({kind}) failed:"
    assert "timed out" in cause[1]
    assert cause[2] == "  It is what it was before."
    assert project.stacks()["queue"] == "UPDATE_ROLLBACK_COMPLETE"
    queue(project, timeout=90)  # mended
    assert deployed(project)["queue"] == "changed"


def test_one_that_could_never_be_made_is_cleared_away_by_the_next_deploy(project: Project) -> None:
    queue(project, more=BAD)
    ran = project.evenly("deploy", "-e", "staging", "--yes")
    assert ran.code == 4
    before = ("foundation", "security", "image", "network")  # those of its wave are finished
    assert project.stacks() == {**dict.fromkeys(before, "CREATE_COMPLETE"), "queue": "ROLLBACK_COMPLETE"}
    queue(project)
    ran = project.evenly("deploy", "-e", "staging", "--json", "--yes")
    assert ran.code == 0, ran.err
    after = {"queue": "made", "service": "made", "observability": "made"}
    told = {it["concern"]: it["how"] for it in json.loads(ran.out)["stacks"]}
    assert told == {**dict.fromkeys(before, "left as it is"), **after}


def test_what_was_changed_by_hand_is_found(project: Project) -> None:
    queue(project)
    made(project)
    sqs = project.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{project.name}-work")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    [stack] = [it for it in planned(project)["stacks"] if it["concern"] == "queue"]
    assert [(it["resource"], it["property"], it["expected"], it["actual"]) for it in stack["drift"]] == [
        ("Work", "VisibilityTimeout", "30", "7")
    ]
    page = project.evenly("plan", "-e", "staging").out
    assert "Work (AWS::SQS::Queue) VisibilityTimeout is 7, and was to be 30" in page
    sqs.delete_queue(QueueUrl=url)
    assert "Work (AWS::SQS::Queue) is gone" in project.evenly("plan", "-e", "staging").out
    assert "Drift" not in project.evenly("plan", "-e", "staging", "--no-drift").out


def test_a_plan_is_good_for_what_it_was_made_from_and_nothing_else(project: Project) -> None:
    queue(project)
    made(project)
    queue(project, timeout=60)
    planned(project, "--out", "plan.json")
    queue(project, timeout=61)
    other = project.evenly("deploy", "-e", "staging", "--plan", "plan.json")
    assert other.code == 3
    assert "the template of queue is another one" in other.err
    deployed(project)  # somebody else was faster
    queue(project, timeout=60)
    late = project.evenly("deploy", "-e", "staging", "--plan", "plan.json")
    assert late.code == 3
    assert "after the plan was made" in late.err


def test_no_change_set_and_no_empty_stack_is_left_behind(project: Project) -> None:
    queue(project)
    made(project)
    queue(project, timeout=60)
    planned(project)
    planned(project)
    planned(project)
    formation = project.client("cloudformation")

    def open_sets() -> list[Any]:
        told = formation.list_change_sets(StackName=f"{project.name}-staging-queue")["Summaries"]
        return [it for it in told if it["ExecutionStatus"] != "EXECUTE_COMPLETE"]

    assert len(open_sets()) == 1
    deployed(project)
    planned(project)
    assert open_sets() == []
    formation.create_change_set(
        StackName=f"{project.name}-staging-taker",
        ChangeSetName="evenly-left",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}}',
    )
    assert project.stacks()["taker"] == "REVIEW_IN_PROGRESS"
    taker(project)
    assert deployed(project)["taker"] == "made"


def test_a_stack_that_is_asked_for_no_longer_is_named_and_goes_with_the_rest(project: Project) -> None:
    queue(project)
    made(project)
    (project.folder / "stacks" / "queue.py").unlink()
    assert "the manifest asks for queue no longer" in project.evenly("plan", "-e", "staging").out
    assert deployed(project) == {}
    assert "queue" in project.stacks()
    ran = project.evenly("down", "-e", "staging", "--confirm", "staging")
    assert ran.code == 0, ran.err
    assert project.stacks() == {}


def test_a_bucket_with_something_in_it_is_deleted_only_when_it_is_to_be_emptied(project: Project) -> None:
    name = f"{project.name}-things"
    bucket = f'from troposphere import s3; stack.add(s3.Bucket("Things", BucketName={name!r}))'
    queue(project, more=bucket)
    made(project)
    project.client("s3").put_object(Bucket=name, Key="a", Body=b"b")
    ran = project.evenly("down", "-e", "staging", "--confirm", "staging", "--empty-buckets")
    assert ran.code == 0, ran.err
    assert "things emptied of 1 objects" in ran.err
    assert name not in [it["Name"] for it in project.client("s3").list_buckets()["Buckets"]]


def test_the_name_is_asked_for_before_anything_is_deleted(project: Project) -> None:
    made(project)
    assert project.evenly("down", "-e", "staging", typed="stagin\n").code == 2
    assert project.stacks() == dict.fromkeys(CATALOGUE, "CREATE_COMPLETE")
    assert project.evenly("down", "-e", "staging", typed="staging\n").code == 0
    assert project.stacks() == {}


def test_another_account_than_the_manifests_is_refused(project: Project) -> None:
    text = (project.folder / "evenly.yaml").read_text()
    (project.folder / "evenly.yaml").write_text(
        text.replace("region: eu-west-1", 'region: eu-west-1, account: "123456789012"')
    )
    ran = project.evenly("plan", "-e", "staging")
    assert ran.code == 2
    assert "these credentials are of account 000000000000" in ran.err


def test_markdown_is_for_a_pull_request(project: Project) -> None:
    queue(project)
    page = project.evenly("plan", "-e", "staging", "--markdown").out
    assert page.startswith(f"## Plan for {project.name}, staging\n")
    assert "| added | `Work` | `AWS::SQS::Queue` |" in page


@pytest.mark.parametrize("moment", ["foundation: begins", "queue: begins"])
def test_ctrl_c_leaves_cloudformation_at_it_and_the_next_deploy_goes_on(
    project: Project, moment: str
) -> None:
    queue(project)
    taker(project)
    planned(project)
    command = [
        str(Path(sys.executable).with_name("evenly")),
        "deploy",
        "-e",
        "staging",
        "--plan",
        ".evenly/staging/plan.json",
    ]
    with subprocess.Popen(command, cwd=project.folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = ""
        while moment not in told:
            line = process.stderr.readline()
            assert line, told
            told += line
        process.send_signal(signal.SIGINT)
        told += process.stderr.read()
    assert process.returncode == 130, told
    again = "evenly deploy -e staging --plan .evenly/staging/plan.json"
    assert f"To go on watching, and with the rest: {again}" in told
    time.sleep(0.5)
    ran = project.evenly("deploy", "-e", "staging", "--plan", ".evenly/staging/plan.json")
    assert ran.code == 0, ran.err
    assert set(project.stacks().values()) == {"CREATE_COMPLETE"}
    assert set(project.stacks()) == {*CATALOGUE, "queue", "taker"}


def test_logs_are_read_merged_and_named(project: Project) -> None:
    assert project.evenly("logs", "-e", "staging").code == 3
    logs = project.client("logs")
    now = round(time.time() * 1000)
    for source, offset in (("app", 2), ("workers/mail", 1)):
        group = f"/evenly/{project.name}/staging/{source}"
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="task")
        told = [{"timestamp": now - 1000 * offset, "message": f'{{"of": "{source}"}}'}]
        logs.put_log_events(logGroupName=group, logStreamName="task", logEvents=told)
    ran = project.evenly("logs", "-e", "staging", "--json")
    assert ran.code == 0, ran.err
    assert [json.loads(line)["entry"]["of"] for line in ran.out.splitlines()] == ["app", "workers/mail"]
    assert "workers/mail" not in project.evenly("logs", "-e", "staging", "app").out
    assert project.evenly("logs", "-e", "staging", "database").code == 2


def test_the_service_is_opened_by_its_address(project: Project) -> None:
    url = {"op": "replace", "path": "/Outputs/Url/Value", "value": "https://shop.example.com/"}
    patch = project.folder / "overrides" / "service.json"
    patch.write_text(json.dumps([*json.loads(patch.read_text()), url]))
    assert project.evenly("open", "-e", "staging", "--print").code == 3
    made(project)
    assert project.evenly("open", "-e", "staging", "--print").out == "https://shop.example.com/\n"
    assert project.evenly("open", "service", "-e", "staging", "--print").out == "https://shop.example.com/\n"
