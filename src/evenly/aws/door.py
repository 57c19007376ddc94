"""Asks the door to run migrations, and what came of it. Talks to Step Functions through a client that it is given.

A run is known by the digest of its migrations: who asks twice joins the run that is active. Whether a digest was
applied is the machine's own record (stacks/data/door.py), for it is there longer than the names of runs.
"""

import itertools
import json
from typing import Any

from msgspec import Struct

DIGITS = 32  # of the digest, in a run's name: 80 characters is all there are
ACTIVE = ("RUNNING", "PENDING_REDRIVE")
STAYS_OPEN = "DoorStaysOpen"


class Outcome(Struct, frozen=True):
    """How a run ended. `ran`: whether the door was opened at all. `error`, `cause`: as the machine tells them."""

    succeeded: bool
    ran: bool
    error: str | None
    cause: str | None

    @property
    def may_be_open(self) -> bool:
        """Whether it could not be closed; the schedule goes on trying."""
        return self.error == STAYS_OPEN


def start(states: Any, door: str, digest: str, *, again: bool = False) -> str:
    """The run for these migrations, by its ARN: the one that is active, or a new one. `door`: the machine's ARN.
    `again`: also where they were applied already, as after a restore. Raises what botocore raises."""
    said = json.dumps({"migrations": digest, "again": again})
    for number in itertools.count(1):
        name = f"{digest[:DIGITS]}-{number}"
        try:
            found = states.start_execution(stateMachineArn=door, name=name, input=said)
        except states.exceptions.ExecutionAlreadyExists:
            known = f"{door.replace(':stateMachine:', ':execution:')}:{name}"
            if outcome(states, known) is None:
                return known
        else:
            return str(found["executionArn"])
    raise AssertionError("unreachable")


def outcome(states: Any, run: str) -> Outcome | None:
    """`None` while it is active."""
    found = states.describe_execution(executionArn=run)
    if found["status"] in ACTIVE:
        return None
    succeeded = found["status"] == "SUCCEEDED"
    ran = "run" in json.loads(found.get("output") or "{}") if succeeded else True
    return Outcome(
        succeeded,
        ran,
        None if succeeded else found.get("error") or found["status"],
        None if succeeded else found.get("cause"),
    )
