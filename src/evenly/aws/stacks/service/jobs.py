"""The jobs: by the clock of EventBridge, one task each, held to the manifest's rules by a state machine. Pure.

Why not the scheduler alone: it starts a task and never looks at it again. One run at a time, a timeout and another try
are what the manifest promises, and Step Functions has all three.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

import json
import math
from typing import Any

from troposphere import Ref, Sub, scheduler, stepfunctions

from evenly.aws.schedules import expression
from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.logs import app_log
from evenly.aws.stacks.service.containers import Part, container, task_definition
from evenly.aws.stacks.service.workers import titled
from evenly.manifest.types import Job

CONTAINER = "job"
STARTING_S = 300  # until a task runs where a host has to be added first; a run's timeout begins before that
FIRST_PAUSE_S, LONGEST_PAUSE_S, BACKOFF = 5, 300, 2.0  # the local target's
DELIVERY_S, DELIVERIES = 300, 5  # a due time is made up for no later than the local target does


def add_jobs(stack: Stack) -> None:
    for name, job in stack.topology.jobs:
        _add(stack, name, job)


def _add(stack: Stack, name: str, job: Job) -> None:
    title = titled("Job", name)
    part = Part(
        name=CONTAINER,
        where=f"jobs.{name}.command",
        command=job.command,
        variables=job.variables,
        given={"EVENLY_ROLE": "job", "EVENLY_JOB": name},
    )
    app = container(stack, part, app_log(stack, f"{title}Log", f"jobs/{name}"))
    task_definition(stack, f"{title}Task", f"jobs/{name}", [app])
    machine = stack.add(
        stepfunctions.StateMachine(
            title,
            StateMachineName=stack.names.job(name),
            StateMachineType="STANDARD",
            RoleArn=Sub(stack.names.role_arn("jobs")),
            DefinitionString=Sub(json.dumps(definition(stack, job, f"{title}Task"), indent=1)),
            TracingConfiguration=stepfunctions.TracingConfiguration(
                Enabled=stack.topology.observability.tracing
            ),
        )
    )
    _schedule(stack, name, job, machine)


def _schedule(stack: Stack, name: str, job: Job, machine: stepfunctions.StateMachine) -> None:
    due = json.dumps({"due": "<aws.scheduler.scheduled-time>"})
    stack.add(
        scheduler.Schedule(
            f"{machine.title}Schedule",
            Name=stack.names.job(name),
            Description=f"{job.schedule} (UTC)",
            ScheduleExpression=expression(job.schedule, f"jobs.{name}.schedule"),
            ScheduleExpressionTimezone="UTC",
            FlexibleTimeWindow=scheduler.FlexibleTimeWindow(Mode="OFF"),
            KmsKeyArn=stack.key(),
            State="ENABLED",
            Target=scheduler.Target(
                Arn=Ref(machine),
                RoleArn=Sub(stack.names.role_arn("jobs-schedule")),
                Input=due,
                RetryPolicy=scheduler.RetryPolicy(
                    MaximumEventAgeInSeconds=DELIVERY_S, MaximumRetryAttempts=DELIVERIES
                ),
            ),
        )
    )


def definition(stack: Stack, job: Job, task: str) -> dict[str, Any]:
    """In Amazon's States Language. What comes due while a run is under way, its pauses included, is skipped."""
    return {
        "StartAt": "Look",
        "States": {
            "Look": {
                "Type": "Task",
                "Resource": "arn:${AWS::Partition}:states:::aws-sdk:sfn:listExecutions",
                "Parameters": {
                    "StateMachineArn.$": "$$.StateMachine.Id",
                    "StatusFilter": "RUNNING",
                    "MaxResults": 2,
                },
                "ResultSelector": {"others.$": "States.ArrayLength($.Executions)"},
                "ResultPath": "$.running",
                "Next": "IsFree",
            },
            "IsFree": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.running.others", "NumericGreaterThan": 1, "Next": "Skipped"},
                ],
                "Default": "Run",
            },
            "Skipped": {"Type": "Succeed", "Comment": "A run was under way."},
            "Run": _run(stack, job, task),
        },
    }


def _run(stack: Stack, job: Job, task: str) -> dict[str, Any]:
    state: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:${AWS::Partition}:states:::ecs:runTask.sync",
        "TimeoutSeconds": math.ceil(job.timeout) + STARTING_S,
        "Parameters": {
            "Cluster": "${Cluster}",
            "TaskDefinition": f"${{{task}}}",
            "PropagateTags": "TASK_DEFINITION",
            "EnableECSManagedTags": True,
            "NetworkConfiguration": {"AwsvpcConfiguration": _network(stack)},
            "Overrides": {"ContainerOverrides": [{"Name": CONTAINER, "Environment": _told()}]},
            **_placed(stack),
        },
        "End": True,
    }
    if job.retries:
        state["Retry"] = [
            {
                "ErrorEquals": ["States.TaskFailed", "States.Timeout"],
                "IntervalSeconds": FIRST_PAUSE_S,
                "BackoffRate": BACKOFF,
                "MaxDelaySeconds": LONGEST_PAUSE_S,
                "MaxAttempts": job.retries,
            }
        ]
    return state


def _network(stack: Stack) -> dict[str, Any]:
    """The subnets come as one text, which only a machine's own function takes apart."""
    stack.parameter("PrivateSubnets", "The subnets without a way in, one a zone")
    stack.parameter("AppGroup", "The security group of the app")
    return {
        "AssignPublicIp": "DISABLED",
        "SecurityGroups": ["${AppGroup}"],
        "Subnets.$": "States.StringSplit('${PrivateSubnets}', ',')",
    }


def _told() -> list[dict[str, str]]:
    return [
        {"Name": "EVENLY_DUE", "Value.$": "$.due"},
        {"Name": "EVENLY_ATTEMPT", "Value.$": "States.Format('{}', States.MathAdd($$.State.RetryCount, 1))"},
    ]


def _placed(stack: Stack) -> dict[str, Any]:
    if not stack.topology.on_hosts:
        return {"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Weight": 1}]}
    return {
        "CapacityProviderStrategy": [{"CapacityProvider": "${Capacity}", "Weight": 1}],
        "PlacementStrategy": [
            {"Type": "spread", "Field": "attribute:ecs.availability-zone"},
            {"Type": "spread", "Field": "instanceId"},
        ],
    }
