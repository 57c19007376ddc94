"""What tells of the environment when nobody looks, and what shows it to who does: counted logs, alarms, the topic that
tells of them, and one dashboard. Pure.

What is global has its alarms in us-east-1, with the edge: `edgealarms`. The dashboard shows both.
"""

from collections.abc import Iterator
from typing import Any

from troposphere import Ref, Sub, Template, cloudwatch

from evenly.aws.stacks.alarms import Alarm, add_alarm
from evenly.aws.stacks.certificates import certificate_alarm
from evenly.aws.stacks.common import Stack, Statement
from evenly.aws.stacks.notices import add_topic, published_by_databases
from evenly.aws.stacks.observability.dashboard import body
from evenly.aws.stacks.observability.databasealarms import database_alarms, tell_of_events
from evenly.aws.stacks.observability.logmetrics import APP, DOOR, count, door_alarms
from evenly.aws.stacks.observability.servicealarms import service_alarms
from evenly.aws.topology import AwsTopology, Reach

CONCERN = "observability"


def template(topology: AwsTopology) -> Template:
    stack = Stack(topology, CONCERN, "counted logs, alarms and the dashboard")
    topic = _topic(stack)
    _count(stack)
    rings = tuple(alarms(stack))
    for alarm in rings:
        add_alarm(stack, alarm, topic)
    if topology.own_database is not None:
        tell_of_events(stack, topic)
    dashboard = _dashboard(stack, rings)
    stack.output("AlarmTopicArn", topic, "The topic that tells of alarms")
    stack.output("DashboardUrl", _url(dashboard), "The dashboard")
    return stack.finished()


def alarms(stack: Stack) -> Iterator[Alarm]:
    """All that ring in the environment's region."""
    yield from service_alarms(stack)
    if stack.topology.own_database is not None:
        yield from database_alarms(stack)
        yield from door_alarms(stack)
    if (certificate := _certificate(stack)) is not None:
        yield certificate


def _topic(stack: Stack) -> Ref:
    key = stack.key()
    more: tuple[Statement, ...] = () if stack.topology.own_database is None else (published_by_databases(),)
    return add_topic(stack, "alarms", key, *more)


def _count(stack: Stack) -> None:
    count(stack, *APP)
    if stack.topology.own_database is not None:
        count(stack, *DOOR)


def _certificate(stack: Stack) -> Alarm | None:
    """Of the balancer's: ACM's own where there is a name, else the one that Evenly has made."""
    topology = stack.topology
    if topology.reach is Reach.DEFAULT_DOMAIN:
        return None
    if topology.alias is not None:
        arn = stack.parameter("BalancerCertificateArn", "The certificate that the balancer shows")
        return certificate_alarm("balancer-certificate", arn, "the balancer shows", issued=True)
    arn = stack.parameter("CertificateArn", "The certificate that Evenly has made and imported")
    return certificate_alarm("balancer-certificate", arn, "the balancer shows", issued=False)


def _dashboard(stack: Stack, rings: tuple[Alarm, ...]) -> cloudwatch.Dashboard:
    return stack.add(
        cloudwatch.Dashboard(
            "Dashboard", DashboardName=stack.names.prefix, DashboardBody=Sub(body(stack, rings))
        )
    )


def _url(dashboard: cloudwatch.Dashboard) -> Any:
    place = "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home"
    return Sub(f"{place}?region=${{AWS::Region}}#dashboards/dashboard/${{{dashboard.title}}}")
