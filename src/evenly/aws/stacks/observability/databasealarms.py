"""The alarms of the database, and what RDS tells of it by itself. Pure.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
"""

from collections.abc import Iterator
from typing import Any

from troposphere import rds

from evenly.aws.stacks.alarms import Alarm, Metric
from evenly.aws.stacks.common import Stack
from evenly.aws.topology import AwsTopology

GIBIBYTE = 1024**3
FREE_LEAST = (
    2 * GIBIBYTE
)  # bytes; RDS makes storage larger by itself from a tenth of it on, which is as much of the least
CPU_MOST = 80  # percent
BUSY_MINUTES = 15
CONNECTIONS_EACH = 10  # of an instance, as the reference service's pool
CONNECTIONS_BESIDE = 50  # for rollouts, migrations and ourselves
CONNECTIONS_MOST = 0.8  # of those that RDS lets in
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html
TOLD = ("availability", "failover", "failure", "low storage")
SOURCE = "db-instance"


def database_alarms(stack: Stack) -> Iterator[Alarm]:
    yield _storage(stack)
    yield _cpu(stack)
    yield _connections(stack, connections(stack.topology))


def connections(topology: AwsTopology) -> int:
    """How many the database lets in at least: its class is chosen so that all pools at once fit."""
    workers = sum(worker.count for _, worker in topology.workers)
    return (topology.count.maximum + workers) * CONNECTIONS_EACH + CONNECTIONS_BESIDE


def tell_of_events(stack: Stack, topic: Any) -> rds.EventSubscription:
    """A failover, a restart, a failure: RDS says so at once, and a metric would not show all of them."""
    return stack.add(
        rds.EventSubscription(
            "DatabaseEvents",
            SubscriptionName=f"{stack.names.prefix}-database",
            SnsTopicArn=topic,
            SourceType=SOURCE,
            SourceIds=[_identifier(stack)],
            EventCategories=list(TOLD),
            Enabled=True,
        )
    )


def database_metric(stack: Stack, name: str, statistic: str) -> Metric:
    return Metric("AWS/RDS", name, (("DBInstanceIdentifier", _identifier(stack)),), statistic)


def _storage(stack: Stack) -> Alarm:
    return Alarm(
        title="DatabaseStorage",
        purpose="database-storage",
        says=f"The database has less than {FREE_LEAST // GIBIBYTE} GiB left to write to.",
        to_do="RDS adds storage by itself, up to its most and once in six hours: see in RDS whether it is at it, find "
        "what grows, and raise the most by an override of the data stack.",
        metrics={"free": database_metric(stack, "FreeStorageSpace", "Minimum")},
        over="<",
        threshold=FREE_LEAST,
        periods=3,
        of=3,
        missing="notBreaching",
    )


def _cpu(stack: Stack) -> Alarm:
    return Alarm(
        title="DatabaseCpu",
        purpose="database-cpu",
        says=f"For {BUSY_MINUTES} minutes the database's processors have been busy to more than {CPU_MOST} %.",
        to_do="find the statements that take the time in RDS's Database Insights; add the index, or take a larger "
        "class.",
        metrics={"busy": database_metric(stack, "CPUUtilization", "Average")},
        over=">",
        threshold=CPU_MOST,
        periods=BUSY_MINUTES,
        of=BUSY_MINUTES,
        missing="notBreaching",
    )


def _connections(stack: Stack, most: int) -> Alarm:
    return Alarm(
        title="DatabaseConnections",
        purpose="database-connections",
        says=f"More than {CONNECTIONS_MOST:.0%} of the {most} connections that the database lets in are taken.",
        to_do="see who holds them (`select usename, state, count(*) from pg_stat_activity group by 1, 2`); make the "
        "pools of the instances smaller, or take a larger class.",
        metrics={"taken": database_metric(stack, "DatabaseConnections", "Maximum")},
        over=">",
        threshold=int(most * CONNECTIONS_MOST),
        periods=3,
        of=5,
        missing="notBreaching",
    )


def _identifier(stack: Stack) -> Any:
    return stack.parameter("DatabaseIdentifier", "The database as RDS names it")
