"""A shell in a task: which task and container, and what is handed to Session Manager's plugin."""

import json
from typing import Any

import pytest
from tests.unit.aws.test_lookups import Answers

from evenly.aws.cloud.session import Asked
from evenly.aws.operations.shell import (
    VARIABLE,
    Task,
    check_plugin,
    find_host,
    find_task,
    open_host,
    open_session,
    plugin_arguments,
)
from evenly.errors import StateError, TargetError, UsageError


def container(name: str, runtime: str | None = "r1") -> dict[str, Any]:
    return {"name": name, **({"runtimeId": runtime} if runtime else {})}


def task(*containers: dict[str, Any], execute: bool = True) -> dict[str, Any]:
    return {"tasks": [{"enableExecuteCommand": execute, "containers": list(containers)}]}


def found(said: dict[str, Any], wanted: str | None = None, name: str | None = None) -> Task:
    pages = [
        {"taskArns": ["arn:aws:ecs:eu-west-1:1:task/shop-staging/aaa1"], "nextToken": "t"},
        {"taskArns": ["arn:aws:ecs:eu-west-1:1:task/shop-staging/bbb2"]},
    ]
    ecs = Answers(list_tasks=pages, describe_tasks=[said])
    it = find_task(Asked(ecs, "ecs in eu-west-1"), "shop-staging", "shop", wanted, name)
    assert ecs.calls[-1][1]["tasks"] == [it.id]
    return it


def test_any_task_will_do_and_its_app_is_meant() -> None:
    assert found(task(container("collector", "r0"), container("app"))) == Task(
        "shop-staging", "aaa1", "app", "r1"
    )


def test_one_is_named_by_the_beginning_of_its_id_and_a_container_by_its_name() -> None:
    said = task(container("collector", "r0"), container("app"))
    assert found(said, "bb", "collector") == Task("shop-staging", "bbb2", "collector", "r0")


@pytest.mark.parametrize(
    ("said", "wanted", "name", "kind", "what"),
    [
        (task(container("app")), "zzz", None, UsageError, "no task begins with zzz"),
        (task(container("app")), None, "web", UsageError, "has no container web"),
        (task(container("app", None)), None, None, UsageError, "has no container"),
        (task(container("app"), execute=False), None, None, StateError, "without ECS Exec"),
    ],
)
def test_what_is_not_there_is_said(
    said: Any, wanted: str, name: str, kind: type[Exception], what: str
) -> None:
    with pytest.raises(kind, match=what):
        found(said, wanted, name)


def test_no_task_is_a_state_for_nothing() -> None:
    with pytest.raises(StateError, match="no task of the service runs"):
        find_task(Asked(Answers(list_tasks=[{"taskArns": []}]), "ecs"), "c", "s", None, None)


def test_the_token_is_in_no_argument() -> None:
    session = {"sessionId": "s", "tokenValue": "the-token", "streamUrl": "wss://x"}
    ecs = Answers(execute_command=[{"session": session}])
    opened = open_session(Asked(ecs, "ecs"), Task("c", "t", "app", "r"), "/bin/sh")
    assert ecs.calls[0][1]["interactive"] is True
    assert json.loads(opened.response) == {
        "SessionId": "s",
        "TokenValue": "the-token",
        "StreamUrl": "wss://x",
    }
    assert plugin_arguments(opened, "eu-west-1", None, "https://ssm") == [
        "session-manager-plugin",
        VARIABLE,
        "eu-west-1",
        "StartSession",
        "",
        '{"Target": "ecs:c_t_r"}',
        "https://ssm",
    ]
    assert "the-token" not in " ".join(plugin_arguments(opened, "eu-west-1", "work", "https://ssm"))


@pytest.mark.parametrize(
    ("version", "said"),
    [(None, "not installed"), ("1.2.497.0\n", "too old"), ("1.2.30.0", "too old"), ("", "too old")],
)
def test_the_plugin_has_to_be_there_and_new_enough(version: str | None, said: str) -> None:
    with pytest.raises(TargetError, match=said):
        check_plugin(version)


def test_a_newer_one_will_do() -> None:
    check_plugin("1.2.707.0\n")


# --- hosts


def host(wanted: str | None, *ids: str) -> str:
    pages = [{"containerInstanceArns": [f"arn:{it}"]} for it in ids]
    for page in pages[:-1]:
        page["nextToken"] = "t"  # type: ignore[assignment]
    told = {"containerInstances": [{"ec2InstanceId": it} for it in ids]}
    ecs = Answers(
        list_container_instances=pages or [{"containerInstanceArns": []}], describe_container_instances=[told]
    )
    found = find_host(Asked(ecs, "ecs in eu-west-1"), "shop-staging", wanted)
    assert ecs.calls[-1][1]["containerInstances"] == [f"arn:{it}" for it in ids]
    return found


def test_a_host_is_any_or_named_by_the_beginning_of_its_id() -> None:
    assert host(None, "i-0b", "i-0a") == "i-0a"
    assert host("i-0b", "i-0b", "i-0a") == "i-0b"


def test_hosts_that_are_not_there() -> None:
    with pytest.raises(StateError, match="there are no hosts"):
        host(None)
    with pytest.raises(UsageError, match="no host begins with i-9"):
        host("i-9", "i-0a")


def test_the_token_of_a_host_is_in_no_argument_either() -> None:
    ssm = Answers(
        start_session=[{"SessionId": "s", "TokenValue": "the-token", "StreamUrl": "wss://x", "More": 1}]
    )
    opened = open_host(Asked(ssm, "ssm"), "i-0a")
    assert ssm.calls == [("start_session", {"Target": "i-0a"})]
    assert json.loads(opened.response) == {
        "SessionId": "s",
        "TokenValue": "the-token",
        "StreamUrl": "wss://x",
    }
    arguments = plugin_arguments(opened, "eu-west-1", None, "https://ssm")
    assert arguments[5] == '{"Target": "i-0a"}'
    assert "the-token" not in " ".join(arguments)
