"""The network over the zones: subnets in three tiers, the ways out, who may speak to whom, who did. Pure.

Its default security group, which lets all of its members speak to each other and has none of ours, is closed: a
template can't take a rule away that AWS made, so a function does (assets/network).
"""

from typing import ClassVar

from troposphere import AWSObject, GetAtt, Ref, Template, ec2

from evenly.aws.stacks.common import Stack, substituted
from evenly.aws.stacks.functions import Function, add_function
from evenly.aws.stacks.logs import add_log_group
from evenly.aws.stacks.network.addresses import Tier
from evenly.aws.stacks.network.endpoints import add_endpoints
from evenly.aws.stacks.network.groups import add_groups
from evenly.aws.stacks.network.subnets import add_subnets, named, subnet_ids
from evenly.aws.topology import AwsTopology

CONCERN = "network"
FLOW_INTERVAL_S = 60  # the shortest that there is
CLOSING_S = 60


class ClosedGroup(AWSObject):  # type: ignore[misc]  # troposphere has no types
    """A security group without a rule."""

    resource_type = "Custom::ClosedGroup"
    props: ClassVar = {"ServiceToken": (str, True), "ServiceTimeout": (int, False), "GroupId": (str, True)}


def template(topology: AwsTopology) -> Template:
    stack = Stack(topology, CONCERN, "the network over the zones, its ways out, and who may speak to whom")
    _network(stack)
    add_subnets(stack)
    stack.output("VpcId", Ref("Network"), "The network")
    for tier in Tier:
        stack.output(f"{tier}Subnets", subnet_ids(stack, tier), f"The {tier.lower()} subnets, comma-joined")
    add_groups(stack)
    add_endpoints(stack)
    _flow_logs(stack)
    _closed_default_group(stack)
    return stack.finished()


def _network(stack: Stack) -> None:
    stack.add(
        ec2.VPC(
            "Network",
            CidrBlock=stack.topology.network.cidr,
            EnableDnsHostnames=True,
            EnableDnsSupport=True,
            Tags=named(stack, "network"),
        )
    )


def _flow_logs(stack: Stack) -> None:
    group = add_log_group(stack, "flow")
    stack.add(
        ec2.FlowLog(
            "Flow",
            ResourceId=Ref("Network"),
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogDestination=GetAtt(group, "Arn"),
            DeliverLogsPermissionArn=substituted(stack.names.role_arn("flow-logs")),
            MaxAggregationInterval=FLOW_INTERVAL_S,
        )
    )


def _closed_default_group(stack: Stack) -> None:
    add_log_group(stack, "network")
    closer = add_function(
        stack,
        Function(
            title="CloseGroup",
            description="Takes every rule from the default security group of the network",
            purpose="default-group",
            asset="network",
            handler="network.closed_group",
            log="network",
            timeout=CLOSING_S,
            environment={},
        ),
    )
    stack.add(
        ClosedGroup(
            "ClosedDefaultGroup",
            ServiceToken=GetAtt(closer, "Arn"),
            ServiceTimeout=2 * CLOSING_S,
            GroupId=GetAtt("Network", "DefaultSecurityGroup"),
        )
    )
