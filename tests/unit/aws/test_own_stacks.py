"""The user's own stacks, beside ours."""

from pathlib import Path

import pytest
from tests.unit.aws.packageworld import packaged, topology, write

from evenly.aws.packages.ownstacks import own_stacks
from evenly.errors import UsageError

QUEUE = """
from troposphere import Ref, sqs
from evenly.aws.stacks.common import Stack

AFTER = ("foundation",)

def template(topology):
    stack = Stack(topology, "queue", "work to do")
    key = stack.parameter("KeyArn", "The key")
    queue = stack.add(sqs.Queue("Queue", KmsMasterKeyId=key, DeletionPolicy="Delete", UpdateReplacePolicy="Delete"))
    stack.output("QueueUrl", Ref(queue), "Where work is put")
    return stack.finished()
"""
PLAIN = "def template(topology):\n    return {'Resources': {'Topic': {'Type': 'AWS::SNS::Topic'}}}\n"


def refusal(project: Path) -> UsageError:
    with pytest.raises(UsageError) as raised:
        own_stacks(topology(), project, ("foundation",))
    return raised.value


def test_it_is_packaged_after_what_it_takes_from(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "queue.py", QUEUE)
    found = packaged(tmp_path)
    order = [it.concern for it in found.stacks]
    assert order.index("queue") > order.index("foundation")
    queue = found.stack("queue")
    assert queue.own
    assert queue.stack == "shop-production-queue"
    assert queue.parameters["KeyArn"].said == "foundation"
    assert "KmsMasterKeyId: !Ref KeyArn" in queue.text
    assert {"Key": "evenly:service", "Value": "shop"} in queue.body["Resources"]["Queue"]["Properties"][
        "Tags"
    ]


def test_a_mapping_is_a_template_too_and_an_underscore_no_stack(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "hot_topics.py", f"REGION = 'us-east-1'\n{PLAIN}")
    write(tmp_path / "stacks" / "_shared.py", "raise RuntimeError")
    (found,) = own_stacks(topology(), tmp_path, ())
    assert (found.name, found.region) == ("hot-topics", "us-east-1")
    assert packaged(tmp_path).stack("hot-topics").region == "us-east-1"


def test_it_may_have_dataclasses(tmp_path: Path) -> None:
    head = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass It:\n    x: int\n"
    write(tmp_path / "stacks" / "topics.py", head + PLAIN)
    assert [it.name for it in own_stacks(topology(), tmp_path, ())] == ["topics"]


def test_it_can_be_overridden_too(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "topics.py", PLAIN)
    change = '[{"op": "add", "path": "/Resources/Topic/DeletionPolicy", "value": "Retain"}]'
    write(tmp_path / "overrides" / "topics.json", change)
    assert packaged(tmp_path).stack("topics").body["Resources"]["Topic"]["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize(
    ("name", "text", "where", "what"),
    [
        ("queue.py", "def template(", "stacks/queue.py, line 1", "it could not be run: SyntaxError"),
        (
            "queue.py",
            "import nothing_there\n",
            "stacks/queue.py, line 1",
            "it could not be run: ModuleNotFoundError",
        ),
        ("queue.py", "x = 1\n", "stacks/queue.py", "it has no function template"),
        (
            "queue.py",
            "def template(t):\n    return t.nothing\n",
            "stacks/queue.py, line 2",
            "it could not be run: Attr",
        ),
        (
            "queue.py",
            "def template(t):\n    return None\n",
            "stacks/queue.py",
            "its function template makes no template",
        ),
        (
            "queue.py",
            "def template(t):\n    return {}\n",
            "stacks/queue.py",
            "its function template makes no template",
        ),
        ("Queue.py", PLAIN, "stacks/Queue.py", "Queue is no name of a stack"),
        ("foundation.py", PLAIN, "stacks/foundation.py", "Evenly has a stack foundation of its own"),
    ],
)
def test_what_is_no_stack_is_refused(tmp_path: Path, name: str, text: str, where: str, what: str) -> None:
    write(tmp_path / "stacks" / name, text)
    error = refusal(tmp_path)
    assert error.where == where
    assert error.what.startswith(what)


def test_stacks_that_need_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "stacks" / "one.py", f"AFTER = ('two',)\n{PLAIN}")
    write(tmp_path / "stacks" / "two.py", f"AFTER = ('one',)\n{PLAIN}")
    with pytest.raises(UsageError, match="need each other: one, two"):
        packaged(tmp_path)
