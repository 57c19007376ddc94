"""Tells CloudFormation how a step went, and the Auto Scaling group whether the host may serve. Python 3.9, boto3.

Where nobody waits, nothing is told: the stack was done long before a host that comes later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=20)
NOBODY_WAITS = "ValidationError"


class Signals:
    """Of one host. `settings`: those of the user data."""

    def __init__(
        self, settings: Mapping[str, Any], instance_id: str, client: Callable[..., Any] = boto3.client
    ) -> None:
        self._settings = settings
        self._instance_id = instance_id
        self._client = client

    def tell(self, resource: str, done: bool) -> None:
        """The resource of the stack that waits for this host."""
        self._ask(
            "cloudformation",
            "signal_resource",
            StackName=self._settings["stack"],
            LogicalResourceId=resource,
            UniqueId=self._instance_id,
            Status="SUCCESS" if done else "FAILURE",
        )

    def finish(self, done: bool) -> None:
        """The host is let in, or put away."""
        self._ask(
            "autoscaling",
            "complete_lifecycle_action",
            AutoScalingGroupName=self._settings["group"],
            LifecycleHookName=self._settings["hook"],
            InstanceId=self._instance_id,
            LifecycleActionResult="CONTINUE" if done else "ABANDON",
        )

    def _ask(self, service: str, action: str, **said: str) -> None:
        """What can't be told shows as a timeout of whoever waits; the host goes on."""
        try:
            getattr(self._client(service, region_name=self._settings["region"], config=PATIENT), action)(
                **said
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != NOBODY_WAITS:
                sys.stderr.write(f"{action}: {error}\n")
        except BotoCoreError as error:
            sys.stderr.write(f"{action}: {error}\n")
