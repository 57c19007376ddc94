"""What is counted in the logs: a metric for each kind of line that somebody has to know of. Pure.

A filter sees what is logged after it was made. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from collections.abc import Iterator

from msgspec import Struct
from troposphere import logs

from evenly.aws.stacks.alarms import Alarm, Metric
from evenly.aws.stacks.common import Stack

CLOSE_EVERY = 900  # s; the schedule by which the door is closed
STAYS_OPEN = "StaysOpen"  # the state that the door's machine fails in when it could not close


class Counted(Struct, frozen=True):
    """`log`: the purpose of the log group. `pattern`: of the lines that are counted."""

    title: str
    log: str
    pattern: str


APP = (
    Counted("ErrorsLogged", "app", '{ ($.level = "error") || ($.level = "critical") }'),
    Counted("ErrorsPrinted", "app", "?Traceback ?ERROR ?FATAL ?CRITICAL"),
)
DOOR = (
    Counted(
        "DoorStaysOpen",
        "door",
        f'{{ ($.type = "FailStateEntered") && ($.details.name = "{STAYS_OPEN}") }}',
    ),
    Counted("DoorFails", "door", '{ $.errorType = "*" }'),
)


def count(stack: Stack, *wanted: Counted) -> None:
    """A line that is none of them counts 0, so that there is a value whenever something was logged."""
    for it in wanted:
        stack.add(
            logs.MetricFilter(
                f"{it.title}Counted",
                FilterName=it.title,
                LogGroupName=stack.names.log_group(it.log),
                FilterPattern=it.pattern,
                MetricTransformations=[
                    logs.MetricTransformation(
                        MetricNamespace=stack.names.metrics,
                        MetricName=it.title,
                        MetricValue="1",
                        DefaultValue=0,
                        Unit="Count",
                    )
                ],
            )
        )


def counted(stack: Stack, it: Counted) -> Metric:
    return Metric(stack.names.metrics, it.title, (), "Sum")


def door_alarms(stack: Stack) -> Iterator[Alarm]:
    """Nobody but the migrations is let in by the door, and nobody once they have run."""
    stays, fails = DOOR
    environment, log = stack.topology.environment, stack.names.log_group("door")
    yield Alarm(
        title="DoorOpen",
        purpose="door-open",
        says="The migrations have ended, and the database's door could not be closed after them.",
        to_do=f"it is tried again every {CLOSE_EVERY // 60} minutes; look into the log {log} for why, and take the "
        "rule that lets the migration group in off the database's security group by hand.",
        metrics={"open": counted(stack, stays)},
        over=">=",
        threshold=1,
        periods=1,
        of=1,
        missing="notBreaching",
    )
    yield Alarm(
        title="DoorUnwatched",
        purpose="door-unwatched",
        says="The function that closes the database's door has failed three times in a row.",
        to_do=f"look into the log {log} for the error, then run `evenly deploy -e {environment}`; until it works again "
        "nothing closes a door that a broken-off run leaves open.",
        metrics={"failed": counted(stack, fails)},
        over=">=",
        threshold=1,
        periods=3,
        of=3,
        missing="notBreaching",
        period=CLOSE_EVERY,
    )
