"""The migrations of a release, through the door: asked for once for each digest, joined where they are under way, and
their end told. The door's machine is in stacks/data/door.py.
"""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from evenly.aws.cloud.session import Asked, telling
from evenly.aws.door import Outcome, outcome, start
from evenly.aws.naming import Names
from evenly.aws.operations.clock import Clock
from evenly.aws.operations.cloud import Cloud
from evenly.aws.operations.watching import Say
from evenly.aws.releasing.buildproject import LAST_LINES
from evenly.aws.stacks.data.door import CLOSE_EVERY_MINUTES
from evenly.errors import TargetError

QUIET_S = 60.0  # without news, it is said that it goes on
LATE_S = 60.0  # the clocks of AWS and of here may differ so much
WHO = "migrations"


class MigrationsFailedError(TargetError):
    """`may_be_open`: the door could not be closed."""

    def __init__(self, what: str, *, may_be_open: bool, try_: str) -> None:
        super().__init__(what, where=WHO, try_=try_)
        self.may_be_open = may_be_open


class Door(Struct, frozen=True):
    """`arn`: of the machine. `database`: as RDS names it."""

    cloud: Cloud
    names: Names
    arn: str
    database: str
    clock: Clock
    say: Say

    def migrate(self, digest: str) -> None:
        """Until they are applied. `digest`: of the migrations. Raises MigrationsFailedError: the release must not come
        then."""
        if self._is_applied(digest):
            self.say(WHO, "applied already")
            return
        states = self.cloud.session.client("stepfunctions", self.cloud.region)
        began = self.clock.now()
        with telling(states.where, states.profile):
            run = start(states.client, self.arn, digest)
        self.say(WHO, f"the door is asked: {run.rpartition(':')[2]}")
        ended = self._watched(states, run)
        if not ended.succeeded:
            raise self._failed(ended, run, began)
        self.say(WHO, "applied, and the door is closed" if ended.ran else "applied already")

    def _is_applied(self, digest: str) -> bool:
        """By the machine's own record, which names the database too: so that a deploy of what is there starts nothing,
        and runs do not pile up."""
        name = self.names.parameter("data", "Migrations")
        ssm = self.cloud.session.client("ssm", self.cloud.region)
        record = ssm.unless(("ParameterNotFound",), "get_parameter", Name=name)
        if record is None:
            return False
        rds = self.cloud.session.client("rds", self.cloud.region)
        there = rds.call("describe_db_instances", DBInstanceIdentifier=self.database)["DBInstances"]
        return any(record["Parameter"]["Value"] == f"{it['DbiResourceId']} {digest}" for it in there)

    def _watched(self, states: Asked, run: str) -> Outcome:
        told = self.clock.now()
        for _ in self.clock.rounds():
            with telling(states.where, states.profile):
                ended = outcome(states.client, run)
            if ended is not None:
                return ended
            if self.clock.now() - told >= QUIET_S:
                told = self.clock.now()
                self.say(WHO, "still under way")
        raise AssertionError("unreachable")

    def _failed(self, ended: Outcome, run: str, began: float) -> MigrationsFailedError:
        lines = [f"they failed ({ended.error}): {_cause(ended.cause)}"]
        last = self._last_lines(began)
        lines += ["  The last lines of their log:", *(f"    {it}" for it in last)] if last else []
        lines.append("  Nothing of the service was changed.")
        if ended.may_be_open:
            lines.append(
                f"  THE DOOR MAY STILL BE OPEN: it could not be closed, and is tried again every "
                f"{CLOSE_EVERY_MINUTES} minutes. Until then the migrations' security group reaches the database."
            )
        return MigrationsFailedError(
            "\n".join(lines),
            may_be_open=ended.may_be_open,
            try_=f"Mend them and deploy again. The run: {run}",
        )

    def _last_lines(self, began: float) -> list[str]:
        """Of the tasks since then, in the order of time."""
        logs = self.cloud.session.client("logs", self.cloud.region)
        found: list[Mapping[str, Any]] = []
        token = None
        while True:
            page = logs.unless(
                ("ResourceNotFoundException",),
                "filter_log_events",
                logGroupName=self.names.log_group("migration"),
                startTime=round((began - LATE_S) * 1000),
                nextToken=token,
            )
            found = [*found, *(page or {}).get("events", ())][-LAST_LINES:]
            token = (page or {}).get("nextToken")
            if token is None:
                return [_line(it["message"]) for it in sorted(found, key=lambda it: it["timestamp"])]


def _cause(cause: str | None) -> str:
    """The cause of a task that failed is a description of the task, as JSON: what counts is why it stopped."""
    if not cause:
        return "no cause is told."
    try:
        told = json.loads(cause)
        return str(told.get("StoppedReason") or told.get("errorMessage") or cause)
    except (ValueError, AttributeError):
        return cause


def _line(message: str) -> str:
    """What the migration task says is a JSON object a line."""
    try:
        told = json.loads(message)
        return " ".join(str(told[it]) for it in ("event", "where", "what", "try", "applied") if told.get(it))
    except (ValueError, TypeError, AttributeError):
        return message.rstrip()
