"""How a run of the door is asked for, and what is made of its end."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from evenly.aws.door import outcome, start

DIGEST = "d" * 64
DOOR, RUNS = (f"arn:aws:states:eu-west-1:123456789012:{it}:shop-door" for it in ("stateMachine", "execution"))


class AlreadyExistsError(Exception):
    pass


class Machine:
    """Executions by name. A name is taken for good; who asks for the same while it runs is given it, as AWS does, or is
    refused, as an emulator does."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=AlreadyExistsError)

    def __init__(self, joins: bool = True) -> None:
        self.joins = joins
        self.runs: dict[str, dict[str, Any]] = {}

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, str]:  # noqa: N803
        assert len(name) <= 80
        known = self.runs.get(name)
        if known and not (self.joins and known["status"] == "RUNNING" and known["input"] == input):
            raise AlreadyExistsError
        self.runs.setdefault(name, {"status": "RUNNING", "input": input})
        return {"executionArn": f"{stateMachineArn.replace('stateMachine', 'execution')}:{name}"}

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        return self.runs[executionArn.rpartition(":")[2]]


@pytest.mark.parametrize("joins", [True, False])
@pytest.mark.parametrize("again", [True, False])
def test_who_asks_twice_joins_the_run_that_is_active(joins, again):
    machine = Machine(joins)
    first = start(machine, DOOR, DIGEST)
    assert first == start(machine, DOOR, DIGEST, again=again) == f"{RUNS}:{'d' * 32}-1"
    assert json.loads(machine.runs[f"{'d' * 32}-1"]["input"]) == {"migrations": DIGEST, "again": False}


@pytest.mark.parametrize("ended", ["FAILED", "SUCCEEDED", "ABORTED"])
def test_after_one_that_has_ended_there_is_a_new_one(ended):
    machine = Machine()
    first = start(machine, DOOR, DIGEST)
    machine.describe_execution(first)["status"] = ended
    assert start(machine, DOOR, DIGEST) == f"{RUNS}:{'d' * 32}-2"


@pytest.mark.parametrize(
    ("said", "succeeded", "ran", "error"),
    [
        ({"status": "SUCCEEDED", "output": '{"run": {}}'}, True, True, None),
        ({"status": "SUCCEEDED", "output": '{"migrations": "d"}'}, True, False, None),
        ({"status": "FAILED", "error": "MigrationsFailed", "cause": "why"}, False, True, "MigrationsFailed"),
        ({"status": "TIMED_OUT"}, False, True, "TIMED_OUT"),
        ({"status": "ABORTED"}, False, True, "ABORTED"),
    ],
)
def test_the_outcome_is_told(said, succeeded, ran, error):
    machine = Machine()
    run = start(machine, DOOR, DIGEST)
    assert outcome(machine, run) is None
    machine.runs[f"{'d' * 32}-1"] |= said
    found = outcome(machine, run)
    assert (found.succeeded, found.ran, found.error, found.cause) == (
        succeeded,
        ran,
        error,
        said.get("cause"),
    )
    assert not found.may_be_open


def test_a_door_that_could_not_be_closed_is_told_apart():
    machine = Machine()
    run = start(machine, DOOR, DIGEST)
    machine.runs[f"{'d' * 32}-1"] |= {"status": "FAILED", "error": "DoorStaysOpen"}
    assert outcome(machine, run).may_be_open
