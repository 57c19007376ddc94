"""The door: lets the migrations into the database while they run, and nobody at any other time. Pure.

    Expect -> Look -> Applied? -> CloseBefore -> Open -> Run -> Close -> Record

A failure anywhere leads to a Close. No resource of a template opens it, for what a rollback would do then is not ours
to say; docs/adr/0032-the-door.md has what was measured. A schedule closes it as well, where no run is active.
"""

from typing import Any

from troposphere import GetAtt, Ref, Split, Sub, awslambda, ecs, scheduler, stepfunctions

from evenly.aws.intask import LIMIT_S
from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.stacks.data.migration import overrides
from evenly.aws.stacks.functions import Function, add_function
from evenly.aws.stacks.logs import add_log_group, log_title

CLOSE_EVERY_MINUTES = 15
FUNCTION_S = 60
RUN_S = LIMIT_S + 600  # the task ends by itself; this is for the start of it, and for one that does not
WHOLE_S = RUN_S + 1800
EXIT_CODE = "$.run.Containers[0].ExitCode"
STOP_CODE = "$.run.StopCode"

State = dict[str, Any]


def add_door(stack: Stack, migration: ecs.TaskDefinition) -> stepfunctions.StateMachine:
    add_log_group(stack, "door")
    place = _place(stack)
    opens = _function(stack, "OpenDoor", "door-open", "door.opened", "Lets the migrations in", place)
    closes = _function(
        stack, "CloseDoor", "door-close", "door.closed", "Lets the migrations out, and nobody in", place
    )
    machine = stack.add(
        stepfunctions.StateMachine(
            "Door",
            StateMachineName=stack.names.door,
            StateMachineType="STANDARD",
            RoleArn=substituted(stack.names.role_arn("door")),
            Definition=definition(stack, opens, closes, migration),
            LoggingConfiguration=_logging(),
            TracingConfiguration=stepfunctions.TracingConfiguration(Enabled=True),
        )
    )
    _schedule(stack, closes)
    return machine


def definition(
    stack: Stack, opens: awslambda.Function, closes: awslambda.Function, migration: ecs.TaskDefinition
) -> State:
    """The state machine. Its input: `migrations`, their digest, and `again`, whether they run although they did."""
    record = stack.names.parameter("data", "Migrations")
    return {
        "Comment": "Runs the migrations of one release, with the database open for them alone, and closes it",
        "StartAt": "Expect",
        "TimeoutSeconds": WHOLE_S,
        "States": {
            "Expect": _expect(),
            "Look": _look(record),
            "Applied": _applied(),
            "CloseBefore": _close(closes, "Open") | _caught(),
            "Open": _open(opens),
            "Run": _run(stack, migration),
            "Ended": _ended(),
            "Close": _close(closes, "Record") | _caught("StaysOpen"),
            "Record": _record(record),
            "Done": {"Type": "Succeed"},
            "NotDone": {
                "Type": "Pass",
                "Result": {
                    "Error": "MigrationsFailed",
                    "Cause": "The task ended with a failure. Its log says which.",
                },
                "ResultPath": "$.failure",
                "Next": "CloseAfterFailure",
            },
            "CloseAfterFailure": _close(closes, "Failed") | _caught("StaysOpen"),
            "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
            "StaysOpen": {
                "Type": "Fail",
                "Error": "DoorStaysOpen",
                "Cause": f"It could not be closed. It is tried again every {CLOSE_EVERY_MINUTES} minutes.",
            },
        },
    }


def _caught(to: str = "CloseAfterFailure") -> State:
    return {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": to}]}


def _retried(seconds: int, attempts: int) -> State:
    return {
        "Retry": [
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": seconds,
                "MaxAttempts": attempts,
                "BackoffRate": 2,
            }
        ]
    }


def _expect() -> State:
    """What the record says where this was applied: to this database, for one that took its place may be empty."""
    made = Sub("States.Format('${Database.DbiResourceId} {}', $.migrations)")
    return {"Type": "Pass", "Parameters": {"record.$": made}, "ResultPath": "$.wanted", "Next": "Look"}


def _look(record: str) -> State:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:getParameters",
        "Parameters": {"Names": [record]},
        "ResultPath": "$.record",
        "Next": "Applied",
        **_retried(2, 2),
        **_caught(),
    }


def _applied() -> State:
    """A digest that was applied opens nothing."""
    found = "$.record.Parameters[0].Value"
    same = [
        {"Variable": "$.again", "BooleanEquals": False},
        {"Variable": found, "IsPresent": True},
        {"Variable": found, "StringEqualsPath": "$.wanted.record"},
    ]
    return {"Type": "Choice", "Choices": [{"And": same, "Next": "Done"}], "Default": "CloseBefore"}


def _open(function: awslambda.Function) -> State:
    return _invoked(function, "Run") | _retried(2, 2) | _caught()


def _close(function: awslambda.Function, following: str) -> State:
    return _invoked(function, following) | _retried(5, 5)


def _invoked(function: awslambda.Function, following: str) -> State:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {
            "FunctionName": GetAtt(function, "Arn"),
            "Payload": {"execution.$": "$$.Execution.Id"},
        },
        "TimeoutSeconds": FUNCTION_S,
        "ResultPath": "$.told",  # null would drop it, and CloudFormation takes no null
        "Next": following,
    }


def _run(stack: Stack, migration: ecs.TaskDefinition) -> State:
    """The task's family, not one revision: a release then changes the task alone, not the door."""
    network = {
        "AssignPublicIp": "DISABLED",
        "SecurityGroups": [stack.parameter("MigrationGroup", "The security group of the migration task")],
        "Subnets": Split(",", stack.parameter("PrivateSubnets", "The private subnets, comma-joined")),
    }
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {
            "Cluster": Ref("DoorCluster"),
            "TaskDefinition": migration.Family,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {"AwsvpcConfiguration": network},
            "Overrides": overrides(),
            "PropagateTags": "TASK_DEFINITION",
        },
        "TimeoutSeconds": RUN_S,
        "ResultPath": "$.run",
        "Next": "Ended",
        **_caught(),
    }


def _ended() -> State:
    """The Run fails by itself where its container does, or where somebody stops it. This is a second look at what
    matters most: what was not applied must not be recorded."""
    failed = (
        {"Not": {"Variable": EXIT_CODE, "NumericEquals": 0}},
        {"Not": {"Variable": STOP_CODE, "StringEquals": "EssentialContainerExited"}},
    )
    choices = [
        {"And": [{"Variable": it["Not"]["Variable"], "IsPresent": True}, it], "Next": "NotDone"}
        for it in failed
    ]
    return {"Type": "Choice", "Choices": choices, "Default": "Close"}


def _record(record: str) -> State:
    """After the Close: whatever fails here, the door is closed, and the next run finds nothing to do."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:putParameter",
        "Parameters": {"Name": record, "Type": "String", "Value.$": "$.wanted.record", "Overwrite": True},
        "ResultPath": "$.told",
        "Next": "Done",
        **_retried(2, 2),
        **_caught(),
    }


def _function(
    stack: Stack, title: str, purpose: str, handler: str, description: str, place: dict[str, Any]
) -> awslambda.Function:
    return add_function(
        stack,
        Function(
            title=title,
            description=description,
            purpose=purpose,
            asset="door",
            handler=handler,
            log="door",
            timeout=FUNCTION_S,
            environment=place,
        ),
    )


def _place(stack: Stack) -> dict[str, Any]:
    return {
        "DATABASE_GROUP": stack.parameter("DatabaseGroup", "The security group of the database"),
        "MIGRATION_GROUP": stack.parameter("MigrationGroup", "The security group of the migration task"),
        "CLUSTER": Ref("DoorCluster"),
    }


def _logging() -> stepfunctions.LoggingConfiguration:
    """All but the data: the input is a digest, and the errors are told by the functions themselves."""
    group = stepfunctions.CloudWatchLogsLogGroup(LogGroupArn=Sub(f"${{{log_title('door')}.Arn}}"))
    return stepfunctions.LoggingConfiguration(
        Level="ALL",
        IncludeExecutionData=False,
        Destinations=[stepfunctions.LogDestination(CloudWatchLogsLogGroup=group)],
    )


def _schedule(stack: Stack, closes: awslambda.Function) -> None:
    stack.add(
        scheduler.Schedule(
            "CloseRegularly",
            Description="Closes what a broken-off run left open; leaves alone what is active",
            ScheduleExpression=f"rate({CLOSE_EVERY_MINUTES} minutes)",
            FlexibleTimeWindow=scheduler.FlexibleTimeWindow(Mode="OFF"),
            KmsKeyArn=stack.key(),
            Target=scheduler.Target(
                Arn=GetAtt(closes, "Arn"),
                RoleArn=substituted(stack.names.role_arn("door-schedule")),
                Input="{}",
                RetryPolicy=scheduler.RetryPolicy(MaximumRetryAttempts=3, MaximumEventAgeInSeconds=600),
            ),
        )
    )
