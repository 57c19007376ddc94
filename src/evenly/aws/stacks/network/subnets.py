"""The network's subnets and the ways out of them. Pure.

Three tiers in each zone. Nothing that runs has an address of the internet: what it asks for leaves by a NAT gateway
(one, or one in each zone, so that the loss of a zone takes no other zone's way out), or reaches AWS's services alone.
"""

from collections.abc import Callable
from typing import assert_never

from troposphere import GetAtt, GetAZs, Join, Ref, Select, Tags, ec2

from evenly.aws.stacks.common import Stack
from evenly.aws.stacks.network.addresses import Tier, letter, subnet

ANYWHERE = "0.0.0.0/0"


def add_subnets(stack: Stack) -> None:
    """All subnets with their routes, in the network `Network`."""
    _gateway(stack)
    for tier in Tier:
        for zone in range(stack.topology.zones):
            _subnet(stack, tier, zone)
    _public_routes(stack)
    _private_routes(stack)
    _isolated_routes(stack)


def subnet_ids(stack: Stack, tier: Tier) -> Join:
    """The ids of the tier's subnets, comma-joined."""
    return Join(",", [Ref(f"{tier}{letter(zone)}") for zone in range(stack.topology.zones)])


def private_subnets(stack: Stack) -> list[Ref]:
    return [Ref(f"{Tier.PRIVATE}{letter(zone)}") for zone in range(stack.topology.zones)]


def private_tables(stack: Stack) -> list[Ref]:
    """The route tables of the private subnets."""
    return [Ref(f"PrivateRoutes{letter(zone)}") for zone in range(stack.topology.zones)]


def named(stack: Stack, what: str) -> Tags:
    """The tag that consoles show a network's parts by."""
    return Tags(Name=f"{stack.names.prefix}-{what}")


def _gateway(stack: Stack) -> None:
    stack.add(ec2.InternetGateway("Gateway", Tags=named(stack, "gateway")))
    stack.add(
        ec2.VPCGatewayAttachment("GatewayAttachment", VpcId=Ref("Network"), InternetGatewayId=Ref("Gateway"))
    )


def _subnet(stack: Stack, tier: Tier, zone: int) -> None:
    stack.add(
        ec2.Subnet(
            f"{tier}{letter(zone)}",
            VpcId=Ref("Network"),
            AvailabilityZone=Select(zone, GetAZs("")),
            CidrBlock=subnet(stack.topology.network.cidr, tier, zone),
            MapPublicIpOnLaunch=False,
            Tags=named(stack, f"{tier.lower()}-{letter(zone).lower()}"),
        )
    )


def _public_routes(stack: Stack) -> None:
    _table(stack, "PublicRoutes", "public")
    stack.add(
        ec2.Route(
            "PublicRoute",
            RouteTableId=Ref("PublicRoutes"),
            DestinationCidrBlock=ANYWHERE,
            GatewayId=Ref("Gateway"),
            DependsOn="GatewayAttachment",
        )
    )
    for zone in range(stack.topology.zones):
        _associate(stack, Tier.PUBLIC, zone, "PublicRoutes")


def _private_routes(stack: Stack) -> None:
    """A table a zone, whatever the egress is: so a change of it changes routes, and replaces no table."""
    for zone in range(stack.topology.zones):
        table = f"PrivateRoutes{letter(zone)}"
        _table(stack, table, f"private-{letter(zone).lower()}")
        _associate(stack, Tier.PRIVATE, zone, table)
    match stack.topology.network.egress:
        case "nat":
            _nat(stack, 0)
            _ways_out(stack, lambda _: 0)
        case "nat-per-zone":
            for zone in range(stack.topology.zones):
                _nat(stack, zone)
            _ways_out(stack, lambda zone: zone)
        case "endpoints":
            pass
        case other:
            assert_never(other)


def _isolated_routes(stack: Stack) -> None:
    """A table without a route: without one of its own, a subnet has the network's main one."""
    _table(stack, "IsolatedRoutes", "isolated")
    for zone in range(stack.topology.zones):
        _associate(stack, Tier.ISOLATED, zone, "IsolatedRoutes")


def _nat(stack: Stack, zone: int) -> None:
    here = letter(zone)
    name = f"nat-{here.lower()}"
    stack.add(
        ec2.EIP(f"NatAddress{here}", Domain="vpc", Tags=named(stack, name), DependsOn="GatewayAttachment")
    )
    stack.add(
        ec2.NatGateway(
            f"Nat{here}",
            AllocationId=GetAtt(f"NatAddress{here}", "AllocationId"),
            SubnetId=Ref(f"{Tier.PUBLIC}{here}"),
            Tags=named(stack, name),
        )
    )


def _ways_out(stack: Stack, nat_of: Callable[[int], int]) -> None:
    for zone in range(stack.topology.zones):
        stack.add(
            ec2.Route(
                f"PrivateRoute{letter(zone)}",
                RouteTableId=Ref(f"PrivateRoutes{letter(zone)}"),
                DestinationCidrBlock=ANYWHERE,
                NatGatewayId=Ref(f"Nat{letter(nat_of(zone))}"),
            )
        )


def _table(stack: Stack, table: str, name: str) -> None:
    stack.add(ec2.RouteTable(table, VpcId=Ref("Network"), Tags=named(stack, name)))


def _associate(stack: Stack, tier: Tier, zone: int, table: str) -> None:
    stack.add(
        ec2.SubnetRouteTableAssociation(
            f"{tier}{letter(zone)}Association", SubnetId=Ref(f"{tier}{letter(zone)}"), RouteTableId=Ref(table)
        )
    )
